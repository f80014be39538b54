#!/bin/sh
# check-static.sh FILE...: is each static program whole?  The linker is told not
# to warn, and then says nothing of symbols that it did not find, either.
set -eu
for file in "$@"; do
	missing=$(readelf -sW "$file" | awk '
	$5 == "GLOBAL" && $7 == "UND" && $8 != "" { printf " %s", $8 }')
	[ -z "$missing" ] || {
		echo "$file: undefined symbols:$missing" >&2
		exit 1
	}
done
