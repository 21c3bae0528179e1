# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# How guests that measure set up a kdamond, from the settings of their case. Sourced
# in the guest, never run.
#
# shellcheck disable=SC2154	# the settings come from kit/bench or kit/oracle

admin=/sys/kernel/mm/damon/admin/kdamonds
readonly admin

# set_up_context NUMBER: the only one of that kdamond, without targets yet.
set_up_context()
{
	local context=$admin/$1/contexts/0

	echo 1 >"$admin/$1/contexts/nr_contexts"
	echo "$ops" >"$context/operations"
	echo "$sample" >"$context/monitoring_attrs/intervals/sample_us"
	echo "$aggr" >"$context/monitoring_attrs/intervals/aggr_us"
	echo "$update" >"$context/monitoring_attrs/intervals/update_us"
	# The lower limit must never be above the upper one.
	echo "$max" >"$context/monitoring_attrs/nr_regions/max"
	echo "$min" >"$context/monitoring_attrs/nr_regions/min"
}

# set_up_target DIR PID: of that process, or all memory that the machine has.
set_up_target()
{
	local line i=0 pieces=()

	if [[ $ops != paddr ]]; then
		echo "$2" >"$1/pid_target"
		return
	fi
	while read -r line; do
		[[ $line =~ ^([0-9a-f]+)-([0-9a-f]+)\ :\ System\ RAM ]] || continue
		pieces+=("$((16#${BASH_REMATCH[1]})) $((16#${BASH_REMATCH[2]} + 1))")
	done </proc/iomem
	echo ${#pieces[@]} >"$1/regions/nr_regions"
	for line in "${pieces[@]}"; do
		echo "${line% *}" >"$1/regions/$i/start"
		echo "${line#* }" >"$1/regions/$i/end"
		i=$((i + 1))
	done
}
