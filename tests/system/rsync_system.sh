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
off() {
	umount src 2>/dev/null
	! mountpoint -q src
}
on() {
	wait_until 10 off
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
	wait_until 10 off
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
wait_until 10 off

# Others whose UUID can be asked for.  (A snapshot is on the same.)
# another KIND SIZE COMMAND...
another() {
	kind=$1
	size=$2
	shift 2
	for disk in one two; do
		rm -f "$disk.img"
		truncate -s "$size" "$disk.img"
		"$@" "$disk.img" >/dev/null 2>&1 &&
		    mount -o loop "$disk.img" src || {
			skip "no $kind here"
			return
		}
		mkdir src/tree
		echo "$disk" >src/tree/which
		wait_until 10 off
	done
	rm -rf dst state
	for turn in "a first run" "mounted again it is the same one"; do
		on one
		rsync_with "" "$tmp/src/tree" "$tmp/dst"
		check_equal "$kind: $turn" 0 $?
	done
	if [ "$kind" = btrfs ]; then
		btrfs subvolume snapshot src src/night >/dev/null
		wait_until 10 off
		mount -o loop,subvol=night one.img src
		rsync_with "" "$tmp/src/tree" "$tmp/dst"
		check_equal "$kind: and so is a snapshot of it" 0 $?
	fi
	on two
	rsync_with "" "$tmp/src/tree" "$tmp/dst"
	check_equal "$kind: another disk is held" 1 $?
	check_grep "$kind: which is said" "than the last time \($kind " "$log"
	check_equal "$kind: nothing was done" one "$(cat dst/which)"
	wait_until 10 off
}
another xfs 320M mkfs.xfs -q
another btrfs 120M mkfs.btrfs -q
finish
