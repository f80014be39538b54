#!/bin/sh
# fuzz.sh [-m] SECONDS [TARGET...]: fuzz the targets of tests/fuzz (decode,
# gateway, ...; all of them unless named), SECONDS each, with libFuzzer, the
# address and the undefined-behaviour sanitizer.
#
# Begins with what tests/fuzz/corpus/TARGET.hex has; with -m writes back a
# minimized corpus.  Works in FUZZ_DIR (default /tmp/syncgate-fuzz), where the
# corpora grow and what was found lies.  Ends with a line a target.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
. "$root/tools/common.sh"

merge=
if [ "${1:-}" = -m ]; then
	merge=yes
	shift
fi
[ $# -gt 0 ] || die "usage: fuzz.sh [-m] SECONDS [TARGET...]"
seconds=$1
shift
dir=${FUZZ_DIR:-/tmp/syncgate-fuzz}
LSAN_OPTIONS=suppressions=$root/tests/lib/lsan.supp:print_suppressions=0
export LSAN_OPTIONS
build=$dir/build
mkdir -p "$build"

# The library and the agent's objects, instrumented; mains are left out.
cd "$build"
[ -f Makefile ] || "$root/configure" CC=clang \
    --enable-sanitize=address,undefined \
    CFLAGS="-O1 -g -fsanitize=fuzzer-no-link" >configure.log 2>&1 ||
    die "configure failed; see $build/configure.log"
[ $# -gt 0 ] || set -- $(make -s list-fuzz)

# One target linked with libFuzzer's main instead of ours.
cat >link.mk <<'EOT'
include Makefile
mains = %standalone.$(OBJEXT) %text_main.$(OBJEXT) %replay.$(OBJEXT)
objects = $(tests_fuzz_fuzz_$(target)_OBJECTS)
libraries = $(or $(tests_fuzz_fuzz_$(target)_LDADD),$(LDADD))
libraries: $(BUILT_SOURCES) libtest.la libexecnet_core.la \
    libsyncgate_appliance.la librsync_sides.la libgitw.la \
    libsvnhotsync_sides.la libsvnhotsync_git.la
fuzz-link: $(objects)
	$(LIBTOOL) --tag=CC --mode=link $(CC) $(AM_CFLAGS) $(CFLAGS) \
	    -fsanitize=fuzzer $(AM_LDFLAGS) $(LDFLAGS) -o fuzz-$(target) \
	    $(filter-out $(mains),$(objects)) $(libraries) $(LIBS)
EOT

make -j2 -f link.mk libraries >make.log 2>&1 ||
    die "make failed; see $build/make.log"

# Hexadecimal lines to files in a folder, and back.
unpack='import sys, hashlib, os
for line in open(sys.argv[1]):
    data = bytes.fromhex(line.strip().strip("-"))
    open(os.path.join(sys.argv[2], hashlib.sha1(data).hexdigest()), "wb").write(data)'
pack='import sys, os
d = sys.argv[1]
inputs = [open(os.path.join(d, n), "rb").read() for n in os.listdir(d)]
inputs = sorted((i for i in inputs if len(i) <= 4096), key=lambda i: (len(i), i))
size = 0
for i in inputs:
    size += len(i)
    if size > 100000: break
    print(i.hex() or "-")'

status=0
for target; do
	make -s -f link.mk fuzz-link target="$target" >link.log 2>&1 ||
	    die "cannot link $target; see $build/link.log"
	corpus=$dir/corpus/$target
	mkdir -p "$corpus" "$dir/found"
	if [ -f "$root/tests/fuzz/corpus/$target.hex" ]; then
		python3 -c "$unpack" "$root/tests/fuzz/corpus/$target.hex" \
		    "$corpus"
	fi
	"./fuzz-$target" -max_total_time="$seconds" -rss_limit_mb=4096 \
	    -timeout=60 -print_final_stats=1 -max_len=65536 \
	    -artifact_prefix="$dir/found/$target-" "$corpus" \
	    >"$dir/$target.log" 2>&1 || status=1
	echo "$target: $(sed -n 's/^stat::number_of_executed_units: *//p' \
	    "$dir/$target.log") executions," \
	    "$(sed -n 's/.* cov: \([0-9]*\).*/\1/p' "$dir/$target.log" |
	    tail -1) edges, found: $(ls "$dir/found" | grep -c "^$target-")"
	if [ -n "$merge" ]; then
		rm -rf "$dir/merged"
		mkdir -p "$dir/merged" "$root/tests/fuzz/corpus"
		"./fuzz-$target" -merge=1 "$dir/merged" "$corpus" \
		    >"$dir/merge.log" 2>&1
		python3 -c "$pack" "$dir/merged" \
		    >"$root/tests/fuzz/corpus/$target.hex"
	fi
done
exit $status
