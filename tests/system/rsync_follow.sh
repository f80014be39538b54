#!/bin/sh
# With follow = yes what changes goes over when it happens, to several targets,
# of which one is lost and comes back by itself.
# sanitize: yes
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib/lib.sh"
. "$top_srcdir/tests/lib/sshd.sh"
. "$top_srcdir/tests/lib/rsync.sh"
need python3

cd "$tmp" || exit 2

mkdir -p src/folder/deep
echo one >src/one
echo two >src/folder/two
follow "$tmp/dst"
following "a target that is in step is followed"
same "and has all by then" src dst

echo new >src/folder/new
soon "a new file" dst
echo more >>src/one
soon "a file that grows" dst
mkdir -p src/a/b/c
echo deep >src/a/b/c/file
soon "folders within folders" dst
echo later >src/a/b/c/later
soon "and what comes into them later" dst
ln -s one src/link
mkfifo src/fifo
ln src/one src/again
soon "links, fifos, another name" dst
chmod 600 src/folder/new
touch -d 2001-02-03 src/one
chmod 700 src/folder
soon "modes and times alone" dst
mv src/folder src/moved
soon "a folder that is moved" dst
echo inside >src/moved/inside
soon "and what happens in it then" dst
head -c 300000 /dev/urandom >src/large
soon "a large file" dst
rm src/again src/fifo
rm -r src/a
soon "what is removed" dst
: >"$log"
inode=$(stat -c %i dst/large)
mv src/large src/moved/large
soon "a large file that is moved" dst
check_equal "is the same file as before, not sent again" "$inode" \
    "$(stat -c %i dst/moved/large)"
(
	i=0
	while [ $i -lt 300 ]; do
		echo $i >"src/moved/many$i"
		i=$((i + 1))
	done
)
soon "very many at once" dst
end_follow

# A file that somebody has open is not told before it is closed.
rm -rf dst
echo begun >src/slow
follow "$tmp/dst"
following "it begins anew"
# (It is there before: of a new file the kernel tells before it counts who writes
# it.)
exec 9>>src/slow
echo first >&9
sleep 0.5
check_not "what is being written is not there yet" grep -q first dst/slow
echo second >&9
exec 9>&-
soon "but when it is closed" dst
end_follow

# The queue of events overflows while nobody reads it.
follow "$tmp/dst"
following "another job follows"
queue=$(cat /proc/sys/fs/inotify/max_queued_events)
if [ "$queue" -le 20000 ]; then
	kill -STOP "$follow"
	python3 - "$queue" <<EOT
import os, sys
for i in range(int(sys.argv[1])):
    open("src/moved/many%d" % (i % 300), "a").close()
    os.utime("src/moved/many%d" % (i % 300), (i, i))
os.mkdir("src/lost")
open("src/lost/file", "w").write("lost")
EOT
	kill -CONT "$follow"
	soon "events that were lost are made good" dst
	echo found >>src/lost/file
	soon "and what is in a folder of which no event told is watched" dst
else
	skip "the queue takes $queue events"
fi
end_follow

# full: everything is compared again.
follow "$tmp/dst" full=1
following "with full = 1 second"
echo behind >dst/behind
soon "what was done to the target behind its back is put right" dst
end_follow

# Several, one of which is killed.
follow "$tmp/first|$tmp/second"
check "two targets are followed" wait_until 15 sh -c \
    "[ \$(grep -c 'is in step; following' '$log') -eq 2 ]"
echo both >src/both
soon "a change goes to both" first second
victim=
for pid in $(process_tree "$follow"); do
	[ "$(cat "/proc/$pid/comm" 2>/dev/null)" = syncgate-exec ] &&
	    [ -z "$victim" ] && victim=$pid
done
kill -9 "$victim"
echo one-lost >src/lost
soon "when one is killed the other goes on, and it comes back" first second
check_grep "and that was said" "trying again in 1 seconds, alone" "$log"
echo after >src/after
soon "and is followed again" first second
end_follow
finish
