#!/bin/sh
# run.sh [-b BUILDDIR] [-j JOBS] [-l LOGDIR] [-n NAME] TEST...: run unit test
# programs and test scripts and count what they say.
#
# A TEST is a path from the top of the tree: tests/unit/test_buf is a program
# of the build, tests/system/x.sh a script of the source.  What CUnit counts is
# test cases; a script ends with "N passed, N failed, N skipped".  A test that
# is killed, dies or says no figures counts as one failure.  The output of what
# failed is shown.  The last line is "N passed, N failed, N skipped".
set -u

builddir=build
jobs=1
logdir=
name=
limit=900	# seconds a test: it ends what hangs, on whatever machine
[ -z "${SYNCGATE_LONG:-}" ] || limit=3000
limit=${TEST_TIMEOUT:-$limit}
while getopts b:j:l:n: flag; do
	case $flag in
	b) builddir=$OPTARG ;;
	j) jobs=$OPTARG ;;
	l) logdir=$OPTARG ;;
	n) name=$OPTARG ;;
	*) exit 2 ;;
	esac
done
shift $((OPTIND - 1))

# "PASSED FAILED SKIPPED" of one log; nothing if it gives no figures.
figures() {
	awk '
	/^ +tests +[0-9]+ +[0-9]+ +[0-9]+ +[0-9]+ +[0-9]+/ {
		p = $4; f = $5; s = 0; seen = 1		# CUnit
	}
	/^[0-9]+ passed, [0-9]+ failed/ {
		p = $1; f = $3; s = $5 + 0; seen = 1
	}
	END { if (seen) print p, f, s }' "$1"
}

run_one() {
	log=$logdir/$(echo "$1" | tr / -).log
	case $1 in
	*.sh) set -- "$1" sh "$top_srcdir/$1" ;;
	*) set -- "$1" "$top_builddir/$1" ;;
	esac
	test=$1
	shift
	start=$(date +%s)
	timeout -k 10 "$limit" "$@" >"$log" 2>&1 </dev/null
	status=$?
	seconds=$(($(date +%s) - start))
	counts=$(figures "$log")
	case $status in
	0 | 77) [ -n "$counts" ] || counts="0 1 0" ;;
	1)	set -- $counts
		[ "${2:-0}" -gt 0 ] || counts="${1:-0} 1 ${3:-0}" ;;
	124 | 137)
		echo "run.sh: stopped after $limit s" >>"$log"
		set -- $counts
		counts="${1:-0} $((${2:-0} + 1)) ${3:-0}" ;;
	*)	set -- $counts
		counts="${1:-0} $((${2:-0} + 1)) ${3:-0}" ;;
	esac
	set -- $counts
	line="$test${name:+ [$name]}: $1 passed, $2 failed, $3 skipped"
	if [ "$2" -gt 0 ]; then
		echo "FAIL $line (exit $status, $seconds s)
$(tail -n 60 "$log" | sed 's/^/    /')"
	else
		echo "ok   $line ($seconds s)"
		[ "$3" -eq 0 ] || grep '^skipped: ' "$log" | sed 's/^/    /'
	fi
	echo "$counts" >"$log.counts"
}

if [ -n "${RUN_ONE:-}" ]; then
	logdir=$RUN_ONE
	name=${RUN_NAME:-}
	for t in "$@"; do
		run_one "$t"
	done
	exit 0
fi

top_srcdir=$(cd "$(dirname "$0")/.." && pwd)
top_builddir=$(cd "$builddir" && pwd) || exit 2
# The system's own programs: a version manager's stand-in for python3 starts ten
# times as slowly, and is not what is tested.
PATH=${TEST_PATH:-/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin}
export PATH
SYNCGATE_AGENT_DIR=$top_builddir/agent
SYNCGATE_PLUGIN_DIR=$top_builddir/plugins/.libs
srcdir=$top_srcdir
export srcdir top_srcdir top_builddir SYNCGATE_AGENT_DIR SYNCGATE_PLUGIN_DIR
# No look for ODR violations: all plugins export one symbol, and that look reads
# the list of globals, in which ASan leaves those of a plugin that dlclose() has
# unmapped.  Nor are the thread-local variables of plugins followed by guessing
# where their memory begins: where that has an address that ends with 0x010 the
# guess is wrong, and the leak checker reads what is not there.  (They are found
# as what the loader has allocated.)
: "${ASAN_OPTIONS=detect_leaks=1:strict_string_checks=1:detect_odr_violation=0:intercept_tls_get_addr=0}"
: "${LSAN_OPTIONS=suppressions=$top_srcdir/tests/lib/lsan.supp:print_suppressions=0}"
: "${UBSAN_OPTIONS=print_stacktrace=1}"
: "${TSAN_OPTIONS=halt_on_error=1:second_deadlock_stack=1}"
export ASAN_OPTIONS LSAN_OPTIONS UBSAN_OPTIONS TSAN_OPTIONS

made=
if [ -z "$logdir" ]; then
	logdir=$(mktemp -d "${TMPDIR:-/tmp}/syncgate-run.XXXXXX") || exit 2
	made=$logdir
	trap 'rm -rf "$made"' EXIT
fi
mkdir -p "$logdir" && rm -f "$logdir"/*.counts
logdir=$(cd "$logdir" && pwd)
self=$top_srcdir/tests/run.sh
cd "$top_builddir" || exit 2
trap 'exit 130' INT TERM

# chosen YES|NO TEST...: those that say "alone: yes", or the others.  Such a one
# changes what is built here, for a moment, and is run after all others.
chosen() {
	alone=$1
	shift
	for t in "$@"; do
		is=NO
		! grep -qs '^# alone: yes' "$top_srcdir/$t" || is=YES
		[ "$is" != "$alone" ] || echo "$t"
	done
}

# run_those JOBS: the tests of standard input.
run_those() {
	RUN_ONE=$logdir RUN_NAME=$name xargs -r -n 1 -P "$1" sh "$self"
}

chosen NO "$@" | run_those "$jobs"
chosen YES "$@" | run_those 1

cat "$logdir"/*.counts 2>/dev/null | awk -v wanted=$# '
{ p += $1; f += $2; s += $3; n++ }
END {
	f += wanted - n		# a test that left no counts did not run
	printf "%d passed, %d failed, %d skipped\n", p, f, s
	exit f > 0 || p == 0
}'
