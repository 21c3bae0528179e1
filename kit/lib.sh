# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# What every command of the kit shares: where things are, which base kernels there
# are, how to say something, how to stop. Sourced, never run.

set -euo pipefail
# Variables of "make kernel CONFIG=..." are for the kit, not for the kernel's
# own Makefiles that it calls.
unset MAKEFLAGS MFLAGS MAKEOVERRIDES MAKELEVEL

KIT=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd -P)
TOP=$(dirname -- "$KIT")
CACHE=${XDG_CACHE_HOME:-$HOME/.cache}/damon-kit
JOBS=${JOBS:-$(nproc)}
# A line for each Linux version that can be the base, the main one first.
KNOWN=$KIT/bases/known
mapfile -t SERIES < <(awk '!/^#/ && NF { print $1 }' "$KNOWN")

say()
{
	printf '%s: %s\n' "${0##*/}" "$*" >&2
}

die()
{
	say "$*"
	exit 1
}

# BASE_VERSION chooses the base. All that is built on another one than the main one has
# a place of its own.
BUILD=$TOP/build
if [[ -n ${BASE_VERSION-} ]]; then
	[[ " ${SERIES[*]} " == *" $BASE_VERSION "* ]] ||
		die "BASE_VERSION=$BASE_VERSION is not supported, only ${SERIES[*]} (see kit/bases/known)"
	[[ $BASE_VERSION == "${SERIES[0]}" ]] || BUILD=$TOP/build/base-$BASE_VERSION
fi
# shellcheck disable=SC2034  # used by those who source this file
readonly KIT TOP BUILD CACHE JOBS KNOWN SERIES

# linux_version TREE: as its Makefile says, 7.2.13 or the like.
linux_version()
{
	awk -F' *= *' '/^(VERSION|PATCHLEVEL|SUBLEVEL) *=/ { v = v (v == "" ? "" : ".") $2 }
		/^EXTRAVERSION *=/ { print v $2; exit }' "$1/Makefile"
}

# linux_series TREE: the version without what comes after the first two numbers.
linux_series()
{
	linux_version "$1" | grep -oE '^[0-9]+\.[0-9]+' || :
}

# base_id TREE: what was made from one base is of no use for another one. A tree that was
# made from a base says from which.
base_id()
{
	cat -- "$1/.kit-base" 2>/dev/null || printf '%s %s\n' "$1" "$(linux_version "$1")"
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
	base-* | tree | run | bench | series | logs | check | workloads | heatmap | mutants | deb)
		die "FLAVOUR=$1: build/$1 is taken, choose another name" ;;
	esac
}
