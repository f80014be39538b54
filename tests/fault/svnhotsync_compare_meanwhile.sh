# syncgate verify when things happen meanwhile: a source that grows and is
# packed, another job, a svnadmin that says nonsense; and what is damaged in ways
# that nobody listed.
[ -d /dev/shm ] && [ -w /dev/shm ] && TMPDIR=/dev/shm && export TMPDIR
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib/lib.sh"
need svn svnadmin svnlook python3
. "$top_srcdir/tests/lib/hotsync.sh"
. "$top_srcdir/tests/lib/compare.sh"
cd "$tmp" || exit 2

copy_and_dump

# ---- Another job has a mirror by dump
"$SYNCGATE" run -c "$tmp/conf" dump >"$tmp/follow" 2>&1 </dev/null &
hot_pid=$!
at_exit "kill_child $hot_pid"
check "a job follows" wait_until 20 grep -q following "$tmp/follow"
props dump 9
repaired "properties beside it" dump "$one" dump
flip "$(ls dump/db/revs/*/77)" 60
check_not "content cannot be" call verify --repair dump
check_grep "which is said" 'another job writes' "$err"
hot_stop
repaired "when it has ended, it can" dump "$one" dump

# ---- The source grows, and is packed, meanwhile
grow() {
	for grow_n in $(seq 40); do
		svn mkdir -q -m "$grow_n" "file://$one/grow-$grow_n"
	done
}
pack() {
	sleep 0.03
	svnadmin pack -q "$1"
}
grow &
for n in 1 2 3 4; do
	check "while the source grows, $n" call verify copy
done
wait $!
check "it is packed while it is compared: a run" call run --once copy
for n in 1 2 3 4; do
	rm -rf again.source again.mirror
	cp -a "$one" again.source
	cp -a copy again.mirror
	[ $((n % 2)) = 0 ] && packed=again.source || packed=again.mirror
	grep -q again "$tmp/conf" ||
	    job again "$tmp/again.source" "$tmp/again.mirror" >>"$tmp/conf"
	pack "$packed" &
	check "$packed is packed meanwhile, $n" call verify again
	wait $!
done

# ---- `current` is wrong
cp copy/db/current current
for text in 12 99999 x ''; do
	echo "$text" >copy/db/current
	call verify copy
	case $? in
	0) check_grep "current is \"$text\": it is said" 'is at r12, the' \
		"$out" ;;
	*) check_grep "current is \"$text\": it is said" \
	    'ahead of the source|cannot read .*db/current' "$err" ;;
	esac
done
cp current copy/db/current
check "it is equal again" call verify copy

# ---- A svnadmin that says nonsense, and never ends
mkdir fake
cat >fake/svnadmin <<END
#!/bin/sh
echo \$\$ >>$tmp/pids
alive=0
for pid in \$(cat $tmp/pids); do
	kill -0 \$pid 2>/dev/null && alive=\$((alive + 1))
done
echo \$alive >>$tmp/alive
printf 'Revision-number: 99999\n\n'
exec sleep 100
END
chmod 755 fake/svnadmin
svnadmin create "$tmp/six"
for n in 1 2 3 4 5 6; do
	svn mkdir -q -m "$n" "file://$tmp/six/$n"
done
job six "$tmp/six" "$tmp/six.mirror" 'method = dump' >>"$tmp/conf"
check "a mirror by dump" call run --once six
path=$PATH
PATH=$tmp/fake:$PATH
check_not "nonsense is no proof" call verify six
PATH=$path
check_grep "but what is said" \
    'r0 of the source cannot be compared: .*something that is not known' "$err"
check "none of them is left behind for the next" \
    test "$(sort -n alive | tail -n 1)" -le 3

# ---- Any byte, anywhere
cat >any.py <<'END'
import random, sys
rng = random.Random(int(sys.argv[2]))
with open(sys.argv[1], "r+b") as f:
    size = f.seek(0, 2)
    at = rng.randrange(size)
    f.seek(at)
    byte = f.read(1)[0]
    f.seek(at)
    f.write(bytes([byte ^ (1 << rng.randrange(8))]))
END
for n in $(seq 12); do
	cp -p copy/db/revs/1/40 saved
	chmod u+w copy/db/revs/1/40
	python3 any.py copy/db/revs/1/40 "$n"
	call verify copy && fail "byte flip $n of r40 is not found" /dev/null
	cp -p saved copy/db/revs/1/40
done
pass "flips of bytes of r40 were found"
finish
