# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# What the steps of kit/check read in the console log of a guest full of checkers:
# sourced after tally.sh.

# count_kselftests NAME CONSOLE TAP: the results of user land, which go to TAP.
count_kselftests()
{
	local name=$1 before

	# shellcheck disable=SC2154	# of tally.sh
	before=$((passed + failed + skipped))
	sed -n '/^kit: user land/,$p' "$2" >"$3"
	count_tap "$name" "$3"
	((passed + failed + skipped > before)) || fail "$name: no kselftest ran"
}

# judge_console NAME CONSOLE: whether the checkers are content.
judge_console()
{
	local name=$1 console=$2 complaints

	if complaints=$("$KIT/log-clean" "$console"); then
		pass "$name: kernel log is clean"
	else
		fail "$name: kernel log: $(head -n 1 <<<"$complaints")"
		printf '%s\n' "$complaints"
	fi
	if grep -aqE '^ *debug_locks: *1' "$console"; then
		pass "$name: lockdep was on to the end"
	else
		fail "$name: lockdep gave up"
	fi
	if grep -aq '^unreferenced object' "$console"; then
		fail "$name: kmemleak: $(grep -ac '^unreferenced object' "$console") leaks"
		grep -a -A 20 '^unreferenced object' "$console" | head -n 60
	else
		pass "$name: kmemleak found nothing"
	fi
}
