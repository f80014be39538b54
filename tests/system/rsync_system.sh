#!/bin/sh
# A source that is on another file system than the last time is held before
# anything is done, until somebody approves it.
#
# As root, in a room of its own, where disks can be mounted.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib/room.sh"
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib/lib.sh"
. "$top_srcdir/tests/lib/rsync.sh"
need python3 mke2fs

cd "$tmp" || exit 2
[ -n "${OWN_ROOM:-}" ] || skip_all "only root can mount disks"
mkdir src
for disk in one two; do
	truncate -s 8M "$disk.img"
	mke2fs -q -t ext4 "$disk.img" || skip_all "no ext4 can be made here"
	mount -o loop "$disk.img" src || skip_all "no disk can be mounted here"
	for i in $(seq 20); do
		echo "$i" >"src/$i"
	done
	echo "$disk" >src/which
	umount src
done
at_exit 'umount "$tmp/src" 2>/dev/null'
# on DISK: it is what is mounted there.
on() {
	umount src 2>/dev/null
	mount -o loop "$1.img" src
}
run() {
	rsync_with "$1" "$from$tmp/src" "$tmp/dst" $2
}
for from in "" popen:; do
	rm -rf dst state
	on one
	run "" ""
	check_equal "$from a first run" 0 $?
	on one
	run "" ""
	check_equal "$from mounted again it is the same one" 0 $?
	on two
	run "" ""
	check_equal "$from another disk is held" 1 $?
	check_grep "$from which is said" \
	    'src is on another file system than the last time' "$log"
	check_equal "$from nothing was done" one "$(cat dst/which)"
	run --dry-run ""
	check_equal "$from a dry run is not held" 0 $?
	umount src
	run "" ""
	check_equal "$from none is held as well" 1 $?
	check_equal "$from nothing was done" one "$(cat dst/which)"
	on one
	run "" ""
	check_equal "$from the one that it was may go on" 0 $?
	on two
	run "" ""
	token=$(sed -n 's/.*"approve": *"\([0-9a-f]*\)".*/\1/p' "$log" |
	    head -n 1)
	run "--approve $token" ""
	check_equal "$from another one that is approved goes on" 0 $?
	check_equal "$from and is there" two "$(cat dst/which)"
	run "" ""
	check_equal "$from and is the one from now on" 0 $?
	check_equal "$from one file remembers it" 1 \
	    "$(ls state/syncgate/rsync | grep -c '^system-')"
	for bad in "" x "syncgate system1" "$(printf 'syncgate system1\nA\n')"; do
		printf '%s' "$bad" >"$(ls state/syncgate/rsync/system-*)"
		run "" ""
		check_equal "$from what is damaged is as if it were the first" \
		    0 $?
	done
done
finish
