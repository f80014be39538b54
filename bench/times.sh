# bench/times.sh: what the benches that time commands in turns share; to be read
# in behind tests/lib/lib.sh.

now() {
	date +%s.%N
}

# timed NAME COMMAND...: its seconds become a line of NAME.times.
timed() {
	timed_name=$1
	shift
	sync -f .
	timed_start=$(now)
	"$@" || { echo "$timed_name failed" >&2; exit 1; }
	echo "$timed_start $(now)" | awk '{ printf "%.3f\n", $2 - $1 }' \
	    >>"$timed_name.times"
}

# best FILE [-r]: its least number; with -r the most.
best() {
	sort -g ${2:-} "$1" | head -n 1
}
median() {
	sort -g "$1" | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'
}
ratio() {
	awk -v a="$1" -v b="$2" 'BEGIN { printf "%.2f", a / b }'
}
