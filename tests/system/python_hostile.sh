#!/bin/sh
# A client that lies to the Python worker: each lie has an end that is said, and
# costs bounded memory.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib/lib.sh"
need python3
driver=$top_srcdir/tests/lib/worker_driver.py
worker=$top_builddir/agent/worker.py

timeout 200 python3 "$driver" "$worker" >"$tmp/out" 2>"$tmp/err"
status=$?
while IFS= read -r line; do
	case $line in
	"ok: "*) pass "${line#ok: }" ;;
	*) fail "${line#FAILED: }" ;;
	esac
done <"$tmp/out"
check_equal "the driver came to its end" 0 "$status" ||
    sed 's/^/    | /' "$tmp/err"
finish
