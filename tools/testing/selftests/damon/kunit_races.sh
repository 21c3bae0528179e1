#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Runs the KUnit suite "damon-races" for CYCLES cycles per case, at most
# RACE_SECONDS seconds each.

suite=/sys/kernel/debug/kunit/damon-races
parameters=/sys/module/damon/parameters

if [[ ! -w $suite/run ]]; then
	echo "1..0 # SKIP no $suite (CONFIG_DAMON_KUNIT_TEST, CONFIG_KUNIT_DEBUGFS)"
	exit 4
fi
limit=${RACE_SECONDS:-60}
echo "${CYCLES:-2000}" >"$parameters/race_cycles"
echo "$limit" >"$parameters/race_seconds"
echo $((limit + 100)) >/sys/module/kunit/parameters/timeout
# The suite watches its tasks itself; that one is waited for is no complaint.
before=$(</proc/sys/kernel/hung_task_timeout_secs)
echo 0 >/proc/sys/kernel/hung_task_timeout_secs
echo run >"$suite/run"
echo "$before" >/proc/sys/kernel/hung_task_timeout_secs
cat "$suite/results"
! grep -q '^ *not ok' "$suite/results" && grep -q '^ok' "$suite/results"
