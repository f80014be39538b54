#!/bin/sh
# fileproc with a system that is there, killed at random moments: syncgate, and
# the agent's processes at the system.  Each item is placed once, is processed
# there once, and its result appears once and whole.
#
#	ITEMS=40 KILLS=12 SEED=n
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib/lib.sh"

cd "$tmp" || exit 2
items=${ITEMS:-40}
kills=${KILLS:-12}
seed=${SEED:-$(date +%s)}
echo "seed $seed"

mkdir -p in sys/in sys/out
sh "$top_srcdir/tests/lib/legacy.sh" "$tmp/sys" &
at_exit "touch '$tmp/sys/stop'"

start() {
	"$SYNCGATE" run "$@" --store="sqlite:$tmp/store.db" --plugin fileproc \
	    data-in="$tmp/in" data-out="$tmp/out" remote-in="$tmp/sys/in" \
	    remote-out="$tmp/sys/out" 'result=%n.out' poll=200ms settle=300ms \
	    backoff=50ms timeout=60s >>log 2>&1 &
	pid=$!
}

# victims: the job, and what it started over there.
victims() {
	echo "$pid"
	pgrep -P "$pid"
	for child in $(pgrep -P "$pid"); do
		pgrep -P "$child"
	done
}

# Does the job?  (What was killed is there until it is waited for.)
runs() {
	case $(ps -o stat= -p "$pid") in
	'' | Z*) return 1 ;;
	esac
}

# random N: a number below N.
random() {
	seed=$(((seed * 1103515245 + 12345) % 2147483648))
	echo $((seed / 65536 % $1))
}

start
n=0
killed=0
while [ "$killed" -lt "$kills" ]; do
	for more in 1 2 3; do
		[ "$n" -ge "$items" ] || {
			n=$((n + 1))
			echo "item $n" >"in/i$n"
		}
	done
	sleep "0.$(random 10)$(random 10)"
	set -- $(victims)
	shift "$(random $#)"
	kill -9 "$1" 2>/dev/null && killed=$((killed + 1))
	if ! runs; then
		wait "$pid" 2>/dev/null
		start
	fi
done
while [ "$n" -lt "$items" ]; do
	n=$((n + 1))
	echo "item $n" >"in/i$n"
done
all_there() {
	[ "$(find out -name 'i*.out' ! -path '*/.syncgate/*' | wc -l)" -ge "$items" ]
}
check "all results appear" wait_until 120 all_there || tail -20 log
kill "$pid" 2>/dev/null
wait "$pid" 2>/dev/null
start --once
wait "$pid"
check_equal "and a last run ends well" 0 $?
wrong=
for k in $(seq "$items"); do
	[ "$(xargs <"out/i$k.out")" = "out of item $k end" ] || wrong="$wrong $k"
done
check_equal "each is whole" "" "$wrong"
check_equal "there is nothing else" "$items" "$(cd out && echo * | wc -w)"
check_equal "each was processed once over there" "$items $items" \
    "$(wc -l <sys/done) $(sort -u sys/done | wc -l)"
check_equal "no claim is left" "" "$(find in/.syncgate -mindepth 2)"
check_equal "nothing is left in the system's folders" "" \
    "$(find sys/in sys/out -type f ! -name lock ! -name '*.run' \
    ! -path '*/slots/*')"
check_equal "and nothing was given up" "" "$(ls in.failed)"
finish
