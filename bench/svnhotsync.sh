#!/bin/sh
# bench/svnhotsync.sh [ROUNDS [REVISIONS [BYTES]]]: mirroring a whole Subversion
# repository over loopback ssh, beside what copies its files and nothing else
# (ssh tar | tar of the db folder) and beside svnsync; in turns, so that all
# meet the same machine.  Not given: 5 rounds, 10,000 revisions, 100 MB.
#
# What tar does is compared to copying alone, verify=no: libsvn, which verifies,
# takes much longer than both, and has one round.
#
# svnsync is too slow to be let finish: it gets SVNSYNC_SECONDS (10) a round,
# 3 rounds, from svn+ssh to file, which is its quickest way, and its rate is
# what it did in that time.
#
# By dump the mirror is another repository: 3 rounds, of DUMP_REVISIONS (1,000)
# of the same kind, beside `ssh svnadmin dump --deltas | svnadmin load`.
#
# Every copy gets a new folder and nothing is removed before the end: ext4 looks
# long for an inode that was not deleted lately, which would be all one sees.
top_srcdir=${top_srcdir:-$(cd "$(dirname "$0")/.." && pwd)}
. "$top_srcdir/tests/lib/lib.sh"
. "$top_srcdir/tests/lib/sshd.sh"
. "$top_srcdir/tests/lib/hotsync.sh"
. "$top_srcdir/bench/times.sh"
need svnadmin svnsync svnserve python3 tar

rounds=${1:-5}
revisions=${2:-10000}
bytes=${3:-100000000}
sync_seconds=${SVNSYNC_SECONDS:-10}
dump_revisions=${DUMP_REVISIONS:-1000}
cd "$tmp" || exit 2
sshd_start || exit 1
: >memory

copy() {
	hot "$(hot_over_ssh "$tmp/source")" "$tmp/copy.$round" verify=no || {
		cat "$err"
		return 1
	}
}

back() {
	hot "$tmp/source" "$(hot_over_ssh "$tmp/back.$round")" verify=no || {
		cat "$err"
		return 1
	}
}

# As a job does it that says nothing else.
verified() {
	hot "$(hot_over_ssh "$tmp/source")" "$tmp/verified.$round" || {
		cat "$err"
		return 1
	}
}

tar_pipe() {
	mkdir "$1"
	ssh -F "$SSHD_CONFIG" 127.0.0.1 \
	    "tar -C '$tmp/source/db' -cf - ." | tar -C "$1" -xf -
}

tar_sync() {
	tar_pipe "$1" && sync -f "$1"
}

dump() {
	hot "$(hot_over_ssh "$tmp/dumped")" "$tmp/dump.$round" method=dump || {
		cat "$err"
		return 1
	}
}

# As anybody would; and with what Subversion has for the impatient.
pipe() {
	svnadmin create "$1" && ssh -F "$SSHD_CONFIG" 127.0.0.1 \
	    "svnadmin dump -q --deltas '$tmp/dumped'" |
	    svnadmin load -q ${2:-} "$1"
}

svnsync_round() {
	synced=$tmp/synced.$round
	svnadmin create "$synced"
	printf '#!/bin/sh\n' >"$synced/hooks/pre-revprop-change"
	chmod 755 "$synced/hooks/pre-revprop-change"
	SVN_SSH="ssh -F $SSHD_CONFIG"
	export SVN_SSH
	svnsync init -q "file://$synced" \
	    "svn+ssh://127.0.0.1$tmp/source" || exit 1
	svnsync_start=$(now)
	timeout "$sync_seconds" svnsync sync -q "file://$synced" \
	    2>svnsync.err
	echo "$svnsync_start $(now) $(repo_youngest "$synced")" |
	    awk '{ printf "%.2f\n", $3 / ($2 - $1) }' >>svnsync.rates
}

# Every process of a run, seen 20 times a second: VmHWM is the most it had.
# An agent's router, keeper and executors have one program.
watch_memory() {
	while [ -f watching ]; do
		for proc in $(process_tree $$); do
			awk -v pid="$proc" '
			$1 == "Name:" { name = $2 }
			$1 == "PPid:" { parent = $2 }
			$1 == "VmHWM:" { print name, pid, parent, $2 }' \
			    "/proc/$proc/status" 2>/dev/null
		done
		sleep 0.05
	done | awk '$1 ~ /^syncgate/ {
		if ($4 > most[$1 " " $2]) most[$1 " " $2] = $4
	}
	END { for (p in most) print p, most[p] }' >>memory
}

report() {
	printf '%-34s best %7.2f s   median %7.2f s   %8.0f rev/s\n' "$1" \
	    "$(best "$2")" "$(median "$2")" \
	    "$(awk -v t="$(best "$2")" -v n="$revisions" 'BEGIN { print n / t }')"
}

echo "making $revisions revisions..."
mkrepo "$tmp/source" "$revisions" "$bytes" || exit 1
echo "load: $(cut -d' ' -f1-3 /proc/loadavg), processors: $(nproc)," \
    "repository: $(du -s --apparent-size -BM source | cut -f1)," \
    "$(df -P . | awk 'NR == 2 { print $1 }'), warm"

# A round that is not counted, for memory: looking takes time.
round=0
for way in copy back; do
	: >watching
	watch_memory 2>/dev/null &
	watcher=$!
	$way || exit 1
	rm -f watching
	wait "$watcher"
	[ "$(repo_sum source)" = "$(repo_sum $way.0)" ] ||
	    { echo "the mirror is not the same" >&2; exit 1; }
done

mkrepo "$tmp/dumped" "$dump_revisions" $((dump_revisions * 5000)) || exit 1
for round in 1 2 3; do
	timed dump dump
	timed pipe pipe "$tmp/pipe.$round"
	timed quick pipe "$tmp/quick.$round" --no-flush-to-disk
done
# As Subversion's own load makes it: where a revision sets a property to what it
# was, a dump with deltas does not say so, and the source's dump is another.
[ "$(repo_sum pipe.1)" = "$(repo_sum dump.1)" ] ||
    { echo "the mirror by dump is not as svnadmin's" >&2; exit 1; }

for round in $(seq "$rounds"); do
	timed copy copy
	timed tar tar_pipe "$tmp/tar.$round"
	timed back back
	timed tarsync tar_sync "$tmp/tarsync.$round"
	[ "$round" -gt 1 ] || timed verified verified
	[ "$round" -gt 3 ] || svnsync_round
done

report "syncgate, there to here" copy.times
report "syncgate, here to there" back.times
report "the same, verified (one round)" verified.times
report "ssh tar | tar" tar.times
report "ssh tar | tar, then sync" tarsync.times
printf '%-34s best %7.1f rev/s   median %7.1f rev/s\n' \
    "svnsync, $sync_seconds s of it" "$(best svnsync.rates -r)" \
    "$(median svnsync.rates)"
echo "syncgate takes $(ratio "$(best copy.times)" "$(best tar.times)") times" \
    "what tar does by the best," \
    "$(ratio "$(median copy.times)" "$(median tar.times)") by the median" \
    "($(ratio "$(best copy.times)" "$(best tarsync.times)") if tar syncs, too)"
echo "and is $(awk -v t="$(best copy.times)" -v n="$revisions" \
    -v r="$(best svnsync.rates -r)" 'BEGIN { printf "%.0f", n / t / r }')" \
    "times as fast as svnsync"
whole=$revisions
revisions=$dump_revisions
report "syncgate, by dump" dump.times
report "ssh svnadmin dump | svnadmin load" pipe.times
report "the same, --no-flush-to-disk" quick.times
revisions=$whole
echo "by dump syncgate is $(ratio "$(median pipe.times)" \
    "$(median dump.times)") times as fast as svnadmin's pipe," \
    "$(ratio "$(median quick.times)" "$(median dump.times)") times without" \
    "flushing (medians)"
sort -k1,1 -k3,3rn memory | awk '{
	printf "peak memory of %s: %.1f MiB\n", $1, $3 / 1024
	if ($3 > worst) worst = $3
}
END {
	if (NR == 0 || worst > 65536) {
		print "more than 64 MiB, or none seen"
		exit 1
	}
}'
