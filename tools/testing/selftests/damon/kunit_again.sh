#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Runs each KUnit suite of DAMON ROUNDS times, without the races: tests in which chance
# has a part must not fail by chance.

if [[ ! -w /sys/kernel/debug/kunit/damon/run ]]; then
	echo "1..0 # SKIP no suites (CONFIG_DAMON_KUNIT_TEST, CONFIG_KUNIT_DEBUGFS)"
	exit 4
fi
failed=0
for ((round = 1; round <= ${ROUNDS:-5}; round++)); do
	for suite in /sys/kernel/debug/kunit/damon*; do
		[[ $suite != */damon-races ]] || continue
		echo run >"$suite/run"
		grep '^ok' "$suite/results" >/dev/null && continue
		failed=1
		echo "round $round, ${suite##*/}:"
		grep -B 6 '^ *not ok' "$suite/results"
	done
done
exit "$failed"
