#!/bin/sh
# bench/fileproc.sh [ROUNDS [SMALL [LARGE]]]: items of 4 KB and of 20 MB through
# `tr a-z A-Z` at 2 remotes over loopback ssh, in turns with what one would use
# otherwise, so that all meet the same machine:
#
#	GNU parallel	--trc with -S, 4 jobs a remote as we have slots; it gets
#			few items, and the rate is what counts
#	a loop		rsync there, run, rsync back: all items in one pass,
#			half of them to each remote, which is its best
#	bare libssh2	(large ones) a stream to one `tr` and back over each of
#			two connections: from and to files, each fsynced, as ours
#			are; and from and to memory, nothing but the bytes; and
#			the same work: for each item a command on a channel of
#			its own, its answer, its exit status, fsync, then the
#			next.  MB/s of the bytes there and those back, for all
#			alike
#
# Then latency: from before the close of an item, when nothing else is to be
# done, until its result is in data-out; and the most memory each process had.
# Not given: 3 rounds, 5,000 small, 50 large.  CPU is user + system of both
# sides, which a machine that others use disturbs less than seconds; the most of
# all rounds, since that of a program that is killed at the end is not counted.
#
# Nothing is removed between rounds: ext4 without a journal looks long for an
# inode that was not freed lately, which would be all one sees.
top_srcdir=${top_srcdir:-$(cd "$(dirname "$0")/.." && pwd)}
. "$top_srcdir/tests/lib/lib.sh"
. "$top_srcdir/tests/lib/sshd.sh"
need python3 rsync

rounds=${1:-3}
small=${2:-5000}
large=${3:-50}
few_small=${PARALLEL_SMALL:-24}
few_large=${PARALLEL_LARGE:-6}
latencies=${LATENCIES:-60}
bench=$top_builddir/bench/fileproc_bench
command='tr a-z A-Z'
cd "$tmp" || exit 2
[ -x "$bench" ] || { echo "make bench/fileproc_bench first"; exit 2; }

# A home without a .bashrc, which some have fill with what takes long: one login
# an item would pay for it.
mkdir home
sshd_start "SetEnv HOME=$tmp/home" || exit 1
HOME=$tmp/home
XDG_STATE_HOME=$tmp/state
export HOME XDG_STATE_HOME
other=$(echo "$SSHD_XSPEC" | sed 's/127\.0\.0\.1$/syncgate-test/')
hosts="127.0.0.1 syncgate-test"
printf '#!/bin/sh\nexec ssh -F "%s" "$@"\n' "$SSHD_CONFIG" >ssh
chmod 755 ssh
parallel=
if parallel --version 2>/dev/null | grep -q '^GNU'; then
	parallel=yes
else
	echo "no GNU parallel (Debian: apt-get install parallel): left out"
fi

# ---- Items ------------------------------------------------------------------

# make_items FOLDER N BYTES: text, each other than the rest.
make_items() {
	mkdir "$1"
	python3 - "$@" <<'EOP'
import base64, os, sys
folder, n, size = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
text = base64.encodebytes(os.urandom(size))[:size]
for i in range(n):
    with open("%s/item%06d" % (folder, i), "wb") as f:
        f.write((b"%06d" % i + text)[:size])
EOP
}

# copy_items FROM TO [N]: the first N; large ones are linked.
copy_items() {
	mkdir "$2"
	case $1 in large) how=-l ;; *) how=-p ;; esac
	ls "$1" | head -n "${3:-1000000}" | (cd "$1" && xargs cp "$how" -t "../$2")
}

# All results are there, and right: FROM, FOLDER.
check_results() {
	(cd "$1" && ls | head -n "$3" | xargs cat) | $command | md5sum >wanted
	(cd "$2" && ls | grep '^item' | sort | xargs cat) | md5sum >got
	cmp -s wanted got || { echo "$2: the results are wrong"; exit 1; }
}

# ---- Measuring ----------------------------------------------------------------

# The CPU time that programs over there had, in seconds; they have ended.
cpu_there() {
	sleep 0.5
	awk '{ print ($14 + $15 + $16 + $17) / 100 }' "/proc/$SSHD_PID/stat"
}

# The same for what this shell has waited for.
cpu_here() {
	times >times
	awk 'NR == 2 { gsub(/[ms]/, " "); print $1 * 60 + $2 + $3 * 60 + $4 }' times
}

now() {
	date +%s.%N
}

# measure NAME ITEMS BYTES COMMAND...: a line "s items/s MB/s cpu" of NAME.
measure() {
	m_name=$1 m_items=$2 m_bytes=$3
	shift 3
	sync -f .
	cpu_there >there
	cpu_here >here
	m_begin=$(now)
	"$@" >log 2>&1 || { echo "$m_name failed"; cat log; exit 1; }
	m_end=$(now)
	cpu_here >>here
	cpu_there >>there
	cat here there | tr '\n' ' ' | awk -v n="$m_items" -v bytes="$m_bytes" \
	    -v begin="$m_begin" -v end="$m_end" '{
		s = end - begin
		printf "%.3f %.2f %.2f %.2f\n", s, n / s,
		    n * 2 * bytes / 1e6 / s, $2 - $1 + $4 - $3
	}' >>"$m_name.figures"
}

# best, median NAME N: of a field; the larger the better.
best() {
	sort -g -r -k"$2,$2" "$1.figures" | awk -v f="$2" 'NR == 1 { print $f }'
}
median() {
	sort -g -k"$2,$2" "$1.figures" |
	    awk -v f="$2" '{ v[NR] = $f } END { print v[int((NR + 1) / 2)] }'
}

most() {
	sort -g -k"$2,$2" "$1.figures" | awk -v f="$2" 'END { print $f }'
}

# report NAME TEXT FIELD UNIT ITEMS: CPU for each item.
report() {
	[ -f "$1.figures" ] || return 0
	printf '  %-38s best %9.2f  median %9.2f %-8s CPU %8.2f ms an item\n' \
	    "$2" "$(best "$1" "$3")" "$(median "$1" "$3")" "$4" \
	    "$(echo "$(most "$1" 4) $5" | awk '{ print $1 * 1000 / $2 }')"
}

# compare OURS OTHER FIELD TEXT: by medians, and round by round.
compare() {
	[ -f "$2.figures" ] || return 0
	paste "$1.figures" "$2.figures" | awk -v f="$3" '{
		printf "%s%.2f", (NR > 1 ? ", " : ""), $f / $(f + 4)
	}' >rounds
	printf '  ours to %s: %.2f by the medians (by rounds %s)%s\n' "$4" \
	    "$(echo "$(median "$1" "$3") $(median "$2" "$3")" |
	    awk '{ print $1 / $2 }')" "$(cat rounds)" "${5:-}"
}

# ---- What is compared -----------------------------------------------------------

ours() {
	"$SYNCGATE" run --once --store="sqlite:$tmp/store.db" --plugin fileproc \
	    data-in="$tmp/$1" data-out="$tmp/$2" remotes="$SSHD_XSPEC" \
	    remotes="$other" "$3"
}

# loop IN OUT: half of the items to each remote, at once.
loop() {
	for host in $hosts; do
		mkdir -p "$1.$host/in" "$1.$host/out" "$2"
		part=$([ "$host" = 127.0.0.1 ] && echo 1 || echo 0)
		(cd "$1" && ls | awk -v p="$part" 'NR % 2 == p') >"list.$host"
	done
	loops=
	for host in $hosts; do
		{
			rsync -t -e "$tmp/ssh" --files-from="list.$host" "$1" \
			    "$host:$tmp/$1.$host/in" &&
			    "$tmp/ssh" "$host" "cd '$tmp/$1.$host/in' &&
				for f in *; do
					$command <\"\$f\" >\"../out/\$f\"
				done" &&
			    rsync -rt -e "$tmp/ssh" \
				"$host:$tmp/$1.$host/out/" "$2" || exit 1
		} &
		loops="$loops $!"
	done
	for pid in $loops; do
		wait "$pid" || return 1
	done
}

run_parallel() {
	mkdir "$2"
	(cd "$1" && ls) >list
	(cd "$1" && parallel --will-cite --ssh "$tmp/ssh" \
	    -S 4/127.0.0.1,4/syncgate-test --workdir ... --trc "{}.out" \
	    "$command <{} >{}.out" <"$tmp/list") || return 1
	for item in "$1"/*.out; do
		item=${item##*/}
		mv "$1/$item" "$2/${item%.out}"
	done
}

# one_round SIZE ITEMS BYTES FEW: all that is compared, once.
one_round() {
	copy_items "$1" "$1-ours.$round"
	measure "$1-ours" "$2" "$3" ours "$1-ours.$round" \
	    "$1-ours-out.$round" "command=$command"
	check_results "$1" "$1-ours-out.$round" "$2"
	copy_items "$1" "$1-loop.$round"
	measure "$1-loop" "$2" "$3" loop "$1-loop.$round" "$1-loop-out.$round"
	check_results "$1" "$1-loop-out.$round" "$2"
	[ -n "$parallel" ] || return 0
	copy_items "$1" "$1-par.$round" "$4"
	measure "$1-par" "$4" "$3" run_parallel "$1-par.$round" \
	    "$1-par-out.$round"
	check_results "$1" "$1-par-out.$round" "$4"
}

# bare_files HOW FOLDER
bare_files() {
	mkdir "$2"
	"$bench" "$1" large "$2" "$command" "$SSHD_XSPEC" "$other"
}

bare_round() {
	for how in files items; do
		measure "large-$how" "$large" 20000000 bare_files "$how" \
		    "bare-$how.$round"
		check_results large "bare-$how.$round" "$large"
	done
	measure large-memory "$large" 20000000 "$bench" memory \
	    $((large * 10000000)) "$command" "$SSHD_XSPEC" "$other"
}

# ---- Latency and memory -----------------------------------------------------------

# Every process of ours, seen 20 times a second: VmHWM is the most it had.
watch_memory() {
	while [ -f watching ]; do
		for proc in $(process_tree $$); do
			awk '$1 == "Name:" { name = $2 }
			$1 == "VmHWM:" { print name, $2 }' \
			    "/proc/$proc/status" 2>/dev/null
		done
		sleep 0.05
	done | awk '$1 ~ /^syncgate/ { if ($2 > most[$1]) most[$1] = $2 }
	END { for (p in most) print p, most[p] }' >>memory
}

# A round that is not counted, for memory: looking takes time.
memory_round() {
	for size in small large; do
		copy_items "$size" "$size-memory"
		: >watching
		watch_memory 2>/dev/null &
		watcher=$!
		ours "$size-memory" "$size-memory-out" "command=$command" \
		    >log 2>&1 || { cat log; exit 1; }
		rm -f watching
		wait "$watcher"
		sort -k1,1 -k2,2rn memory | awk -v size="$size" '
		!($1 in seen) {
			seen[$1] = 1
			line = line sprintf("%s %s %.1f MiB",
			    line == "" ? "" : ",", $1, $2 / 1024)
		}
		END { print "  " size " items:" line }'
		rm -f memory
	done
}

# latency NAME OPTION
latency() {
	mkdir "latency-in.$1" "latency-out.$1"
	"$SYNCGATE" run --store="sqlite:$tmp/store.db" --plugin fileproc \
	    data-in="$tmp/latency-in.$1" data-out="$tmp/latency-out.$1" \
	    remotes="$SSHD_XSPEC" remotes="$other" "$2" >log 2>&1 &
	runs=$!
	"$bench" latency "latency-in.$1" "latency-out.$1" "$latencies" 4096 \
	    >"latency.$1" || { cat log; exit 1; }
	kill "$runs"
	wait "$runs"
	awk -v name="$1" '{ printf "  %-38s median %.2f ms, of ten nine below " \
	    "%.2f, worst %.2f (expected: median below 20)\n", name, $1, $2,
	    $3 }' "latency.$1"
}

# ---- All of it -----------------------------------------------------------------

echo "making $small items of 4,096 bytes and $large of 20,000,000..."
make_items small "$small" 4096
make_items large "$large" 20000000
echo "load: $(cut -d' ' -f1-3 /proc/loadavg), processors: $(nproc)," \
    "$(df -PT . | awk 'NR == 2 { print $1, $2 }'), 2 remotes, 4 slots each"
for round in $(seq "$rounds"); do
	one_round small "$small" 4096 "$few_small"
	one_round large "$large" 20000000 "$few_large"
	bare_round
done

echo "small items:"
report small-ours "fileproc, $small items" 2 items/s "$small"
report small-loop "rsync-run-rsync, $small items" 2 items/s "$small"
report small-par "GNU parallel, $few_small items" 2 items/s "$few_small"
compare small-ours small-par 2 "GNU parallel" ", expected: 50 at least"
compare small-ours small-loop 2 "the loop"
echo "large items:"
report large-ours "fileproc, $large items" 3 MB/s "$large"
report large-files "bare libssh2, files" 3 MB/s "$large"
report large-items "bare libssh2, items" 3 MB/s "$large"
report large-memory "bare libssh2, memory" 3 MB/s "$large"
report large-loop "rsync-run-rsync, $large items" 3 MB/s "$large"
report large-par "GNU parallel, $few_large items" 3 MB/s "$few_large"
compare large-ours large-files 3 "bare libssh2's stream of files" \
    ", expected: 0.9 at least"
compare large-ours large-items 3 "bare libssh2, a command an item"
compare large-ours large-memory 3 "bare libssh2 in memory"
compare large-ours large-loop 3 "the loop"
compare large-ours large-par 3 "GNU parallel"
echo "latency, $latencies items of 4,096 bytes, nothing else to do:"
latency command "command=$command"
latency C "processor=$top_srcdir/conf/examples/fileproc-uppercase.c"
echo "peak memory (RSS) of the largest process of each kind:"
memory_round
echo "load: $(cut -d' ' -f1-3 /proc/loadavg)"
