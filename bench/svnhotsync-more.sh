#!/bin/sh
# bench/svnhotsync-more.sh [WHAT...]: what a mirror costs beside the copying:
#
#	latency	from a commit to the mirror, COMMITS (200) of them
#	check	a mirror that has all: the whole run, and without the opening of
#		the gateway; REVISIONS (10000)
#	scale	the time per revision of SIZES ("1000 10000 50000") revisions
#		which cost the same each, verified and not, and of commits to
#		mirrors that have so many
#	many	10 mirrors at once beside 10 runs, one after the other
#	distance
#		the same mirror over a line whose round trip takes 0 and 20 ms,
#		copied and by dump; REVISIONS
#
# Over loopback ssh.  Without WHAT all of them, which takes some minutes.
top_srcdir=${top_srcdir:-$(cd "$(dirname "$0")/.." && pwd)}
. "$top_srcdir/tests/lib/lib.sh"
. "$top_srcdir/tests/lib/sshd.sh"
. "$top_srcdir/tests/lib/hotsync.sh"
. "$top_srcdir/bench/relay.sh"
. "$top_srcdir/bench/times.sh"
need svnadmin svnmucc python3

commits=${COMMITS:-200}
revisions=${REVISIONS:-10000}
sizes=${SIZES:-1000 10000 50000}
[ $# -gt 0 ] || set -- latency check scale many distance
cd "$tmp" || exit 2
sshd_start || exit 1
echo "load: $(cut -d' ' -f1-3 /proc/loadavg), processors: $(nproc)," \
    "$(df -P . | awk 'NR == 2 { print $1 }'), warm"

since() {
	echo "$1 $(now)" | awk '{ printf "%.3f\n", $2 - $1 }'
}
# make N: the source with N revisions of some 2 KB, once.
make() {
	[ -d "source.$1" ] || mkrepo "$tmp/source.$1" "$1" "$(($1 * 2000))" ||
	    exit 1
}
hot_or_exit() {
	hot "$@" || { cat "$err" >&2; exit 1; }
}

# arrivals SOURCE MIRROR COMMITS: milliseconds from the rename of the source's
# `current` to that of the mirror's, one a line.  The kernel tells of both.
arrivals() {
	python3 - "$1" "$2" "$3" <<'END'
import ctypes, os, struct, subprocess, sys, time
source, mirror, commits = sys.argv[1], sys.argv[2], int(sys.argv[3])
libc = ctypes.CDLL(None, use_errno=True)
fd = libc.inotify_init()
watches = {libc.inotify_add_watch(fd, (p + "/db").encode(), 0x80): p
    for p in (source, mirror)}
first = int(open(source + "/db/current").read()) + 1
def events():
    data, now, at = os.read(fd, 65536), time.monotonic(), 0
    while at < len(data):
        wd, mask, cookie, n = struct.unpack_from("iIII", data, at)
        name = data[at + 16:at + 16 + n].rstrip(b"\0")
        at += 16 + n
        if name == b"current":
            yield watches[wd], now
for i in range(commits):
    client = subprocess.Popen(["svnmucc", "-m", "x", "mkdir",
        "file://%s/c-%d" % (source, first + i)], stdout=subprocess.DEVNULL)
    seen = {}
    while len(seen) < 2:
        for path, when in events():
            seen.setdefault(path, when)
    client.wait()
    print("%.2f" % ((seen[mirror] - seen[source]) * 1000))
END
}

# follow_and_measure SOURCE MIRROR COMMITS FILE
follow_and_measure() {
	hot_follow "$(hot_over_ssh "$1")" "$2"
	wait_until 60 grep -q following "$out" || exit 1
	sleep 1
	arrivals "$1" "$2" "$3" >"$4" || exit 1
	hot_stop
}

bench_latency() {
	make 100
	follow_and_measure "$tmp/source.100" "$tmp/followed" "$commits" arrived
	echo "commit to mirror, $commits commits: median $(median arrived) ms," \
	    "worst $(sort -g arrived | tail -n 1) ms"
}

bench_check() {
	make "$revisions"
	hot_or_exit "$(hot_over_ssh "$tmp/source.$revisions")" "$tmp/checked"
	: >runs
	: >opens
	echo 'void remote_main(xn_channel *c, const xn_value *k) { }' >none.c
	for round in $(seq 11); do
		start=$(now)
		hot_or_exit "$(hot_over_ssh "$tmp/source.$revisions")" \
		    "$tmp/checked"
		since "$start" >>runs
		start=$(now)
		"$SYNCGATE" exec "$SSHD_XSPEC" none.c </dev/null || exit 1
		since "$start" >>opens
	done
	echo "a mirror of $revisions that has all: $(median runs) s, of which" \
	    "opening a gateway takes $(median opens) s"
}

# each SECONDS N: milliseconds
each() {
	awk -v t="$1" -v n="$2" 'BEGIN { printf "%.3f", t * 1000 / n }'
}

bench_scale() {
	for n in $sizes; do
		svnadmin create "flat.$n"
		mkrepo_layout "$tmp/flat.$n" 1000
		python3 "$top_srcdir/bench/svnhotsync_flat.py" "$n" |
		    mkrepo_load "flat.$n" || exit 1
		start=$(now)
		hot_or_exit "$(hot_over_ssh "$tmp/flat.$n")" "$tmp/copied.$n" \
		    verify=no
		copied=$(since "$start")
		start=$(now)
		hot_or_exit "$(hot_over_ssh "$tmp/flat.$n")" "$tmp/scale.$n"
		took=$(since "$start")
		follow_and_measure "$tmp/flat.$n" "$tmp/scale.$n" 20 scaled
		echo "$n revisions: $(each "$copied" "$n") ms each," \
		    "$(each "$took" "$n") ms verified; a commit then arrives" \
		    "after $(median scaled) ms"
	done
}

bench_many() {
	make "$revisions"
	several=
	for i in $(seq 10); do several="$several mirrors=$tmp/many.$i"; done
	sync -f .
	start=$(now)
	"$SYNCGATE" run --plugin svnhotsync --once $several \
	    source="$(hot_over_ssh "$tmp/source.$revisions")" >"$out" 2>"$err" \
	    </dev/null || { cat "$err" >&2; exit 1; }
	at_once=$(since "$start")
	sync -f .
	start=$(now)
	for i in $(seq 10); do
		hot_or_exit "$(hot_over_ssh "$tmp/source.$revisions")" \
		    "$tmp/single.$i"
	done
	single=$(since "$start")
	echo "10 mirrors of $revisions revisions: $at_once s at once, $single s" \
	    "one after the other"
}

# Both by the relay, which is in the way itself: at 0 ms it carries as much.
bench_distance() {
	make "$revisions"
	for delay in 0 10; do
		line=$(relay_start "$delay" 10000)
		for method in copy dump; do
			for round in 1 2 3; do
				start=$(now)
				hot_or_exit \
				    "$line:$tmp/source.$revisions" \
				    "$tmp/far.$delay.$method.$round" \
				    method="$method"
				since "$start" >>"far.$delay.$method"
			done
			echo "$revisions revisions by $method, a round trip" \
			    "of $((2 * delay)) ms:" \
			    "$(median "far.$delay.$method") s"
		done
	done
}

for what in "$@"; do
	"bench_$what"
done
