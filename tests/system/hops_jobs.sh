#!/bin/sh
# A job between two locations that are both behind a third gateway: via= names
# a gateway of the configuration, which is opened once for the job.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib/lib.sh"
need svnadmin svn python3
. "$top_srcdir/tests/lib/hotsync.sh"

mkrepo "$tmp/source" 30 || exit 1
cat >"$tmp/conf" <<EOT
gateway first { xspec = "popen" }
gateway left { xspec = "popen//via=first" }
gateway right { xspec = "popen//via=first//nice=1" }
gateway lost { xspec = "popen//via=ring" }
gateway ring { xspec = "popen//via=lost" }
job copy {
	plugin = svnhotsync
	source = "left:$tmp/source"
	mirror = "right:$tmp/mirror"
}
job never {
	plugin = svnhotsync
	source = "lost:$tmp/source"
	mirror = "$tmp/other"
}
EOT
check "a job goes through a configured gateway" \
    "$SYNCGATE" run -c "$tmp/conf" --once copy
same_repo "and has copied everything" "$tmp/source" "$tmp/mirror"
"$SYNCGATE" run -c "$tmp/conf" --once never >"$tmp/out" 2>&1
check_grep "a way that goes round in a circle is refused" \
    'round in a circle' "$tmp/out"
check "the gateways of the configuration open" \
    "$SYNCGATE" check -c "$tmp/conf" --connect copy
finish
