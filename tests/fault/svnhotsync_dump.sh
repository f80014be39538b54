#!/bin/sh
# What may happen to a mirror by dump: a loss of power, a disk that is full,
# memory that is full.  It is whole, and what could not be done is said;
# afterwards all is made equal.
#
# As root all of it runs in a room of its own, where small disks can be mounted.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib/room.sh"
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib/lib.sh"
. "$top_srcdir/tests/lib/hotsync.sh"
need svnadmin svnlook svn python3

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

# ---- A loss of power in the middle of a batch
# Many revisions, in several folders: of each the disk has all, nothing, a part,
# zeroes, or no name.
lost() {
	python3 - "$1" "$2" <<'EOT'
import os, random, sys
db, last = sys.argv[1] + "/db", int(sys.argv[2])
seed = int.from_bytes(os.urandom(4), "big")
print("the seed of what is lost is", seed)
random.seed(seed)
for kind in "revs", "revprops":
    for folder, names, files in os.walk(os.path.join(db, kind)):
        for name in sorted(files):
            if int(name) <= last:
                continue
            path = os.path.join(folder, name)
            size = os.path.getsize(path)
            os.chmod(path, 0o644)
            what = random.choice("all nothing part zeroes none".split())
            if what == "none":
                os.unlink(path)
            elif what != "all":
                os.truncate(path, size // 2 if what == "part" else 0)
            if what == "zeroes":
                os.truncate(path, size)
EOT
}
# (The mirror of an empty one is what a run leaves that is killed at its begin:
# its r0 has another date than the source's.)
svnadmin create empty
svnadmin setuuid empty "$(svnlook uuid source)"
svnadmin create begun
svnadmin dump -q -r 0:60 source | mkrepo_load begun
for to in "$tmp/batch" "popen:$tmp/batch.there"; do
	mirror=${to#popen:}
	hot "$tmp/empty" "$to" method=dump || fail "an empty one" "$err"
	sed -i 's/^layout sharded .*/layout sharded 50/' "$mirror/db/format"
	hot "$tmp/begun" "$to" method=dump || fail "r60" "$err"
	cp "$mirror/db/syncgate" was
	hot "$tmp/source" "$to" method=dump || fail "the batch" "$err"
	check "the batch is in several folders" test -f "$mirror/db/revs/3/199"
	lost "$mirror" 60
	sed 's/^boot .*/boot 00000000-0000-0000-0000-000000000000/' was \
	    >"$mirror/db/syncgate"
	[ "$to" = "$mirror" ] || echo 130 >"$mirror/db/current"
	: >"$mirror/db/txn-current"
	for folder in transactions txn-protorevs; do
		rmdir "$mirror/db/$folder"
		ln -s "/dev/shm/syncgate-0123456789abcdef0123456789abcdef/\
$folder" "$mirror/db/$folder"
	done
	hot "$tmp/source" "$to" method=dump ||
	    fail "after a loss of power in a batch" "$err"
	check_grep "after it the mirror is taken back to the checkpoint" \
	    "taken back from r[0-9]* to r60" "$out"
	same_repo "and all that was above is loaded again" source "$mirror"
	check "it verifies" svnadmin verify -q "$mirror"
done

# ---- Disks that are full
sound() {
	[ ! -f "$mirror/format" ] || svnadmin verify -q "$mirror"
}
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
		# (It may have loaded all before the memory is full.)
		for try in 1 2 3 4 5 6; do
			rm -rf "${to#popen:}"
			hot_follow "$tmp/source" "$to" method=dump --once
			wait_until 10 sh -c 'ls -d /dev/shm/syncgate-*'
			cat /dev/zero >/dev/shm/filler 2>/dev/null
			wait "$hot_pid"
			full=$?
			rm -f /dev/shm/filler
			! grep -q 'goes to the disk' "$out" || break
		done
		check_equal "$to: memory that is full does not end it" 0 "$full"
		check_grep "it is said, and the disk is used" \
		    'its transaction goes to the disk' "$out"
		check_equal "and all is the same" "$whole" \
		    "$(repo_sum "${to#popen:}")"
		rm -f /dev/shm/filler
	done
else
	skip "full disks: nothing can be mounted here"
fi
finish
