#!/bin/sh
# Disks that are full, or fail: what is at the target stays good, what could not
# be kept in step is said, and nothing temporary is left; afterwards all is made
# equal.
#
# As root all of it runs in a room of its own, where a small disk can be mounted.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib/room.sh"
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib/lib.sh"
. "$top_srcdir/tests/lib/rsync.sh"
need python3

cd "$tmp" || exit 2

# random FILE BYTES
random() {
	head -c "$2" /dev/urandom >"$1"
}

no_mixture() {
	check "$1" python3 "$tree_lib/tree_mixture.py" old src "$2"
}

# ---- A disk of 4 MB, and 12 MB that are to be there
full() {
	mkdir disk old src
	mount -t tmpfs -o size=4m,mode=755 none disk || return 1
	at_exit 'umount "$tmp/disk"'
	for i in 1 2 3 4 5 6 7 8 9; do
		random "src/$i" 300000
		echo "$i" >"src/small$i"
	done
	mkdir src/folder
	random src/folder/a 20000
	rsync_run "$tmp/src" "$tmp/disk/dst" fsync=none ||
	    fail "what fits is copied" "$log"
	rsync_run "$tmp/src" "$tmp/old" fsync=none
	for i in 2 4 6; do
		random "src/$i" 1500000
	done
	for i in 1 2 3; do
		random "src/folder/new$i" 2500000
	done
	random src/folder/a 20001
	echo new >src/small5
	rm src/9
}
if [ -n "${OWN_ROOM:-}" ]; then
	full || skip_all "nothing can be mounted here"
	rsync_run "$tmp/src" "$tmp/disk/dst" fsync=none
	check_equal "a full disk: no success" 1 $?
	check_grep "it is said" 'No space left on device' "$log"
	no_mixture "a full disk: each file is the old one or the new one" \
	    disk/dst
	check_equal "and nothing temporary is left" "" "$(temporaries disk/dst)"
	rsync_run "$tmp/src" "$tmp/disk/dst" fsync=none
	check_equal "still full: no success" 1 $?
	no_mixture "still each file is the old one or the new one" disk/dst
	mount -o remount,size=40m disk
	in_step "when there is room, all is well" "$tmp/src" \
	    "$tmp/disk/dst" fsync=none
	same "and the same" src disk/dst
	# No more inodes: not even a temporary name can be had.
	mount -o remount,nr_inodes=40 disk
	for i in $(seq 60); do
		echo "$i" >"src/more$i"
	done
	rsync_run "$tmp/src" "$tmp/disk/dst" fsync=none
	check_equal "no inodes: no success" 1 $?
	check "what was there is still good" cmp src/small1 \
	    disk/dst/small1
	mount -o remount,nr_inodes=4000 disk
	in_step "when there are some, all is well" "$tmp/src" \
	    "$tmp/disk/dst" fsync=none
	same "and the same" src disk/dst
else
	skip "a full disk: only root can mount one"
fi

# ---- Calls that fail
if [ -n "${sanitize:-}" ] || ! have strace || ! strace -o trace true 2>/dev/null
then
	skip "a disk that fails: no strace here"
	finish
fi

# failing WHAT SENTENCE PATTERN: with that failure injected a run from src to dst
# has no success and says so, nothing is spoilt, and the next run repairs it.
failing() {
	rm -rf src dst old
	mkdir -p src/folder
	for i in 1 2 3 4 5 6 7 8 9; do
		random "src/folder/$i" 100000
		echo "$i" >"src/$i"
	done
	rsync_run "$tmp/src" "$tmp/dst" fsync=none
	rsync_run "$tmp/src" "$tmp/old" fsync=none
	for i in 3 4 5 6; do
		random "src/folder/$i" 100003
		echo "new $i" >"src/$i"
	done
	random src/folder/large 6000000
	mkdir src/fresh
	for i in 1 2 3 4; do
		echo "$i" >"src/fresh/$i"
		ln -s "$i" "src/fresh/link$i"
		mkfifo "src/fresh/fifo$i"
	done
	rm src/9
	rsync_before="strace -f -qq -o $tmp/trace -e trace=${1%%:*} -e inject=$1"
	rsync_run "$tmp/src" "$tmp/dst" "fsync=${4:-none}"
	check_equal "$2: no success" 1 $?
	rsync_before=
	check_grep "$2: it is said" "$3" "$log"
	no_mixture "$2: nothing is spoilt" dst
	check_equal "$2: nothing temporary is left" "" "$(temporaries dst)"
	in_step "$2: the next run is well" "$tmp/src" "$tmp/dst" fsync=none
	same "$2: and makes all the same" src dst
}

io='Input/output error'
# Starting a program reads by that call, too, but never so often.
strace -f -qq -o trace -e trace=pread64 "$SYNCGATE" --version >"$log" 2>&1
n=$(awk '{ n[$1]++; if (n[$1] > most) most = n[$1] } END { print most + 5 }' \
    trace)
failing pread64:error=EIO:when="$n" "a file that cannot be read" "$io"
failing fchmod:error=EIO:when=2 "a mode that cannot be set" "$io"
failing utimensat:error=EIO:when=2 "a time that cannot be set" "$io"
failing renameat:error=EIO:when=2 "a name that cannot be given" "$io"
failing symlinkat:error=EIO:when=2 "a link that cannot be made" "$io"
failing mknodat:error=EPERM:when=2 "a fifo that cannot be made" "not permitted"
failing mkdirat:error=EDQUOT:when=1 "a folder that cannot be made" "[Qq]uota"
failing unlinkat:error=EROFS:when=1 "a file that cannot be deleted" "Read-only"
failing syncfs:error=EIO "a disk that cannot be synced" "$io" all
failing fsync:error=EIO:when=2 "a file that cannot be synced" "$io" file
finish
