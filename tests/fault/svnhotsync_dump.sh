#!/bin/sh
# What may happen to a mirror by dump: a loss of power, a kill of each process at
# any moment, a disk that is full, memory that is full, a source whose disk
# fails.  It is always whole, and what could not be done is said; afterwards all
# is made equal.
#
# As root all of it runs in a room of its own, where small disks can be mounted.
if [ "$(id -u)" -eq 0 ] && [ -z "${OWN_ROOM:-}" ] &&
    unshare -m true 2>/dev/null; then
	OWN_ROOM=yes exec unshare -m sh "$0" "$@"
fi
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib/lib.sh"
. "$top_srcdir/tests/lib/hotsync.sh"
need svnadmin svnlook svn python3 ps

[ -n "${SYNCGATE_LONG:-}" ] && kills=50 || kills=10
kills=${KILLS:-$kills}
cd "$tmp" || exit 2
mkrepo source 200 1500000 5 || exit 1
whole=$(repo_sum source)

# ---- A loss of power
# What a disk may look like after one: the record, all that it speaks of, and
# above that files that are cut off or not there.
printf 'short\n' >short
for to in "$tmp/power" "popen:$tmp/power.there"; do
	mirror=${to#popen:}
	hot "$tmp/source" "$to" method=dump || fail "the first run" "$err"
	cp -a source grown
	svn mkdir -q -m one "file://$tmp/grown/one"
	cp "$mirror/db/syncgate" was
	hot "$tmp/grown" "$to" method=dump || fail "one more" "$err"
	hot_was=$(cat "$mirror/db/syncgate")
	check_equal "the record speaks of what is on the disk" "published 201" \
	    "$(grep -o '^published [0-9]*' "$mirror/db/syncgate")"

	# Killed: the record is older than what is committed.
	cp was "$mirror/db/syncgate"
	hot "$tmp/grown" "$to" method=dump || fail "after a kill" "$err"
	check_not "after a kill nothing is taken back" \
	    grep -q 'taken back' "$out"

	# And the machine was started again.
	sed 's/^boot .*/boot 00000000-0000-0000-0000-000000000000/' was \
	    >"$mirror/db/syncgate"
	chmod u+w "$mirror/db/revs/0/201" "$mirror/db/revprops/0/201"
	: >"$mirror/db/revs/0/201"
	rm "$mirror/db/revprops/0/201"
	mkdir "$mirror/db/revs/1" "$mirror/db/revprops/1"
	cp short "$mirror/db/revs/1/1000"
	hot "$tmp/grown" "$to" method=dump --dry-run
	check_grep "a dry run would load it again" '1 revision, 201' "$out"
	hot "$tmp/grown" "$to" method=dump || fail "after a loss of power" "$err"
	check_grep "after a loss of power it is taken back to the checkpoint" \
	    'taken back from r201 to r200' "$out"
	check_not "what was above it is gone" test -e "$mirror/db/revs/1"
	same_repo "and what was lost is loaded again" grown "$mirror"

	# `current` itself was not on the disk.
	sed 's/^boot .*/boot 00000000-0000-0000-0000-000000000000/' was \
	    >"$mirror/db/syncgate"
	: >"$mirror/db/current"
	hot "$tmp/grown" "$to" method=dump || fail "without current" "$err"
	check_grep "that can be lost as well" 'taken back to r200' "$out"
	same_repo "and all is there again" grown "$mirror"

	# What is below the checkpoint is not ours to mend.
	sed 's/^boot .*/boot 00000000-0000-0000-0000-000000000000/' was \
	    >"$mirror/db/syncgate"
	cp -p "$mirror/db/revs/0/200" kept
	chmod u+w "$mirror/db/revs/0/200"
	cp short "$mirror/db/revs/0/200"
	check_not "a damaged checkpoint is refused" \
	    hot "$tmp/grown" "$to" method=dump
	check_grep "and it says which" 'r200 is not as it was left' "$err"
	cp -p kept "$mirror/db/revs/0/200"
	hot "$tmp/grown" "$to" method=dump || fail "with it" "$err"
	same_repo "else nothing was changed" grown "$mirror"
	rm -rf grown
done

# ---- kill -9
mark=syncgate-dump-$$-$(od -An -N4 -tx4 /dev/urandom | tr -d ' ')
hot_env=MARK=$mark
# victims WHO: process ids.
victims() {
	for one in $(marked "$mark"); do
		case $1:$(tr '\0' ' ' <"/proc/$one/cmdline" 2>/dev/null) in
		syncgate:*"$SYNCGATE run"*) echo "$one" ;;
		dump:svnadmin\ dump*) echo "$one" ;;
		load:svnadmin\ load\ *) echo "$one" ;;
		agent:*)
			[ "$(cat "/proc/$one/comm")" != syncgate-agent ] ||
			    echo "$one" ;;
		esac
	done
}
sound() {
	[ ! -f "$mirror/format" ] || svnadmin verify -q "$mirror"
}
# Other runs on this machine may have such folders: those that are there now go
# when they end, and only one that nobody knows any more stays.
in_memory() {
	ls /dev/shm | grep -E '^syncgate-[0-9a-f]{32}$'
}
memory_is_gone() {
	! in_memory | grep -Fxf memory.now
}
no_memory_left() {
	in_memory >memory.now
	wait_until 150 memory_is_gone
}
began=$(date +%s.%N)
mirror=$tmp/timed
hot "popen:$tmp/source" "$mirror" method=dump || fail "a whole run" "$err"
took=$(echo "$began $(date +%s.%N)" | awk '{ print $2 - $1 }')
number=0
struck=0
completed=0
wrong=$test_failed
while [ "$number" -lt "$kills" ]; do
	number=$((number + 1))
	[ "$completed" -eq 0 ] || rm -rf "$mirror"
	mirror=$tmp/killed
	case $((number % 4)) in
	0) who=syncgate to=$mirror ;;
	1) who=agent to=$mirror ;;
	2) who=dump to=popen:$mirror ;;
	3) who=load to=popen:$mirror ;;
	esac
	hot_follow "popen:$tmp/source" "$to" method=dump --once
	sleep "$(awk -v t="$took" -v n="$(od -An -N2 -tu2 /dev/urandom)" \
	    'BEGIN { print t * (0.1 + 0.7 * n / 65536) }')"
	found=$(victims "$who")
	[ -z "$found" ] || { kill -9 $found && struck=$((struck + 1)); } \
	    2>/dev/null
	wait "$hot_pid" 2>/dev/null
	wait_until 10 nothing_marked "$mark" ||
	    fail "kill $number, of $who: processes are left"
	sound >verified 2>&1 ||
	    fail "kill $number, of $who: it does not verify" verified
	completed=0
	if has_revision "$mirror" 200; then
		completed=1
		[ "$(repo_sum "$mirror")" = "$whole" ] ||
		    fail "kill $number, of $who: it is whole and not the same"
	fi
done
check_equal "$kills kills, $struck met somebody: all was well" "$wrong" \
    "$test_failed"
check "some met somebody" [ "$struck" -gt 1 ]
hot "popen:$tmp/source" "popen:$mirror" method=dump ||
    fail "what the last one left is completed" "$err"
check_equal "what the last one left is completed" "$whole" \
    "$(repo_sum "$mirror")"
check "and no folder in memory is left" no_memory_left

# ---- Disks that are full
if [ -n "${OWN_ROOM:-}" ] && mkdir disk &&
    mount -t tmpfs -o size=1m,mode=755 none disk; then
	at_exit 'umount "$tmp/disk"'
	check_not "a full disk: no success" \
	    hot "$tmp/source" "$tmp/disk/m" method=dump
	check_grep "it is said" 'No space left on device' "$err"
	mirror=$tmp/disk/m
	check "and the mirror is whole" sound
	check_not "by svnadmin: no success" \
	    hot "$tmp/source" "popen:$tmp/disk/m" method=dump
	check_grep "it is said" 'No space left on device' "$err"
	check "and the mirror is whole" sound
	mount -o remount,size=100m disk
	hot "$tmp/source" "$tmp/disk/m" method=dump ||
	    fail "with room it goes on" "$err"
	check_equal "with room it goes on" "$whole" "$(repo_sum disk/m)"

	# Transactions do not fit into memory.
	mount -t tmpfs -o size=257m,mode=1777 none /dev/shm
	at_exit 'umount /dev/shm'
	for to in "$tmp/full" "popen:$tmp/full.there"; do
		hot_follow "$tmp/source" "$to" method=dump --once
		wait_until 10 has_revision "${to#popen:}" 3
		cat /dev/zero >/dev/shm/filler 2>/dev/null
		wait "$hot_pid"
		check_equal "$to: memory that is full does not end it" 0 $?
		check_grep "it is said, and the disk is used" \
		    'its transaction goes to the disk' "$out"
		check_equal "and all is the same" "$whole" \
		    "$(repo_sum "${to#popen:}")"
		rm -f /dev/shm/filler
	done
else
	skip "full disks: nothing can be mounted here"
fi

# ---- A source whose disk fails
if [ -n "${sanitize:-}" ] || ! have strace || ! strace -o trace true 2>/dev/null
then
	skip "a disk that fails: no strace here"
	finish
fi
for method in dump copy; do
	strace -f -qq -o trace -P "$tmp/source/db/revs/0/150" \
	    -e trace=read,pread64,readv,sendfile,splice,copy_file_range \
	    -e inject=read,pread64,readv,sendfile,splice:error=EIO \
	    "$SYNCGATE" run --plugin svnhotsync source="popen:$tmp/source" \
	    mirror="$tmp/eio.$method" method=$method --once >"$out" 2>"$err"
	check_equal "a source whose disk fails, by $method: no success" 1 $?
	check_grep "it is said" 'Input/output error' "$err"
	mirror=$tmp/eio.$method
	check "and the mirror is whole" sound
	hot "popen:$tmp/source" "$tmp/eio.$method" method=$method ||
	    fail "$method: when it can be read again" "$err"
	check_equal "when it can be read again, all comes" "$whole" \
	    "$(repo_sum "$tmp/eio.$method")"
done
finish
