#!/bin/sh
# fileproc with systems that are there already and watch their folders: over a
# real sshd; results by pattern, several, a folder; markers; users side by side;
# what never comes, and what is killed.
# sanitize: yes
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib/lib.sh"
. "$top_srcdir/tests/lib/sshd.sh"

cd "$tmp" || exit 2
sshd_start

# legacy NAME [SUFFIX]: start one in NAME.sys.
legacy() {
	mkdir -p "$1.sys/in" "$1.sys/out" "$1.in"
	sh "$top_srcdir/tests/lib/legacy.sh" "$tmp/$1.sys" ${2:+"$2"} &
	at_exit "touch '$tmp/$1.sys/stop'"
}

# fp NAME OPTION...: the items of NAME.in through NAME.sys.
fp() {
	fp_name=$1
	shift
	timeout 60 "$SYNCGATE" run --once --store="sqlite:$tmp/store.db" \
	    --plugin fileproc data-in="$tmp/$fp_name.in" \
	    data-out="$tmp/$fp_name.out" "remotes=$SSHD_XSPEC" \
	    remote-in="$tmp/${sys:-$fp_name}.sys/in" \
	    remote-out="$tmp/${sys:-$fp_name}.sys/out" poll=200ms \
	    settle="${settle:-300ms}" \
	    backoff=50ms "$@" >"$fp_name.log" 2>&1
}

# clean NAME [PATH]: nothing is left here nor there, but what is like PATH.
clean() {
	check_equal "$1: no claim is left" "" \
	    "$(find "$1.in/.syncgate" -mindepth 2)"
	check_equal "$1: nothing is left in the system's folders" "" \
	    "$(find "${sys:-$1}.sys/in" "${sys:-$1}.sys/out" -type f \
	    ! -path '*/.syncgate/*'; find "${sys:-$1}.sys/in" -type f \
	    -path '*/.syncgate/*' ! -name lock ! -path '*/slots/*' \
	    ! -name '*.run' ${2:+! -path "$2"})"
}

# ---- One result each
legacy a
for n in 1 2 3 4 5 6 7 8; do
	echo "item $n" >"a.in/i$n"
done
check "a job goes through a system" fp a 'result=%n.out' || cat a.log
check_equal "each result is whole, under its own name" \
    "out of item 7 end" "$(xargs <a.out/i7.out)"
check_equal "all are there" 8 "$(cd a.out && echo * | wc -w)"
check_equal "each was processed once" 8 "$(wc -l <a.sys/done)"
clean a
echo again >a.in/i7
check "a name comes again" fp a 'result=%n.out' 'output-name=%s-result' ||
    cat a.log
check_equal "and the rule makes its name" "out of again end" \
    "$(xargs <a.out/i7-result)"

# ---- Several results
legacy b
echo doc >b.in/pages-1
settle=5s
check "results by a pattern" fp b 'result=%n.?' || cat b.log
check_equal "come as a folder" "pages-1.1 pages-1.2" \
    "$(cd b.out/pages-1 && echo *)"
settle=
clean b

# ---- Markers for a system that waits for one
legacy c .ready
echo marked >c.in/m
check "a marker is made beside the item" fp c 'result=%n.out' \
    done-suffix=.ready || cat c.log
check_equal "for which the system waits" "out of marked end" \
    "$(xargs <c.out/m.out)"
clean c

# ---- What never comes
legacy d
echo x >d.in/bad
echo y >d.in/good
check "a result that never comes" fp d 'result=%n.out' timeout=8s retries=0 ||
    cat d.log
check_equal "is given up" x "$(cat d.in.failed/bad)"
check_grep "with the reason" 'took more than 8 seconds' d.in.failed/bad.error
check_equal "others come" "out of y end" "$(xargs <d.out/good.out)"
# What was given up may still come, and is then removed: that is remembered.
clean d '*/.syncgate/items/*'

# ---- Two jobs of the same system
legacy e
mkdir f.in
for n in 1 2 3 4; do
	echo "e $n" >"e.in/same$n"
	echo "f $n" >"f.in/same$n"
done
sys=e
( sys=e; fp f 'result=%n.out' remote-slots=2 timeout=30s; echo $? >f.status ) &
other=$!
check "two jobs share a system" fp e 'result=%n.out' remote-slots=2 \
    timeout=30s || cat e.log
wait $other
check_equal "both end well" 0 "$(cat f.status)" || cat f.log
check_equal "each has its own results" "out of e 3 end out of f 3 end" \
    "$(cat e.out/same3.out f.out/same3.out | xargs)"
check_equal "all of them" "4 4" \
    "$(cd e.out && echo * | wc -w) $(cd f.out && echo * | wc -w)"
clean e
sys=

# ---- One that cannot be placed, beside one that waits for its name
mkdir -p h.in/sub h.sys/in h.sys/out
echo theirs >h.sys/in/busy
echo in the way >h.sys/in/sub
echo busy >h.in/busy
"$SYNCGATE" run --store="sqlite:$tmp/store.db" --plugin fileproc \
    data-in="$tmp/h.in" data-out="$tmp/h.out" remote-in="$tmp/h.sys/in" \
    remote-out="$tmp/h.sys/out" poll=200ms settle=300ms concurrency=2 \
    'result=%n.out' >h.log 2>&1 &
h=$!
at_exit 'kill_child "$h"'
is_staged() {
	[ -n "$(find h.sys/in/.syncgate -name '*.part')" ]
}
check "an item waits, since its name is in use" wait_until 20 is_staged
echo sub >h.in/sub/item
check "another cannot be placed" wait_until 20 grep -q 'trying again' h.log ||
    cat h.log
rm h.sys/in/sub
check "but can when the reason has gone, though the first one still waits" \
    wait_until 40 [ -e h.sys/in/sub/item ] || cat h.log
mkdir h.sys/out/sub
mv h.sys/in/sub/item h.sys/out/sub/item.out
check "and has its result" wait_until 20 [ -e h.out/sub/item.out ] ||
    cat h.log
echo third >h.in/third
check "so have those that come" wait_until 20 [ -e h.sys/in/third ]
check_equal "what waits has disturbed nothing" theirs "$(cat h.sys/in/busy)"
rm h.sys/in/busy
check "and is placed when its name is free" wait_until 20 [ -e h.sys/in/busy ]
check_equal "whole" busy "$(cat h.sys/in/busy)"
kill -TERM "$h"
wait "$h"

# ---- Refused
mkdir g.in
echo x >g.in/x
check_not "folders that are not there" fp g 'result=%n.out'
check_grep "are said" 'g.sys/in' g.log
check_equal "and nothing is lost" x \
    "$(find g.in -name x -exec cat {} +)"
finish
