#!/bin/sh
# Every test that is here is run by `make check`, and what tests need is in the
# distribution.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib/lib.sh"

cd "$top_srcdir" || exit 2

# missing FILE...: those whose name, without .c, is not in Makefile.am.
missing() {
	for file; do
		grep -qE "(^|[[:space:]])$(printf %s "${file%.c}" |
		    sed 's/\./\\./g')(\.c)?([[:space:]]|\$)" Makefile.am ||
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
