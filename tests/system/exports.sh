#!/bin/sh
# What the shared objects export: a plugin one symbol, the library its own
# names, and the agent is static and needs nothing.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib/lib.sh"
need nm

exported() {
	nm -D --defined-only "$1" | awk '{ print $3 }' | sed 's/@.*//' | sort
}

library=$top_builddir/.libs/libexecnet.so
exported "$library" >"$tmp/library"
check_grep "the library exports its functions" '^xn_gateway_open$' \
    "$tmp/library"
check_equal "the library exports nothing but xn_ and syncgate_ names" "" \
    "$(grep -Ev '^(xn|syncgate)_' "$tmp/library")"
check_equal "the library exports no internal (double underscore) names" "" \
    "$(grep -E '^(xn|syncgate)_[a-z]+__' "$tmp/library")"

# Every function of the public headers is there (remote.h's under the names
# that it maps them to; remote_main is the program's own).
for header in execnet.h execnet/value.h execnet/remote.h execnet/tree.h \
    syncgate/plugin.h
do
	printf '#include <%s>\n' "$header" |
	    $CC -E -I"$top_srcdir/include" $(pkg-config --cflags apr-1) - |
	    awk '
		/^# [0-9]+ "/ { ours = index($0, "/include/execnet") ||
		    index($0, "/include/syncgate"); next }
		ours' | tr '\n' ' ' | tr ';{}' '\n\n\n' |
	    grep -v typedef |
	    grep -oE '\<(xn|syncgate)_[a-z0-9_]+ *\(' | tr -d ' ('
done | sort -u >"$tmp/declared"
check_grep "the headers declare functions" '^xn_value_get$' "$tmp/declared"
check_equal "every function that a public header declares is exported" "" \
    "$(comm -23 "$tmp/declared" "$tmp/library")"

for plugin in $(find "$top_builddir/plugins" -name '*.so'); do
	check_equal "$(basename "$plugin") exports syncgate_plugin alone" \
	    syncgate_plugin "$(exported "$plugin")"
done

if [ -z "$sanitize" ]; then
	check_equal "the agent needs no shared library" "" \
	    "$(objdump -p "$AGENT" | grep NEEDED)"
	check "the agent is below the 2 MiB that the bootstrap makes sure of" \
	    [ "$(wc -c <"$AGENT")" -lt 2097152 ]
	check "the packed agent is the agent" sh -c \
	    'gzip -dc "$1.gz" | cmp - "$1"' - "$AGENT"
fi
finish
