# syncgate verify and --repair when things happen meanwhile: kill -9, a full
# disk, a source that grows and is packed, another job; and what is damaged in
# ways that nobody listed.
[ -d /dev/shm ] && [ -w /dev/shm ] && TMPDIR=/dev/shm && export TMPDIR
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib/lib.sh"
need svn svnadmin svnlook python3
. "$top_srcdir/tests/lib/hotsync.sh"
. "$top_srcdir/tests/lib/compare.sh"
cd "$tmp" || exit 2
[ -n "${SYNCGATE_LONG:-}" ] && kills=30 || kills=6

one=$tmp/one
youngest=300
mkrepo "$one" "$youngest" 3000000 1 32 || exit 1
{
	job copy "$one" "$tmp/copy"
	job dump "$one" "$tmp/dump" 'method = dump'
} >"$tmp/conf"
check "mirrors are made" call run --once copy dump

# ---- kill -9 of the repair

# damage MIRROR: in many places
damage() {
	for rev in 40 77 120 155 200 250 299; do
		flip "$(ls "$1/db/revs"/*/"$rev")" 60
		props "$1" $((rev - 5))
	done
}
# start JOB: the repair of it, in the background
start() {
	"$SYNCGATE" verify --repair -c "$tmp/conf" "$1" >"$out" 2>"$err" \
	    </dev/null &
	hot_pid=$!
	at_exit "kill_child $hot_pid"
}
# whole MIRROR: each file of a revision is one of those that it may be
whole() {
	(cd "$1/db" && find revs revprops -type f -exec sha256sum {} +) |
	    sort >"$tmp/now"
	comm -23 "$tmp/now" "$tmp/may-be" >"$tmp/odd"
	[ ! -s "$tmp/odd" ]
}
sums() {
	(cd "$1/db" && find revs revprops -type f -exec sha256sum {} +)
}
sums copy >"$tmp/good"
damage copy
{ cat "$tmp/good"; sums copy; } | sort -u >"$tmp/may-be"
for n in $(seq "$kills"); do
	start copy
	sleep "0.$((n * 73 % 500 + 10))"
	kill -9 "$hot_pid" 2>/dev/null
	wait "$hot_pid" 2>/dev/null
	check "kill $n: each file is what it was, or what is right" whole copy
done
repaired "after kills" copy "$one" copy
check_not "their leftovers are gone" ls -d copy/db/syncgate-mend*[^k]

damage dump
for n in $(seq "$kills"); do
	start dump
	sleep "0.$((n * 171 % 900 + 10))"
	kill -9 "$hot_pid" 2>/dev/null
	wait "$hot_pid" 2>/dev/null
	check "kill $n, by dump: there is a mirror, up to r$youngest" \
	    test "$(repo_youngest dump)" = "$youngest"
done
check "by dump, after kills" call verify --repair dump
same_repo "the dumps are equal" "$one" dump
check_not "nothing is left" ls -d dump.syncgate-new dump/db/syncgate-resync

# ---- A full disk
if [ "$(id -u)" -eq 0 ] && mkdir small &&
    mount -t tmpfs -o size=8m none small 2>/dev/null; then
	at_exit "umount '$tmp/small' 2>/dev/null"
	job small "$one" "$tmp/small/m" >>"$tmp/conf"
	job small-dump "$one" "$tmp/small/d" 'method = dump' >>"$tmp/conf"
	for job in small small-dump; do
		[ $job = small ] && mirror=small/m || mirror=small/d
		check "$job: a mirror on a small disk" call run --once "$job"
		file=$(ls "$mirror/db/revs"/*/77)
		flip "$file" 60
		sums "$mirror" | sort >"$tmp/may-be"
		head -c 100000000 /dev/zero >small/filler 2>/dev/null
		check_not "$job: with a full disk it is not repaired" \
		    call verify --repair "$job"
		check_grep "$job: which is said" 'No space left' "$err"
		check "$job: and nothing has changed" whole "$mirror"
		check_not "$job: nothing is left" ls -d "$mirror.syncgate-new" \
		    "$mirror/db/syncgate-mend"
		rm -f small/filler
		repaired "$job: with space" "$job" "$one" "$mirror"
		rm -rf "$mirror" "$mirror".before-*
	done
else
	skip "a small disk takes root and mount"
fi

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
for n in 1 2 3 4 5 6; do
	check "while the source grows, $n" call verify copy
done
wait $!
check "it is packed while it is compared: a run" call run --once copy
for n in 1 2 3 4 5 6; do
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
for n in $(seq 30); do
	cp -p copy/db/revs/1/40 saved
	chmod u+w copy/db/revs/1/40
	python3 any.py copy/db/revs/1/40 "$n"
	call verify copy && fail "byte flip $n of r40 is not found" /dev/null
	cp -p saved copy/db/revs/1/40
done
pass "flips of bytes of r40 were found"
finish
