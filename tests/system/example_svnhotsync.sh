#!/bin/sh
# The talk's demonstration on the public API: svnadmin dump over there,
# svnadmin load here, through a channel, following; in under 100 lines.
# sanitize: yes
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib/lib.sh"
need svnadmin svn svnlook

examples=$top_srcdir/doc/examples
count=$(cat "$examples/svnhotsync.c" "$examples/svnhotsync-remote.c" |
    grep -vcE '^[[:space:]]*$|^/\*.*\*/$')
check "server and client together are under 100 lines ($count)" \
    [ "$count" -lt 100 ]
check_equal "no line has more than 100 columns" "" \
    "$(expand "$examples/svnhotsync.c" "$examples/svnhotsync-remote.c" |
	awk 'length > 100')"

cd "$tmp" || exit 2
svnadmin create source
svnadmin create mirror
for n in 1 2 3; do
	svn mkdir -q -m "commit $n" "file://$tmp/source/dir$n"
done

"$top_builddir/doc/examples/svnhotsync" popen "$tmp/source" "$tmp/mirror" \
    >out 2>&1 &
pid=$!
at_exit 'kill "$pid" 2>/dev/null'
youngest_is() {
	[ "$(svnlook youngest mirror)" = "$1" ]
}
check "the mirror gets what was there" wait_until 20 youngest_is 3
for n in 4 5; do
	svn mkdir -q -m "commit $n" "file://$tmp/source/dir$n"
	check "revision $n follows without being asked for" \
	    wait_until 20 youngest_is "$n"
done
svnadmin dump -q source >source.dump 2>/dev/null
svnadmin dump -q mirror >mirror.dump 2>/dev/null
# r0's date is each repository's own: the demonstration starts at r1.
check_equal "their dumps are equal from r1 on" \
    "$(sed -n '/^Revision-number: 1$/,$p' source.dump | md5sum)" \
    "$(sed -n '/^Revision-number: 1$/,$p' mirror.dump | md5sum)"
check_equal "the UUID came along" "$(svnlook uuid source)" \
    "$(svnlook uuid mirror)"

kill "$pid"
wait "$pid" 2>/dev/null
"$top_builddir/doc/examples/svnhotsync" popen "$tmp/nothing" "$tmp/mirror" \
    >out 2>&1
check_grep "a wrong repository is one clear error" \
    'cannot watch the repository .*nothing: No such file' out
finish
