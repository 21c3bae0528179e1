# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# The little that the kit's own tests share: run, compare, count. The last line
# of a test is "N passed, N failed, N skipped".

set -uo pipefail

kit=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd -P)
work=$(mktemp -d)
trap 'rm -rf -- "$work"' EXIT
# The tests say themselves which base they mean.
unset BASE BASE_VERSION
passed=0
failed=0
# shellcheck disable=SC2034  # used by the tests
readonly kit work

verdict()
{
	if [[ $1 == 0 ]]; then
		passed=$((passed + 1))
		printf 'ok   %s\n' "$2"
	else
		failed=$((failed + 1))
		printf 'FAIL %s\n%s\n' "$2" "${3-}"
	fi
}

# expect NAME STATUS PATTERN COMMAND...: status and output are as they should be.
expect()
{
	local name=$1 want=$2 pattern=$3 out status=0
	shift 3

	out=$("$@" 2>&1 </dev/null) || status=$?
	if [[ $status == "$want" ]] && grep -qE -- "$pattern" <<<"$out"; then
		verdict 0 "$name"
	else
		verdict 1 "$name" "status $status instead of $want, or no '$pattern' in: $out"
	fi
}

# check NAME COMMAND...: the command succeeds.
check()
{
	local name=$1
	shift

	if "$@"; then
		verdict 0 "$name"
	else
		verdict 1 "$name" "failed: $*"
	fi
}

finish()
{
	printf '%d passed, %d failed, 0 skipped\n' $passed $failed
	exit $((failed > 0))
}
