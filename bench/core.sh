#!/bin/sh
# bench/core.sh [ROUNDS [GATEWAYS]]: the core beside python3-execnet, mitogen
# (where it is installed), a plain pipe and bare libssh2, in turns.  Warm: a
# first round is not counted.  Not given: 5 rounds, 1,000 gateways.
#
# Each line: what, ours (best and median), the other's, their ratio by the
# medians (above 1: ours is better) and what is expected of it.
top_srcdir=${top_srcdir:-$(cd "$(dirname "$0")/.." && pwd)}
. "$top_srcdir/tests/lib/lib.sh"
. "$top_srcdir/tests/lib/sshd.sh"
. "$top_srcdir/bench/relay.sh"
need python3

rounds=${1:-5}
gateways=${2:-1000}
bench=$top_builddir/bench/core_bench
peers="/usr/bin/python3 $top_srcdir/bench/peers.py"
cd "$tmp" || exit 2
sshd_start || exit 1
/usr/bin/python3 -c 'import execnet' || { echo "no python3-execnet"; exit 1; }

# figure NAME COMMAND...: one number more for NAME.
figure() {
	figure_name=$1
	shift
	"$@" >one || { echo "$figure_name failed" >&2; exit 1; }
	[ "$round" -eq 0 ] || cat one >>"$figure_name"
}

# "BEST MEDIAN" of a figure; $2: whether small or large is good.
best_median() {
	sort -n"$([ "$2" = large ] && echo r)" "$1" | awk '
	{ v[NR] = $1 }
	END { printf "%s %s", v[1], v[int((NR + 1) / 2)] }'
}

# compare TEXT OURS OTHER small|large EXPECTED
compare() {
	set -- "$1" "$(best_median "$2" "$4")" "$(best_median "$3" "$4")" \
	    "$4" "$5"
	echo "$1|$2 $3 $4|$5" | awk -F'|' '{
		split($2, v, " ")
		ratio = v[5] == "small" ? v[4] / v[2] : v[2] / v[4]
		printf "%-44s %9s %9s   %9s %9s   %6.2f  (%s)\n", $1, v[1],
		    v[2], v[3], v[4], ratio, $3
	}'
}

# 25 ms each way are a round trip of 50.
slow=$(relay_start 25 10)

mitogen=
/usr/bin/python3 -c 'import mitogen' 2>/dev/null && mitogen=yes
round=0
while [ "$round" -le "$rounds" ]; do
	for what in open first trip bulk; do
		figure "ours-$what" "$bench" "$what" popen
		figure "execnet-$what" $peers execnet "$what"
		[ -z "$mitogen" ] || [ "$what" = bulk ] ||
		    figure "mitogen-$what" $peers mitogen "$what"
	done
	figure pipe-bulk "$bench" pipe-bulk
	figure ours-ssh-trip "$bench" trip "$SSHD_XSPEC"
	figure bare-ssh-trip "$bench" ssh-trip "$SSHD_XSPEC"
	figure ours-ssh-bulk "$bench" bulk "$SSHD_XSPEC"
	figure bare-ssh-bulk "$bench" ssh-bulk "$SSHD_XSPEC"
	figure slow "$bench" open "$slow//timeout=120"
	figure slow-cache "$bench" open "$slow//cache=yes//timeout=120"
	round=$((round + 1))
done

echo "load: $(cut -d' ' -f1-3 /proc/loadavg), processors: $(nproc)," \
    "rounds: $rounds"
printf '%-44s %9s %9s   %9s %9s   %6s\n' '' ours: median other: median ratio
compare "open, popen, ms; execnet" ours-open execnet-open small "10"
compare "first value, popen, ms; execnet" ours-first execnet-first small "-"
compare "round trip, popen, us; execnet" ours-trip execnet-trip small "1.5"
compare "bulk, popen, MB/s; execnet" ours-bulk execnet-bulk large "2"
compare "bulk, popen, MB/s; a plain pipe" ours-bulk pipe-bulk large "0.5"
if [ -n "$mitogen" ]; then
	compare "open, popen, ms; mitogen" ours-open mitogen-open small "-"
	compare "first value, popen, ms; mitogen" ours-first mitogen-first \
	    small "-"
	compare "round trip, popen, us; mitogen" ours-trip mitogen-trip \
	    small "-"
fi
compare "round trip, ssh, us; bare libssh2 echo" ours-ssh-trip bare-ssh-trip \
    small "1/1.3 = 0.77"
compare "bulk, ssh, MB/s; bare libssh2" ours-ssh-bulk bare-ssh-bulk large "0.9"
compare "open, ssh, 50 ms and 10 Mbit/s, ms; cache" slow slow-cache small "-"
round=1
"$bench" many "$gateways" >many || exit 1
echo "$gateways popen gateways at once: $(awk '{ printf "%s s, %s KiB of this" \
    " process for each (at most 300)", $1, $2 }' many)"
exec 7>&-
