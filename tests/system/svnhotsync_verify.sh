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
		    "r100 of the mirror .* not verify: .*([Cc]hecksum|E[0-9])" \
		    "$err"
	done
	check_grep "$to: the source has the same" \
	    'nor does that of the source \(.*mend it there' "$err"
	check "$to: what is before it was verified" \
	    [ "$(verified "${to#popen:}")" -lt 100 ]
	hot "$tmp/bad" "$to" method=copy verify=no ||
	    fail "$to: without verify" "$err"
	check_not "$to: without verify nobody looks" grep -q verif "$out"
done

# A disk of the mirror that lies.
for to in "$tmp/good.copy" "popen:$tmp/good.there.copy"; do
	file=${to#popen:}/db/revs/0/120
	cp -p "$file" "$tmp/r120"
	chmod u+w "$file"
	printf 'XXXXXXXX' | dd of="$file" bs=1 seek=40 conv=notrunc status=none
	echo 110 >"${to#popen:}/db/syncgate-verified"
	check_not "$to: bad only here" hot "popen:$tmp/source" "$to" \
	    method=copy
	check_grep "$to: that of the source is good, and what to do" \
	    "r120 .*of the source is good: .syncgate verify --repair" "$err"
	rm -f "$file"
	cp -p "$tmp/r120" "$file"
done

# Nobody writes into that pipe: who opens it waits, and cannot be cancelled.
cp -a good.copy pipe
rm pipe/db/revs/0/120
mkfifo pipe/db/revs/0/120
echo 110 >pipe/db/syncgate-verified
hot_follow "$tmp/source" "$tmp/pipe" method=copy
check "a mirror with a pipe among its revisions" wait_until 20 \
    grep -q following "$out"
sleep 6
kill "$hot_pid"
wait_until 10 signal_taken "$hot_pid"
sleep 0.3
started=$(date +%s)
hot_stop
check_equal "the second signal ends what waits for it" 1 "$hot_status"
check "within seconds" [ $(($(date +%s) - started)) -le 60 ]
check_grep "which is said" 'waits and does not end' "$err"
cp -a source piped
rm piped/db/revs/0/150
mkfifo piped/db/revs/0/150
check_not "one in the source is no empty revision" \
    hot "$tmp/piped" "$tmp/pipe.new" method=copy
check_grep "but said" '/db/revs/0/150: it is no file' "$err"

# What svnadmin did not say of a revision is not said of it.
svnadmin=$(command -v svnadmin)
mkdir fake
# fake: a svnadmin that does what comes on standard input when it is to verify
fake() {
	{
		printf '#!/bin/sh\nif [ "$1" = verify ]; then\n'
		cat
		printf 'fi\nexec %s "$@"\n' "$svnadmin"
	} >fake/svnadmin
	chmod 755 fake/svnadmin
}
hot_env=PATH=$tmp/fake:$PATH
fake <<'END'
kill -9 $$
END
check_not "a svnadmin that is killed" hot "$tmp/source" \
    "popen:$tmp/killed" method=copy
check_grep "has said nothing of a revision" \
    'svnadmin verify of .*killed was ended by signal 9' "$err"
check_not "none is held to be bad" grep -q 'does not verify' "$err"
fake <<END
echo again >>$tmp/calls
if [ \$(wc -l <$tmp/calls) -le 2 ]; then
	echo 'svnadmin: E000005: a disk that was away' >&2
	exit 1
fi
END
hot "$tmp/source" "popen:$tmp/soon" method=copy ||
    fail "what is soon good" "$err"
check_equal "what is good when it is looked at alone is verified" 151 \
    "$(verified soon)"

hot_env=PATH=/nowhere
hot "$tmp/source" "popen:$tmp/nosvn" method=copy ||
    fail "without svnadmin there" "$err"
check_equal "without svnadmin there it is said once" 1 \
    "$(grep -c 'is not verified: there is no svnadmin' "$out")"
hot "$tmp/source" "$tmp/nosvn.here" method=copy || fail "here" "$err"
check_equal "here it is not needed" 151 "$(verified nosvn.here)"
finish
