#!/bin/sh
# Several mirrors, and what goes wrong at one of them: two are the same place, a
# disk is full, a side hangs while the job is to end.  And kill -9 of syncgate
# with ten of them, 10 times (by --long 50): all become equal.
#
# As root all of it runs in a room of its own, where a small disk can be
# mounted.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib/room.sh"
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib/lib.sh"
. "$top_srcdir/tests/lib/hotsync.sh"
need svn svnadmin svnmucc python3

[ -n "${SYNCGATE_LONG:-}" ] && kills=50 || kills=10
cd "$tmp" || exit 2
mkrepo source 150 2000000 5 50 || exit 1
commits=150
mark=syncgate-many-$$-$(od -An -N4 -tx4 /dev/urandom | tr -d ' ')

# start WORD...: all of $mirrors in the background
start() {
	hot_several "$tmp/source" "$mirrors" "$@"
}
all_have() {
	for m in $1; do
		has_revision "${m#popen:}" "$commits" || return 1
	done
}
gone() {
	! kill -0 "$hot_pid" 2>/dev/null
}

# ---- Two that are the same place, which the configuration does not show
mkdir places
ln -s one places/link
mirrors="$tmp/places/one $tmp/places/two"
start --once verify=no
wait "$hot_pid"
hot_commit "$tmp/source"
mirrors="$mirrors popen:$tmp/places/one $tmp/places/link"
start --once verify=no
wait "$hot_pid"
check_equal "two mirrors in one place wait for each other" 0 "$?"
check "all have all" all_have "$mirrors"
check_equal "and the place is well" "$(repo_sum source)" \
    "$(repo_sum places/one)"
# One of them waits for a quarter of a minute, beside what comes next.
out=$tmp/places/out
err=$tmp/places/err
start verify=no
places_pid=$hot_pid
out=$tmp/out
err=$tmp/err

# ---- kill -9, at moments spread over a run
mirrors=
for i in 1 2 3 4 5; do
	mirrors="$mirrors $tmp/m$i popen:$tmp/p$i"
done
start --once verify=no
began=$(date +%s%N)
wait "$hot_pid"
check_equal "ten mirrors are made" 0 "$?"
took=$((($(date +%s%N) - began) / 1000000))
rm -rf m? p?
struck=0
hot_env=MARK=$mark
for i in $(seq "$kills"); do
	start --once verify=no
	sleep "$(awk -v t="$took" -v i="$i" -v n="$kills" \
	    'BEGIN { printf "%.3f", t * i / (n + 1) / 1000 }')"
	kill -9 "$hot_pid" 2>/dev/null && struck=$((struck + 1))
	wait "$hot_pid" 2>/dev/null
	wait_until 10 nothing_marked "$mark" || fail "processes are left"
	hot_commit "$tmp/source"
	for m in m$((i % 5 + 1)); do
		[ ! -f "$m/format" ] || svnadmin verify -q "$m" 2>verify.err ||
		    fail "$m is whole after kill $i" verify.err
	done
	# They go on from where they are; so that there is always something.
	case $((i % 4)) in
	1) rm -rf m1 p2 m3 p4 m5 ;;
	3) rm -rf p1 m2 p3 m4 p5 ;;
	esac
done
hot_env=
check "it was killed in the middle ($struck of $kills)" \
    [ "$struck" -ge $((kills / 4)) ]
start --once verify=no
wait "$hot_pid"
check_equal "the next run brings all to their end" 0 "$?"
whole=$(repo_sum source)
for m in m? p?; do
	check_equal "$m is the same" "$whole" "$(repo_sum "$m")"
done

check "with follow one of them is refused as long as the other follows" \
    wait_until 30 grep -q 'another job is writing the mirror.*trying again' \
    places/out
hot_commit "$tmp/source"
check "which goes on" wait_until 10 all_have "$tmp/places/one $tmp/places/two"
hot_pid=$places_pid
hot_stop
check_equal "SIGTERM ends it with 0" 0 "$hot_status"
check_equal "and all is well" "$(repo_sum source)" "$(repo_sum places/one)"

# ---- A side that hangs
mirrors="$tmp/m1 popen:$tmp/p1 $tmp/m2"
start
check "three follow" wait_until 20 sh -c \
    "[ \$(grep -c '; following' '$out') = 3 ]"
stopped=$(hot_sides "$tmp/p1")
check "the side of p1 is a process" [ -n "$stopped" ]
kill -STOP $stopped
hot_commit "$tmp/source"
check "others get what comes" wait_until 10 all_have "$tmp/m1 $tmp/m2"
kill "$hot_pid"
wait_until 10 signal_taken "$hot_pid"
sleep 1
kill "$hot_pid"
check "a second signal ends the job, whatever hangs" wait_until 10 gone
wait "$hot_pid"
kill -9 $stopped 2>/dev/null
start
check "the next one brings p1 to where the others are" wait_until 30 \
    all_have "$mirrors"
hot_stop
check_equal "and SIGTERM ends it with 0" 0 "$hot_status"

# ---- One that is being connected to, and does not answer
mkdir bin
cat >bin/ssh <<END
#!/bin/sh
echo \$\$ >'$tmp/hanging'
exec sleep 1000
END
chmod 755 bin/ssh
: >"$out"
PATH="$tmp/bin:$PATH" "$SYNCGATE" run --plugin svnhotsync \
    source="popen:$tmp/source" mirrors="$tmp/m1" \
    mirrors="openssh=nobody:$tmp/nowhere" --once >>"$out" 2>"$err" </dev/null &
hot_pid=$!
at_exit "kill_child $hot_pid"
check "a mirror is being connected to" wait_until 10 test -s hanging
kill -9 $(pgrep -P "$hot_pid" | grep -vx "$(cat hanging)")
check "it does not hold up the end, when the source is lost" wait_until 10 gone
wait "$hot_pid"
check_equal "which is a failure" 1 "$?"
kill -9 "$(cat hanging)" 2>/dev/null

# ---- A disk that is full
if [ -z "${OWN_ROOM:-}" ] || ! mkdir small ||
    ! mount -t tmpfs -o size=2m none small 2>/dev/null; then
	skip "a small disk takes root and mount"
	finish
fi
at_exit "umount '$tmp/small' 2>/dev/null"
rm -rf p1 m2
mirrors="$tmp/m1 $tmp/small/s1 popen:$tmp/small/s2 $tmp/n1"
start
check "that a disk is full is said of each mirror on it" wait_until 40 sh -c \
    "grep -q 'small/s1: .*No space left' '$out' &&
    grep -q 'popen:.*small/s2: .*No space left' '$out'"
check "the others are made, and follow" wait_until 30 \
    all_have "$tmp/m1 $tmp/n1"
hot_commit "$tmp/source"
check "and get what comes" wait_until 10 all_have "$tmp/m1 $tmp/n1"
mount -o remount,size=200m "$tmp/small"
check "with space those on it come, too" wait_until 100 all_have "$mirrors"
hot_stop
check_equal "SIGTERM ends it with 0" 0 "$hot_status"
for m in m1 small/s1 small/s2 n1; do
	check_equal "$m is the same" "$(repo_sum source)" "$(repo_sum "$m")"
done
finish
