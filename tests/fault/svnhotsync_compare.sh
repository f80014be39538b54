# syncgate verify --repair that is killed, and on a disk that is full: the mirror
# has what it had or what is right, and the next one does the rest.
[ -d /dev/shm ] && [ -w /dev/shm ] && TMPDIR=/dev/shm && export TMPDIR
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib/lib.sh"
need svn svnadmin svnlook python3
. "$top_srcdir/tests/lib/hotsync.sh"
. "$top_srcdir/tests/lib/compare.sh"
cd "$tmp" || exit 2
[ -n "${SYNCGATE_LONG:-}" ] && kills=30 || kills=6

copy_and_dump

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
props copy 10	# (there is something left, however far they came)
repaired "after kills" copy "$one" copy
check_not "their leftovers are gone" ls -d copy/db/syncgate-mend*[!k]

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
check_none "nothing is left" dump.syncgate-new dump/db/syncgate-resync

# ---- A full disk
if [ "$(id -u)" -eq 0 ] && mkdir small &&
    mount -t tmpfs -o size=8m none small 2>/dev/null; then
	at_exit "umount '$tmp/small' 2>/dev/null"
	job small "$one" "popen:$tmp/small/m" >>"$tmp/conf"
	job small-dump "$one" "popen:$tmp/small/d" 'method = dump' >>"$tmp/conf"
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
		check_none "$job: nothing is left" "$mirror.syncgate-new" \
		    "$mirror/db/syncgate-mend"
		rm -f small/filler
		repaired "$job: with space" "$job" "$one" "$mirror"
		rm -rf "$mirror" "$mirror".before-*
	done
else
	skip "a small disk takes root and mount"
fi
finish
