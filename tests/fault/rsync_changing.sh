#!/bin/sh
# What rsync copies changes while it does: a file that is written, grows, shrinks
# or vanishes, and a folder of the target that becomes a link to somewhere else.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib/lib.sh"
. "$top_srcdir/tests/lib/rsync.sh"
need python3

cd "$tmp" || exit 2
if [ -n "${sanitize:-}" ] || ! have strace || ! strace -o trace true
then
	strace=
	skip "a pause while a file is read: no strace here"
else
	strace=yes
fi

run() {
	rsync_run "$tmp/src" "$tmp/dst" fsync=none "$@"
}

# paused COMMAND: run, with a second in the middle of the file src/file (the
# one that is read a piece at a time), in which COMMAND happens.
paused() {
	rm -f trace
	# The source is syncgate's own; its third piece waits before it is read.
	rsync_before="strace -f -qq -o $tmp/trace -P $tmp/src/file \
	    -e trace=pread64 -e inject=pread64:delay_enter=6000000:when=3"
	run &
	paused_pid=$!
	wait_until 20 sh -c "[ \$(grep -c pread64 trace) -ge 2 ]" ||
	    fail "it is read in pieces" trace
	sleep 0.3
	eval "$1"
	wait "$paused_pid"
	paused_status=$?
	rsync_before=
}

# old_and_new: dst has an old one, src another, of 2 MB.
old_and_new() {
	rm -rf src dst
	mkdir src dst
	head -c 2000000 /dev/urandom >dst/file
	head -c 2000000 /dev/urandom >src/file
	cp dst/file old
	cp src/file read
}

if [ -n "$strace" ]; then
	old_and_new
	paused 'head -c 1000000 read >src/file'
	check_equal "a file that shrinks while it is read is read again" 0 \
	    "$paused_status"
	same "and comes as it is now" src dst
	old_and_new
	paused 'cat old >>src/file'
	check_equal "so is one that grows" 0 "$paused_status"
	same "and comes as it is now" src dst
	old_and_new
	paused 'printf X | dd of=src/file bs=1 conv=notrunc seek=1999999 \
	    2>/dev/null'
	check_equal "so is one that is written behind where it is read" 0 \
	    "$paused_status"
	same "and comes as it is now" src dst
	old_and_new
	paused 'printf X | dd of=src/file bs=1 conv=notrunc seek=10 2>/dev/null'
	check_equal "so is one that is written before" 0 "$paused_status"
	same "and comes as it is now" src dst
	old_and_new
	paused 'rm src/file; mkdir src/file; echo x >src/file/x'
	check "one that becomes a folder ends well, or is said" \
	    [ "$paused_status" -le 1 ]
	check "the target has the old one, the one that was read, or the folder" \
	    sh -c '[ -d dst/file ] || cmp old dst/file || cmp read dst/file'
	run
	same "and then it is as it is now" src dst
	old_and_new
	paused 'rm src/file'
	check "one that vanishes ends well, or is said" \
	    [ "$paused_status" -le 1 ]
	check "the target has the old one, or the one that was read" \
	    sh -c 'cmp old dst/file || cmp read dst/file'
fi

# ---- One that is written all the time
rm -rf src dst
mkdir src
head -c 30000000 /dev/zero | tr '\0' o >src/file
echo other >src/other
run || fail "it is copied" "$log"
cp dst/file old
python3 - <<'EOP' &
import os, random, time
f = os.open("src/file", os.O_WRONLY)
until = time.time() + 60
# (Several: one alone may have no processor while it is read.)
several = os.fork() and os.fork()
while time.time() < until and not os.path.exists("enough"):
    os.pwrite(f, b"n" * 5000, random.randrange(29000000))
if several:
    os.wait()
    os.wait()
EOP
writer=$!
at_exit 'kill_child "$writer"'
wait_until 20 [ src/file -nt old ] || fail "it is being written"
echo "is in step, too" >src/other
run
check_equal "a file that changes all the time is given up: no success" 1 $?
check_grep "it is named" 'changes.* file:' "$log"
check "the target has the old one" cmp old dst/file
check "all else is in step" cmp src/other dst/other
: >enough
wait "$writer"
run
check_equal "when it does not change any more all is well" 0 $?
same "and the same" src dst

# ---- Some that vanish, when they have been listed and before they are read
rm -rf src dst
mkdir -p src/folder
python3 -c '
import os
for i in range(2000):
    with open("src/folder/%04d" % i, "wb") as f:
        f.write(os.urandom(40000))'
run bwlimit=8m &
running=$!
wait_until 20 [ -e dst/folder/0005 ]
for i in $(seq 1500 1999); do
	echo "src/folder/$i"
done | xargs rm
wait "$running"
check_equal "files that vanish are no failure" 0 $?
check_grep "but are counted" 'vanished' "$log"
check "the rest is there" [ "$(ls dst/folder | wc -l)" -ge 1500 ]
run
same "and then all is the same" src dst

# ---- A folder of the target becomes a link
swap() {
	rm -rf "dst.$1" outside
	mkdir outside
	echo precious >outside/0007
	touch -d 2001-01-01 outside/0007 outside
	listing outside >before
	rsync_run "$tmp/src" "$tmp/dst.$1" fsync=none &
	running=$!
	wait_until 20 [ -e "dst.$1/folder/0005" ]
	eval "$2"
	wait "$running"
	swap_status=$?
	listing outside >after
	check "$3: nothing outside was changed" cmp before after
	# It may be seen, or the folder be written that it was; both is right.
	check "it ends, well or not" [ "$swap_status" -le 1 ]
	rsync_run "$tmp/src" "$tmp/dst.$1" fsync=none
	same "$3: the next run makes it equal" src "dst.$1"
	listing outside >after
	check "$3: and nothing outside was changed" cmp before after
}
swap 1 'mv dst.1/folder dst.1/aside; ln -s "$tmp/outside" dst.1/folder' \
    "a folder that became a link"
mkdir -p src/deep/er
for i in 1 2 3 4 5 6 7 8 9; do
	echo "$i" >"src/deep/er/$i"
done
swap 2 'mv dst.2/folder aside; ln -s "$tmp/outside" dst.2/folder
    ln -s "$tmp/outside" dst.2/deep 2>/dev/null' \
    "a folder that was moved away, and is a link now"

# ---- A target whose path is a link is followed: it is the user's own word
mkdir real
ln -s real linked
rsync_run "$tmp/src" "$tmp/linked" fsync=none
check_equal "a target that is itself a link is where it shows" 0 $?
same "and there all is the same" src real
finish
