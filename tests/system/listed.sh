#!/bin/sh
# Every test that is here is run by `make check`, and what tests need is in the
# distribution.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib/lib.sh"

cd "$top_srcdir" || exit 2
# The makefile and its parts, not what a build or the tests' tools have made.
cat Makefile.am $(sed -n 's/^include //p' Makefile.am) >"$tmp/lists"

# missing FILE...: those whose name, without .c, is not in them.
missing() {
	for file; do
		grep -qE "(^|[[:space:]])$(printf %s "${file%.c}" |
		    sed 's/\./\\./g')(\.c)?([[:space:]]|\$)" "$tmp/lists" ||
		    echo "$file"
	done
}

check_equal "all scripts are run" "" \
    "$(missing tests/system/*.sh tests/fault/*.sh)"
check_equal "and all unit tests" "" "$(missing tests/unit/test_*.c)"
check_equal "and all fuzz targets" "" "$(missing tests/fuzz/fuzz_*.c)"
check_equal "what they share is in the distribution" "" \
    "$(missing tests/lib/*.sh tests/lib/*.py bench/*.sh bench/*.py)"
check_equal "a test that is not listed would be seen" tests/system/no.sh \
    "$(missing tests/system/no.sh tests/system/listed.sh)"
finish
