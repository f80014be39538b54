#!/bin/sh
# Includes point one way: every #include of the sources keeps to
# tests/include-rules.txt.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib/lib.sh"

# breaches ROOT: a line for every include that the rules do not allow.
breaches() {
	(cd "$1" && find include core agent appliance plugins -name '*.[ch]' \
	    2>/dev/null | sort | xargs awk '
	FILENAME ~ /include-rules\.txt$/ {
		if ($0 ~ /^[^#].*:/) {
			at = index($0, ":")
			rule[substr($0, 1, at - 1)] = substr($0, at + 1)
		}
		next
	}
	FNR == 1 {
		best = ""
		for (r in rule)
			if (index(FILENAME, r) == 1 && length(r) > length(best))
				best = r
		if (best == "")
			print FILENAME ": no rule for its folder"
		n = split(rule[best], may, " ")
	}
	/^[ \t]*#[ \t]*include[ \t]*["<]/ {
		match($0, /["<][^">]*[">]/)
		quoted = substr($0, RSTART, 1) == "\""
		what = substr($0, RSTART + 1, RLENGTH - 2)
		strict = 0
		for (i = 1; i <= n; i++)
			strict = strict || may[i] == "nothing-else"
		if (!quoted && what !~ /^(execnet\.h|execnet\/|syncgate\/)/) {
			if (strict)
				print FILENAME ":" FNR ": <" what ">"
			next
		}
		if (!quoted)
			what = "include/" what
		else if (what !~ /\//)
			what = substr(FILENAME, 1, match(FILENAME,
			    /\/[^\/]*$/)) what
		for (i = 1; i <= n; i++) {
			prefix = may[i]
			if (sub(/\*$/, "", prefix)) {
				if (index(what, prefix) == 1)
					next
			} else if (what == prefix ||
			    index(what, prefix "/") == 1)
				next
		}
		print FILENAME ":" FNR ": " what
	}' tests/include-rules.txt)
}

breaches "$top_srcdir" >"$tmp/breaches"
check "there are sources to look at" test -f "$top_srcdir/core/wire/buf.c"
check_equal "no source includes what its folder may not" "" \
    "$(cat "$tmp/breaches")"

# The test itself: trees that break the rules are found out.
try() {
	rm -rf "$tmp/tree"
	mkdir -p "$tmp/tree/tests" "$tmp/tree/$(dirname "$2")"
	cp "$top_srcdir/tests/include-rules.txt" "$tmp/tree/tests"
	echo "$3" >"$tmp/tree/$2"
	check_equal "$1" "$2:1: $4" "$(breaches "$tmp/tree")"
}
try "wire may not include a gateway" core/wire/x.c \
    '#include "core/gateway/xspec.h"' core/gateway/xspec.h
try "wire may not include execnet.h" core/wire/x.c \
    '#include <execnet.h>' include/execnet.h
try "the agent may not include a transport" agent/x.c \
    '#include "core/transport/transport.h"' core/transport/transport.h
try "the core may not include the appliance" core/plugin/x.c \
    '#include "appliance/job/job.h"' appliance/job/job.h
try "a plugin may not include the core" plugins/svnhotsync/x.c \
    '#include "core/wire/buf.h"' core/wire/buf.h
try "a side may not include the system's headers" \
    plugins/svnhotsync/side_x.c '#include <stdio.h>' '<stdio.h>'
finish
