#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# The files in sysfs against those that Documentation/ABI describes.
#
# Makes one of each numbered directory, and looks for each file in the document
# and for each path of the document in sysfs.  Numbers of directories do not
# count.  The document is next to this script where tests are installed, and in
# its usual place where they are not; ABI_FILE names another one.

ksft_skip=4

root=/sys/kernel/mm/damon
kdamonds=$root/admin/kdamonds
here=$(dirname "$0")
failed=0

skip()
{
	echo "SKIP: $*"
	exit $ksft_skip
}

die()
{
	echo "FAIL: $*"
	exit 1
}

find_document()
{
	for document in "$ABI_FILE" "$here/sysfs-kernel-mm-damon" \
		"$here/../../../../Documentation/ABI/testing/sysfs-kernel-mm-damon"; do
		[ -f "$document" ] && return
	done
	die "no ABI document: set ABI_FILE"
}

write()
{
	echo "$2" > "$1" || die "cannot write '$2' to $1"
}

# Lists where numbered directories are yet to be made.
empty_sets()
{
	find "$kdamonds" -type f -name 'nr_*' -perm 0600 | while read -r file; do
		[ "$(cat "$file")" -ne 0 ] || echo "$file"
	done
}

# New directories bring new sets with them.
fill_sets()
{
	while sets=$(empty_sets) && [ -n "$sets" ]; do
		for file in $sets; do
			write "$file" 1
		done
	done
}

# These directories come from a scheme that was applied to something.
make_tried_regions()
{
	context=$kdamonds/0/contexts/0
	scheme=$context/schemes/0
	[ -d "$scheme/tried_regions" ] || return

	write "$context/targets/nr_targets" 1
	write "$context/targets/0/pid_target" $$
	for range in sz nr_accesses age; do
		write "$scheme/access_pattern/$range/max" 4294967295
	done
	write "$context/monitoring_attrs/probes/nr_probes" 1
	write "$kdamonds/0/state" on
	write "$kdamonds/0/state" update_schemes_tried_regions
	write "$kdamonds/0/state" off
	[ -d "$scheme/tried_regions/0" ] || die "no region was tried"
	[ -d "$scheme/tried_regions/0/probes/0" ] || die "no probe has results"
}

make_tree()
{
	write "$kdamonds/nr_kdamonds" 1
	write "$kdamonds/0/contexts/nr_contexts" 1
	write "$kdamonds/0/contexts/0/schemes/nr_schemes" 1
	make_tried_regions
	fill_sets
}

# shellcheck disable=SC2317	# the trap calls it
clean_up()
{
	echo off > "$kdamonds/0/state"
	echo 0 > "$kdamonds/nr_kdamonds"
	rm -rf "$work"
} 2>/dev/null

files_in_sysfs()
{
	find "$root" -type f | sed 's#/[0-9][0-9]*/#/N/#g' | sort -u
}

files_in_document()
{
	sed -n 's/^What:[[:space:]]*//p' "$document" | sed 's/<[A-Za-z]*>/N/g' | sort
}

# complain FILE TEXT: fails with every line of the file.
complain()
{
	while read -r path; do
		echo "FAIL: $path $2"
		failed=1
	done < "$1"
}

[ "$(id -u)" -eq 0 ] || skip "needs root"
[ -d $root ] || skip "no $root"
[ "$(cat $kdamonds/nr_kdamonds)" -eq 0 ] || skip "somebody uses $root"
find_document

work=$(mktemp -d) || die "no temporary directory"
trap clean_up EXIT
make_tree
files_in_sysfs > "$work/sysfs"
files_in_document > "$work/document"
sort -u "$work/document" > "$work/paths"

uniq -d "$work/document" > "$work/twice"
grep -vxFf "$work/paths" "$work/sysfs" > "$work/undocumented"
grep -vxFf "$work/sysfs" "$work/paths" > "$work/absent"
complain "$work/twice" "is described twice"
complain "$work/undocumented" "is not described"
complain "$work/absent" "does not exist"

[ $failed -ne 0 ] || echo "PASS: $(wc -l < "$work/sysfs") files are as described"
exit $failed
