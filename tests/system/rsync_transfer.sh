#!/bin/sh
# What rsync sends, and what not: parts of files that changed, nothing of those
# that were moved or copied or changed in name and mode only, nothing of holes;
# and a target that is slow or dead holds up no other.
# sanitize: yes
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib/lib.sh"
. "$top_srcdir/tests/lib/sshd.sh"
. "$top_srcdir/tests/lib/ssh_tests.sh"
. "$top_srcdir/tests/lib/rsync.sh"
need python3

cd "$tmp" || exit 2

# random FILE BYTES
random() {
	head -c "$2" /dev/urandom >"$1"
}

# The bytes of files that came, as the run says; of its last target.
came() {
	sed -n 's/.* with \([0-9]*\) bytes came.*/\1/p' "$log" | tail -n 1
}

# sends SENTENCE MOST: after a run all is the same, and no more bytes came.
sends() {
	rsync_run "$tmp/src" "$tmp/dst" fsync=none
	check_equal "$1: it ends well" 0 $?
	same "$1: all is the same" src dst
	check "$1: $(came) bytes came, no more than $2" [ "$(came)" -le "$2" ]
}

# edit FILE N: N edits of 200 bytes
edit() {
	python3 - "$1" "$2" <<'EOP'
import os, random, sys
with open(sys.argv[1], "r+b") as f:
    size = os.path.getsize(sys.argv[1])
    for _ in range(int(sys.argv[2])):
        f.seek(random.randrange(size - 200))
        f.write(os.urandom(200))
EOP
}

mkdir src
random src/large 20000000
random src/middle 3000000
for i in 1 2 3; do
	random "src/log.$i" 400000
done
mkdir src/folder
for i in 1 2 3 4 5; do
	random "src/folder/$i" 500000
done
truncate -s 300M src/sparse
printf 'some data' | dd of=src/sparse bs=1 seek=200000000 conv=notrunc 2>dd.err
sends "a first copy" 26800000

# ---- Parts
edit src/large 50
sends "50 edits in 20 MB" 1500000
{ echo inserted; cat dst/large; } >src/large
sends "an insertion at the begin" 100000
{ head -c 7000000 dst/large; tail -c +8000000 dst/large; } >src/large
sends "a piece that was taken out" 100000
random more 5000
cat more >>src/large
sends "5,000 bytes behind it" 100000
head -c 10000000 dst/large >src/large
sends "one that was cut" 100000
touch src/large
sends "one that was touched" 0
printf 'other data' | dd of=src/sparse bs=1 seek=100000000 conv=notrunc \
    2>dd.err
sends "a few bytes more in a sparse file" 300000

# ---- Names
mv src/middle src/renamed
sends "a file that was renamed" 0
mkdir src/new
mv src/renamed src/new/again
sends "and moved to a new folder" 0
mv src/folder src/elsewhere
sends "a folder that was renamed" 0
mv src/elsewhere src/new/deeper
mv src/new/deeper/1 src/one
sends "a folder that was moved, and a file out of it" 0
cp -p src/large src/copy
cp src/large src/new/copy
sends "copies" 0
mv src/log.3 src/log.4
mv src/log.2 src/log.3
mv src/log.1 src/log.2
random src/log.1 1000
# (The first one is replaced before the second is looked for.)
sends "logs that were rotated: the new one, and one of three" 401000
mv src/new/again src/x
mv src/log.4 src/new/again
mv src/x src/log.4
sends "two that changed their names are sent" 3400000
mv src/large src/x
mv src/copy src/new/y
mv src/x src/copy
edit src/new/y 1
sends "one that was moved and edited is sent, another is not" 10000000
mv src/one src/two
chmod 600 src/two
touch -d 2001-02-03 src/two
sends "a file that was renamed, and got another mode and time" 0
ln src/two src/three
mv src/two src/four
sends "one that has two names, both new, is sent once" 500000
mv src/new/copy src/new/five
rsync_run "$tmp/src" "$tmp/dst" fsync=none delete=no
check_equal "delete=no: what was renamed is not sent, either" 0 "$(came)"
check "and its old name stays" cmp dst/new/copy src/new/five
check "the new one is there" cmp dst/new/five src/new/five

# ---- Metadata
chmod 640 src/log.1 src/new
touch src/new
sends "modes and times of folders" 0

# ---- Several targets
mkdir -p many/folder
for i in $(seq 300); do
	random "many/folder/small.$i" 3000
done
for i in $(seq 6); do
	random "many/large.$i" 900000
done
# read: the bytes of files that the source's side read.
read_once() {
	sed -n 's/.* \([0-9]*\) bytes of files were read for .*/\1/p' "$log"
}
rsync_run "$tmp/many" "$tmp/m.1|$tmp/m.2|$tmp/m.3" fsync=none compress=yes
check_equal "three targets: it ends well" 0 $?
for i in 1 2 3; do
	same "in step is target $i" many "m.$i"
done
check_equal "and each byte was read once" 6300000 "$(read_once)"
for i in 1 2; do
	touch "m.$i/large.$i"
done
rm m.3/large.3
rsync_run "$tmp/many" "$tmp/m.1|$tmp/m.2|$tmp/m.3" fsync=none
same "one that lacks something gets it" many m.3
same "and another" many m.1

# ---- One large folder
# Telling it takes longer than a list is kept for others: it must not be made
# again for each piece.
if [ -n "${SYNCGATE_LONG:-}" ]; then
	mkdir flat
	python3 -c '
import os
for i in range(200000):
    os.close(os.open("flat/name-%07d" % i, os.O_CREAT | os.O_WRONLY, 0o644))'
	rsync_limit=600 rsync_with --verbose "$tmp/flat" "$tmp/d.flat" \
	    fsync=none
	check_equal "200,000 files in one folder: it ends well" 0 $?
	check_equal "all are there" 200000 "$(ls d.flat | wc -l)"
	listed=$(sed -n 's/.* \([0-9]*\) folders were listed.*/\1/p' "$log")
	check "the folder was listed $listed times, at most 8" \
	    [ "${listed:-99}" -le 8 ]
fi

# ---- One that is slow
[ -z "${sanitize:-}" ] || {
	skip "a slow target over ssh: the agent of a sanitizer's build"
	finish
}
sshd_start || exit 1
export_mark() {
	login "$1" <<EOT
export MARK=$1.$$
exec dash -c "\$SSH_ORIGINAL_COMMAND"
EOT
}
of_mark() {
	for proc in $(process_tree "$SSHD_PID"); do
		grep -qs "MARK=$1.$$" "/proc/$proc/environ" && echo "$proc"
	done
}
export_mark slow
slow=$login
export_mark quick
quick=$login
rm -rf more
mkdir more
for i in $(seq 60); do
	random "more/$i" 1000000
done
# (bwlimit: it takes four seconds at least, so that none has all before it is
# stopped, however quick the machine.)
rsync_run "$tmp/more" "$slow:$tmp/d.slow|$quick:$tmp/d.quick" \
    fsync=none bwlimit=15m &
running=$!
wait_until 20 [ -f d.slow/1 ]
kill -STOP $(of_mark slow)
check "while one target is stopped the other gets all" wait_until 30 \
    [ -f d.quick/9 -a -f d.quick/60 ]
is_same() {
	differences more d.quick >differs
}
check "to the end" wait_until 20 is_same
check "the run waits for the slow one" kill -0 "$running"
check "which has not got it all" [ "$(ls d.slow | wc -l)" -lt 60 ]
kill -CONT $(of_mark slow)
wait "$running"
check_equal "when that goes on the run ends well" 0 $?
same "and there all is the same, too" more d.slow

# ---- And one that dies
rm -rf d.slow d.quick
rsync_run "$tmp/more" "$slow:$tmp/d.slow|$quick:$tmp/d.quick" \
    fsync=none bwlimit=15m &
running=$!
wait_until 20 [ -f d.slow/1 ]
kill -9 $(of_mark slow)
wait "$running"
check "when one target dies the run does not end well" [ $? -ne 0 ]
same "but the other is complete" more d.quick
check_grep "and the dead one is named" "slow" "$log"
rsync_run "$tmp/more" "$tmp/nothing/here|$quick:$tmp/d.third" fsync=none
check "one that is not there is no success" [ $? -ne 0 ]
same "and the other is complete" more d.third
check_grep "it is named" 'nothing/here' "$log"
finish
