#!/bin/sh
# test.sh [--long]: every test, an hour or more on two cores.
#
# Installs what the tests need, builds with warnings as errors (gcc, then
# clang), runs all tests, then the units and the tests that go by popen under
# address and undefined behaviour sanitizers, the threaded core's units under
# the thread sanitizer, and cppcheck.  --long adds `make distcheck` and what
# the tests themselves keep for it (they look at $SYNCGATE_LONG).  Ends with
# "N passed, N failed, N skipped"; what has no figures of its own counts as one.
root=$(cd "$(dirname "$0")/.." && pwd)
. "$root/tools/common.sh"
exec </dev/null

SYNCGATE_LONG=
case ${1:-} in
--long) SYNCGATE_LONG=1 ;;
"") ;;
*) die "usage: test.sh [--long]" ;;
esac
export SYNCGATE_LONG

builds=${TEST_BUILDS:-$root/build-test}
mkdir -p "$builds"
builds=$(cd "$builds" && pwd)
counts=$builds/counts
: >"$counts"
began=$(date +%s)

# stage NAME COMMAND...: run it and say how long it took.  What prints no
# figures of its own, or dies before it does, counts as one test.
stage() {
	stage=$1
	shift
	say "$stage"
	stage_began=$(date +%s)
	status=0
	("$@") >"$builds/output" 2>&1 || status=$?
	figures=$(grep -E '^[0-9]+ passed, [0-9]+ failed' "$builds/output" |
	    tail -n 1)
	if [ "$status" -eq 0 ] && [ -n "$figures" ]; then
		cat "$builds/output"
		echo "$figures" >>"$counts"
	elif [ "$status" -eq 0 ]; then
		echo "1 passed, 0 failed, 0 skipped" >>"$counts"
	else
		tail -n 400 "$builds/output"
		case $figures in
		*" 0 failed"*) figures= ;;
		esac
		echo "${figures:-0 passed, 1 failed, 0 skipped}" >>"$counts"
		echo "FAILED: $stage"
	fi
	echo "-- $stage: $(($(date +%s) - stage_began)) s"
	return "$status"
}

finish() {
	say "all: $(($(date +%s) - began)) s"
	rm -f "$builds/output"
	awk '{ p += $1; f += $3; s += $5 }
	END {
		printf "%d passed, %d failed, %d skipped\n", p, f, s
		exit f > 0 || p == 0
	}' "$counts"
	exit
}

# build NAME PROGRAMS [CONFIGURE ARGUMENT...]: everything, with those for tests.
build() {
	name=$1
	programs=$2
	shift 2
	configure_in "$builds/$name" --enable-werror "$@" &&
	    make_in "$builds/$name" all &&
	    make_in "$builds/$name" check-parts $programs
}

# What clang warns of, in each file once; what it would make nobody runs, so no
# object is made there, and all of them are to be made.
clang_warnings() {
	configure_in "$builds/clang-looks" --enable-werror CC=clang &&
	    make_in "$builds/clang-looks" built-sources || return 1
	cd "$builds/clang-looks"
	make -n all check-programs |
	    sed -nE 's/^(.*[ ;])?(clang .*) -MT .* -c -o [^ ]* (.*\.c)( .*)?$/\2 -fsyntax-only \3/p' |
	    awk -v root="$root/" '{
		name = $NF
		sub(/.*`/, "", name)
		if (index(name, root) == 1)
			name = substr(name, length(root) + 1)
	    }
	    !seen[name]++' >commands
	# (The sides of plugins as texts are sources that are made.)
	make_in . $(sed -n 's|.*[ `/]\(plugins/[a-z]*/text_[a-z]*\.c\)$|\1|p' \
	    commands) || return 1
	[ -s commands ] &&
	    xargs -d '\n' -n 1 -P "$(jobs)" sh -c <commands
}

list_units() {
	make -s -C "$builds/gcc" list-unit-tests
}

# Whole runs by popen, with our processes and the agent under a sanitizer; with
# --long all that say "sanitize: yes".
sanitized_scripts() {
	if [ -n "$SYNCGATE_LONG" ]; then
		grep -l '^# sanitize: yes' tests/system/*.sh tests/fault/*.sh
		return
	fi
	for name in cli_basic cli_exec cli_items cli_jobs cli_run http \
	    example_svnhotsync fileproc fileproc_system hops \
	    python_worker rsync_follow rsync_follow_lost rsync_lines \
	    rsync_snapshots sockets \
	    svnhotsync_follow; do
		echo "tests/system/$name.sh"
	done
}

# The units whose code runs in several threads: by themselves, or by a gateway,
# which most open by begin_with() or tests/interop/peers.h.
threaded_units() {
	for unit in $(list_units); do
		! grep -q -E 'thread|xn_gateway_open|xn_native_|begin_with|peers.h' \
		    "$unit.c" || echo "$unit"
	done
}

run_tests() {
	name=$1
	shift
	# Some of them wait more than they work.
	sh tests/run.sh -b "$builds/$name" -j $(($(jobs) + 1)) -n "$name" "$@"
}

lint() {
	cppcheck -q -j "$(jobs)" --std=c11 --language=c --error-exitcode=1 \
	    --inline-suppr --suppress=missingInclude --suppress=unknownMacro \
	    --enable=warning,performance,portability \
	    --suppressions-list=tools/cppcheck.txt \
	    -D__GNUC__ -D__x86_64__ -D__linux__ -DXN_API= -I. -Iinclude \
	    $(find core agent appliance plugins -name '*.c' 2>/dev/null)
}

# The agent for aarch64 needs libraries that are fetched: what is to be said to
# configure, or nothing where they cannot be had; its test is skipped then.
other_agents() {
	[ "$(uname -m)" = x86_64 ] || return 0
	if sh tools/cross-aarch64.sh "$builds/aarch64" >"$builds/output" 2>&1
	then
		echo "--with-agents=x86_64,aarch64" \
		    "--with-aarch64-root=$builds/aarch64"
	else
		sed 's/^/no agent for aarch64: /' "$builds/output" >&2
	fi
}

# What tests of the status page need and Debian does not install: each of them
# is skipped where it cannot be had, and says so.
page_tools() {
	sh tools/promtool.sh "$builds/promtool" >"$builds/output" 2>&1 ||
	    sed 's/^/no promtool: /' "$builds/output" >&2
	mkdir -p "$builds/browser"
	cp tests/browser/package.json tests/browser/package-lock.json \
	    "$builds/browser"
	npm ci --prefix "$builds/browser" --ignore-scripts --no-audit --no-fund \
	    >"$builds/output" 2>&1 ||
	    sed 's/^/no playwright-core: /' "$builds/output" >&2
}

# What is in the archive builds, passes and leaves nothing (the short tests).
distcheck() {
	SYNCGATE_LONG= make_in "$builds/gcc" distcheck
}

stage "packages" sh tools/install-packages.sh build quickstart test ||
    finish
stage "autoreconf" prepare || finish
agents=$(other_agents)
page_tools
PROMTOOL=$builds/promtool/promtool
SYNCGATE_BROWSER=$builds/browser
export PROMTOOL SYNCGATE_BROWSER
# -g1: functions and lines, for what a failure shows; to compile takes half as
# long as with all about variables and types.
stage "gcc" build gcc check-programs CC=gcc "CFLAGS=-g1 -O2" $agents || finish
stage "tests" run_tests gcc $(list_units) \
    $(make -s -C "$builds/gcc" list-system-tests) || :
stage "clang" clang_warnings || :
if stage "gcc -fsanitize=address,undefined" build asan check-programs CC=gcc \
    "CFLAGS=-g1 -O1" --enable-sanitize=address,undefined; then
	stage "tests, address and undefined behaviour" run_tests asan \
	    $(list_units) $(sanitized_scripts) || :
fi
threaded=$(threaded_units)
if stage "gcc -fsanitize=thread" build tsan "$threaded" CC=gcc "CFLAGS=-g1 -O1" \
    --enable-sanitize=thread; then
	stage "tests, threads" run_tests tsan $threaded \
	    tests/system/fileproc.sh tests/system/rsync_follow.sh || :
fi
stage "cppcheck" lint || :
[ -z "$SYNCGATE_LONG" ] || stage "make distcheck" distcheck || :
finish
