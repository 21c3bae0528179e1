# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# How the steps of kit/check count: sourced after lib.sh. One call per test, and
# "tally" as the last one.

passed=0
failed=0
skipped=0

pass()
{
	passed=$((passed + 1))
	printf 'pass %s\n' "$*"
}

fail()
{
	failed=$((failed + 1))
	printf 'FAIL %s\n' "$*"
}

skip()
{
	skipped=$((skipped + 1))
	printf 'skip %s\n' "$*"
}

# details FILE [LINES]: what a reader of the step's log wants to see as well.
details()
{
	head -n "${2:-40}" -- "$1" | sed 's/^/    /'
}

# count_tap PREFIX FILE: the top-level results of a TAP log; of a failure also what
# went wrong first within the test.
count_tap()
{
	local prefix=$1 line name why=

	while IFS= read -r line; do
		name=${line#*ok }
		name=${name#[0-9]* }
		case $line in
		"# "*)
			why=${why:-${line##*# }}
			continue
			;;
		"ok "*"# SKIP"*) skip "$prefix: $name" ;;
		"ok "*) pass "$prefix: $name" ;;
		*) fail "$prefix: $name${why:+ ($why)}" ;;
		esac
		why=
	done < <(tr -d '\r' <"$2" | grep -aE '^((not )?ok [0-9]+|# (# line [0-9]+: |not ok ))' || :)
}

tally()
{
	printf '%d passed, %d failed, %d skipped\n' $passed $failed $skipped
	exit $((failed > 0))
}
