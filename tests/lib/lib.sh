# lib.sh: what every system test needs.  Source it first:
#
#	. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib/lib.sh"
#
# A script runs by hand too: `sh tests/system/NAME.sh` uses the build in build/
# unless top_builddir says where.  It gets
#
#	$top_srcdir, $top_builddir	absolute
#	$tmp				a folder of its own, removed at the end
#	$SYNCGATE, $AGENT		the programs of the build
#	$sanitize, $CC			what was configured
#
# and says each thing it checked as a sentence, by check, pass, fail or skip,
# and ends by calling finish.

set -u
LC_ALL=C.UTF-8
export LC_ALL
unset SSH_AUTH_SOCK SSH_ASKPASS DISPLAY 2>/dev/null || :

top_srcdir=$(cd "${top_srcdir:-$(dirname "$0")/../..}" && pwd) || exit 2
top_builddir=${top_builddir:-$top_srcdir/build}
if ! [ -f "$top_builddir/tests/config.sh" ]; then
	echo "$0: no build in $top_builddir: set top_builddir" >&2
	exit 2
fi
top_builddir=$(cd "$top_builddir" && pwd) || exit 2
. "$top_builddir/tests/config.sh"

SYNCGATE=$top_builddir/tests/syncgate
AGENT=$top_builddir/agent/syncgate-agent-$host_cpu
SYNCGATE_AGENT_DIR=$top_builddir/agent
SYNCGATE_PLUGIN_DIR=$top_builddir/plugins/.libs
export top_srcdir top_builddir SYNCGATE_AGENT_DIR SYNCGATE_PLUGIN_DIR
# As run.sh has them: for a script that is run by hand.
: "${ASAN_OPTIONS=detect_leaks=1:strict_string_checks=1:detect_odr_violation=0}"
: "${LSAN_OPTIONS=suppressions=$top_srcdir/tests/lib/lsan.supp:print_suppressions=0}"
export ASAN_OPTIONS LSAN_OPTIONS

tmp=$(mktemp -d "${TMPDIR:-/tmp}/syncgate-test.XXXXXX") || exit 2
test_passed=0
test_failed=0
test_skipped=0
test_cleanups=

# at_exit COMMAND: run it when the test ends, the last one first.
at_exit() {
	test_cleanups="$1
$test_cleanups"
}

# kill_child PID...: kill -9, but only what is still a child of ours: process
# ids come round again, and a stale one is somebody else's.
kill_child() {
	for test_child in "$@"; do
		[ "$(ps -o ppid= -p "$test_child" 2>/dev/null | tr -d ' ')" \
		    != $$ ] || kill -9 "$test_child" 2>/dev/null
	done
}

test_end() {
	test_status=$?
	trap - EXIT HUP INT TERM
	eval "$test_cleanups"
	if [ -n "${KEEP_TMP:-}" ]; then
		echo "kept $tmp"
	else
		chmod -R u+rwX "$tmp" 2>/dev/null
		rm -rf "$tmp"
	fi
	exit "$test_status"
}
trap test_end EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

pass() {
	test_passed=$((test_passed + 1))
	echo "ok: $1"
}

# fail SENTENCE [FILE]: it did not hold; shows the end of FILE.
fail() {
	test_failed=$((test_failed + 1))
	echo "FAILED: $1"
	if [ -n "${2:-}" ] && [ -f "$2" ]; then
		tail -n 40 "$2" | sed 's/^/    | /'
	fi
	return 1
}

skip() {
	test_skipped=$((test_skipped + 1))
	echo "skipped: $1"
}

# check SENTENCE COMMAND...: the sentence holds if the command succeeds.
check() {
	test_sentence=$1
	shift
	if "$@" >"$tmp/.check" 2>&1; then
		pass "$test_sentence"
	else
		fail "$test_sentence (exit $?: $*)" "$tmp/.check"
	fi
}

# check_not SENTENCE COMMAND...: the command must fail, and not by a signal.
check_not() {
	test_sentence=$1
	shift
	"$@" >"$tmp/.check" 2>&1
	test_rc=$?
	if [ "$test_rc" -ne 0 ] && [ "$test_rc" -lt 126 ]; then
		pass "$test_sentence"
	else
		fail "$test_sentence (exit $test_rc: $*)" "$tmp/.check"
	fi
}

# check_equal SENTENCE WANTED GOT
check_equal() {
	if [ "$2" = "$3" ]; then
		pass "$1"
	else
		fail "$1: wanted '$2', got '$3'"
	fi
}

# check_none SENTENCE PATH...: none of them is there.  (`check_not ls` holds if
# one is missing, whatever the others.)
check_none() {
	test_sentence=$1
	shift
	check_equal "$test_sentence" "" "$(ls -d "$@" 2>/dev/null)"
}

# check_grep SENTENCE PATTERN FILE...: a line of one of the files matches
# (grep -E).
check_grep() {
	test_sentence=$1
	test_pattern=$2
	shift 2
	if cat "$@" | grep -Eq -e "$test_pattern"; then
		pass "$test_sentence"
	else
		cat "$@" >"$tmp/.grep"
		fail "$test_sentence: no line matches '$test_pattern'" \
		    "$tmp/.grep"
	fi
}

# within SECONDS COMMAND...: try it 20 times a second, for no longer than that.
within() {
	test_tries=$(($1 * 20))
	shift
	until "$@" >/dev/null 2>&1; do
		test_tries=$((test_tries - 1))
		[ "$test_tries" -gt 0 ] || return 1
		sleep 0.05
	done
}

# wait_until SECONDS COMMAND...: that many on a quiet machine.  A busy one gets
# three times as long: such a limit ends what hangs, and says of nothing how
# fast it is.
wait_until() {
	test_patience=$(($1 * 3))
	shift
	within "$test_patience" "$@"
}

# signal_taken PID: no signal waits for it; two that wait together are one.
signal_taken() {
	grep -q '^ShdPnd:[[:space:]]*0*$' "/proc/$1/status"
}

# have PROGRAM...: are they all there?
have() {
	for test_program in "$@"; do
		command -v "$test_program" >/dev/null 2>&1 || return 1
	done
}

# need PROGRAM...: without one of them, the whole test is skipped.
need() {
	for test_program in "$@"; do
		have "$test_program" ||
		    skip_all "no $test_program on this machine"
	done
}

skip_all() {
	skip "$1"
	finish
}

# The figures, and 0, 1, or 77 if there was nothing but skips.
finish() {
	echo "$test_passed passed, $test_failed failed, $test_skipped skipped"
	[ "$test_failed" -eq 0 ] || exit 1
	[ "$test_passed" -gt 0 ] && exit 0
	[ "$test_skipped" -gt 0 ] && exit 77
	echo "this test checked nothing"
	exit 1
}
