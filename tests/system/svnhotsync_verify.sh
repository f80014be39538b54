#!/bin/sh
# What arrives is verified beside the transfer, whichever way it comes and
# wherever the mirror is: what is bad holds the job, with revision and reason.

[ -d /dev/shm ] && [ -w /dev/shm ] && TMPDIR=/dev/shm && export TMPDIR
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib/lib.sh"
. "$top_srcdir/tests/lib/hotsync.sh"
need svnadmin svn python3

cd "$tmp" || exit 2
mkrepo source 150 500000 5 || exit 1

verified() {
	cat "$1/db/syncgate-verified" 2>/dev/null
}

for method in copy dump; do
	for to in "$tmp/good.$method" "popen:$tmp/good.there.$method"; do
		hot "popen:$tmp/source" "$to" method=$method ||
		    fail "$method to $to" "$err"
		check_equal "$method to ${to%%/*}: all was verified" 150 \
		    "$(verified "${to#popen:}")"
	done
done

hot_follow "$tmp/source" "$tmp/good.copy"
wait_until 20 grep -q following "$out"
svn mkdir -q -m more "file://$tmp/source/more"
more_verified() {
	[ "$(verified good.copy)" = 151 ]
}
check "while it follows, a commit is" wait_until 20 more_verified
hot_stop

# A disk that lies: r100 is there, and not as it was committed.
cp -a source bad
chmod u+w bad/db/revs/0/100
printf 'XXXXXXXX' | dd of=bad/db/revs/0/100 bs=1 seek=40 conv=notrunc \
    status=none
for to in "$tmp/held" "popen:$tmp/held.there"; do
	for n in first second; do
		check_not "$to, $n run: a bad revision holds the job" \
		    hot "$tmp/bad" "$to" method=copy
		check_grep "$to, $n run: it is named, and why it is bad" \
		    "r100 of the mirror .* does not verify: .*([Cc]hecksum|E[0-9]{6})" "$err"
	done
	check "$to: what is before it was verified" \
	    [ "$(verified "${to#popen:}")" -lt 100 ]
	hot "$tmp/bad" "$to" method=copy verify=no ||
	    fail "$to: without verify" "$err"
	check_not "$to: without verify nobody looks" grep -q verif "$out"
done

hot_env=PATH=/nowhere
hot "$tmp/source" "popen:$tmp/nosvn" method=copy ||
    fail "without svnadmin there" "$err"
check_equal "without svnadmin there it is said once" 1 \
    "$(grep -c 'is not verified: there is no svnadmin' "$out")"
hot "$tmp/source" "$tmp/nosvn.here" method=copy || fail "here" "$err"
check_equal "here it is not needed" 151 "$(verified nosvn.here)"
finish
