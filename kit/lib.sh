# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# What every command of the kit shares: where things are, how to say something,
# how to stop. Sourced, never run. It knows nothing of kernels or packages.

set -euo pipefail
# Variables of "make kernel CONFIG=..." are for the kit, not for the kernel's
# own Makefiles that it calls.
unset MAKEFLAGS MFLAGS MAKEOVERRIDES MAKELEVEL

KIT=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd -P)
TOP=$(dirname -- "$KIT")
BUILD=$TOP/build
CACHE=${XDG_CACHE_HOME:-$HOME/.cache}/damon-kit
JOBS=${JOBS:-$(nproc)}
# shellcheck disable=SC2034  # used by those who source this file
readonly KIT TOP BUILD CACHE JOBS

say()
{
	printf '%s: %s\n' "${0##*/}" "$*" >&2
}

die()
{
	say "$*"
	exit 1
}

# need_space DIR MIB: stop early instead of half-way through.
need_space()
{
	local free

	mkdir -p -- "$1" || die "cannot create $1: choose another place or fix its permissions"
	free=${KIT_FREE_MIB:-$(df -Pm -- "$1" | awk 'NR == 2 { print $4 }')}
	((free >= $2)) ||
		die "not enough space: $1 has $free MiB free, $2 are needed; free some or set XDG_CACHE_HOME"
}

# with_lock NAME COMMAND...: one at a time per working tree.
with_lock()
{
	local lock=$BUILD/.lock-$1
	shift
	mkdir -p -- "$BUILD"
	(
		flock 9
		"$@"
	) 9>"$lock"
}

# flavour_ok NAME: it becomes a directory name below build/.
flavour_ok()
{
	[[ $1 =~ ^[A-Za-z0-9][A-Za-z0-9._-]*$ ]] ||
		die "FLAVOUR=$1: letters, digits, dot, dash and underscore only"
	case $1 in
	tree | run | bench | series | logs | check | workloads | heatmap | mutants)
		die "FLAVOUR=$1: build/$1 is taken, choose another name" ;;
	esac
}
