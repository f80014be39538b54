#!/bin/sh
# bench/svn2git-rise.sh [ROUNDS [REVISIONS]]: does a revision take longer the
# more there are?  A Subversion repository becomes a Git repository as in
# bench/svn2git.sh: its first fifth, its first four fifths, and all of it; what
# the last fifth took is the difference.  Not given: 2 rounds, 50,000 revisions.
#
# It is processor time that is compared, the best of all rounds, since others
# may use the machine, too.
top_srcdir=${top_srcdir:-$(cd "$(dirname "$0")/.." && pwd)}
. "$top_srcdir/tests/lib/lib.sh"
. "$top_srcdir/tests/lib/hotsync.sh"
. "$top_srcdir/bench/times.sh"
need svnadmin python3

rounds=${1:-2}
revisions=${2:-50000}
parts="$((revisions / 5)) $((revisions * 4 / 5)) $revisions"
# All of it in memory: a disk is no part of what is measured.
shm=$(mktemp -d /dev/shm/svn2git.XXXXXX) && at_exit "rm -rf $shm"

# The first N revisions of the source: the same files, and another `current`.
part() {
	cp -al "$shm/source" "$shm/$1" && rm -f "$shm/$1/db/current" &&
	    echo "$1" >"$shm/$1/db/current" && hot "$shm/$1" "$shm/m$1"
}

# Seconds of processor time and of time, MiB at most, MB of packs.
convert() {
	rm -rf "$shm/git" &&
	    python3 - "$SYNCGATE" run --once --plugin svnhotsync \
	    source="$shm/$1" mirror="$shm/m$1" git="$shm/git" verify=no \
	    2>"$err" <<'EOF' >"$tmp/used" || { cat "$err"; return 1; }
import resource, subprocess, sys, time
start = time.time()
code = subprocess.call(sys.argv[1:], stdout=subprocess.DEVNULL)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print("%.2f %.2f %.0f" % (used.ru_utime + used.ru_stime,
                          time.time() - start, used.ru_maxrss / 1024), end=" ")
sys.exit(code)
EOF
	cat "$shm"/git/objects/pack/*.pack | wc -c |
	    awk '{ printf "%.1f\n", $1 / 1e6 }' >>"$tmp/used"
	cat "$tmp/used" >>"$tmp/used.$1"
}

# Of column K of the rounds of N revisions, the least or the most.
least() {
	sort -n -k"$2,$2" "$tmp/used.$1" | awk -v k="$2" 'NR == 1 { print $k }'
}
most() {
	sort -rn -k"$2,$2" "$tmp/used.$1" | awk -v k="$2" 'NR == 1 { print $k }'
}

echo "making $revisions revisions..."
python3 "$top_srcdir/bench/svn2git_make.py" "$revisions" >"$shm/dump" &&
    svnadmin create "$shm/source" &&
    svnadmin load -q --no-flush-to-disk "$shm/source" <"$shm/dump" || exit 1
rm -f "$shm/dump"
for n in $parts; do
	part "$n" || { cat "$err"; exit 1; }
done
echo "load: $(cut -d' ' -f1-3 /proc/loadavg), processors: $(nproc)"
for round in $(seq "$rounds"); do
	for n in $parts; do
		convert "$n" || exit 1
	done
done

for n in $parts; do
	echo "$n $(least "$n" 1) $(least "$n" 2) $(most "$n" 3)" \
	    "$(least "$n" 4)"
done | awk '{
	printf "%7d revisions: best %6.2f s of processor time, %6.2f s; " \
	    "%.0f MiB at most, packs %.1f MB\n", $1, $2, $3, $4, $5 }'
set -- $parts
awk -v a="$(least "$1" 1)" -v b="$(least "$2" 1)" -v c="$(least "$3" 1)" \
    -v n="$1" 'BEGIN {
	printf "the first %d took %.2f s of processor time, the last %.2f s:" \
	    " %.2f times as much\n", n, a, c - b, (c - b) / a }'
