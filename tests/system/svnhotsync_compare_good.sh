# syncgate verify --repair replaces nothing of a mirror unless the source's is
# good and the two are of one history: the last good copy is never overwritten.
[ -d /dev/shm ] && [ -w /dev/shm ] && TMPDIR=/dev/shm && export TMPDIR
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib/lib.sh"
need svn svnadmin svnlook python3
. "$top_srcdir/tests/lib/hotsync.sh"
. "$top_srcdir/tests/lib/compare.sh"

youngest=12
state() {
	(cd "$1" && find db/revs db/revprops -type f -exec md5sum {} + | sort)
}
# call, where there is no Subversion
alone() {
	(PATH=/nowhere && export PATH && call "$@")
}
# unchanged SENTENCE MIRROR: as state was put into $tmp/before
unchanged() {
	state "$2" >"$tmp/after"
	check "$1: nothing was changed" cmp "$tmp/before" "$tmp/after"
}
for version in 1.14 1.8; do
	two=$tmp/two.$version
	plain "$two" "$version"
	cp -a "$two" "$two.good"
	job=bad$version
	# FSFS has checksums of it all; or Subversion is asked, over there.
	[ "$version" = 1.8 ] && way=popen: || way=
	job "$job" "$way$two" "$way$tmp/$job" >>"$tmp/conf"
	check "$job: a mirror" call run --once "$job"
	rm -rf "$two"
	cp -a "$two.good" "$two"
	state "$tmp/$job" >"$tmp/before"

	# ---- Bytes of the source
	flip "$two/db/revs/1/5" 700
	check_not "$job: svnadmin does not like it" \
	    svnadmin verify -q -r 5 "$two"
	for repair in "" --repair; do
		check_not "$job: the source is bad, $repair" \
		    call verify $repair "$job"
		check_grep "$job: it is named, $repair" \
		    'r5 of the SOURCE is damaged.*mirror.* is good.*promote' \
		    "$err"
		unchanged "$job, $repair" "$tmp/$job"
	done
	check "$job: svnadmin likes the mirror" \
	    svnadmin verify -q "$tmp/$job"
	check_not "$job: the status is no success" call status "$job"
	check_grep "$job: and says what was found" \
	    'found, at 20.* UTC: r5 of the SOURCE is damaged' "$out"
	# Both are: neither mends the other.
	flip "$tmp/$job/db/revs/1/5" 704
	state "$tmp/$job" >"$tmp/before"
	check_not "$job: both are bad" call verify --repair "$job"
	check_grep "$job: which is said" \
	    'r5 of the SOURCE is damaged.*, too' "$err"
	unchanged "$job: both are bad" "$tmp/$job"
	flip "$two/db/revs/1/5" 700
	check_not "$job: the mirror is" call verify "$job"
	check_grep "$job: that is said" \
	    'r5 of the mirror .* differs from the source: its content' \
	    "$err"
	check_not "$job: the status has it" call status --json "$job"
	check_grep "$job: as JSON, too" '"differs":"r5 of the mirror' \
	    "$out"
	if [ "$version" = 1.8 ]; then
		state "$tmp/$job" >"$tmp/before"
		check_not "$job: without svnadmin" \
		    alone verify --repair "$job"
		check_grep "$job: it cannot be told what is good" \
		    'source is good cannot be told \(there is no svnadmin' \
		    "$err"
		unchanged "$job: without svnadmin" "$tmp/$job"
	fi
	repaired "$job: by a good one" "$job" "$two" "$tmp/$job"
	check "$job: the status is good again" call status "$job"
	check_not "$job: and says no more" grep found, "$out"

	# ---- The youngest is damaged, as no run left it
	flip "$tmp/$job/db/revs/3/12" 700
	found "$job: the youngest" "$job" 12 content
	repaired "$job: the youngest" "$job" "$two" "$tmp/$job"
	check_not "$job: what was damaged is not kept" \
	    ls -d "$tmp/$job/db/replaced-by-syncgate"

	# ---- A byte of a packed source
	svnadmin pack -q "$two"
	cp -a "$two" "$two.packed"
	state "$tmp/$job" >"$tmp/before"
	flip "$two/db/revs/1.pack/pack" 700
	check_not "$job: a packed source" call verify --repair "$job"
	check_grep "$job: it is named" 'r[4-7] of the SOURCE is damaged' "$err"
	unchanged "$job: a packed source" "$tmp/$job"
	# The same pack, another revision of it: a pack is fetched as a whole.
	job "pack$version" "$way$two" "$way$tmp/pack$version" >>"$tmp/conf"
	rm -rf "$two"
	cp -a "$two.packed" "$two"
	check "$job: a packed mirror" call run --once "pack$version"
	at=$(python3 -c 'import sys
print(open(sys.argv[1], "rb").read().index(open(sys.argv[2], "rb").read(900)[700:]) + 50)' \
	    "$two/db/revs/1.pack/pack" "$two.good/db/revs/1/7")
	flip "$two/db/revs/1.pack/pack" "$at"
	flip "$tmp/pack$version/db/revs/1.pack/pack" 700
	state "$tmp/pack$version" >"$tmp/before"
	check_not "$job: each has a bad one" call verify --repair "pack$version"
	check_grep "$job: the source's is named" \
	    'r7 of the SOURCE is damaged' "$err"
	unchanged "$job: each has a bad one" "$tmp/pack$version"
	rm -rf "$two"

	# ---- The source wound back, and other commits
	svnadmin dump -q -r 0:9 "$two.good" >"$tmp/dump.$version"
	svnadmin create --compatible-version "$version" "$two"
	sed 's/sharded.*/sharded 4/' "$two/db/format" >"$tmp/format"
	chmod u+w "$two/db/format"
	cat "$tmp/format" >"$two/db/format"
	svnadmin load -q --force-uuid "$two" <"$tmp/dump.$version"
	for n in 10 11 12 13; do
		svn mkdir -q -m "other $n" "file://$two/other$n"
	done
	state "$tmp/$job" >"$tmp/before"
	check_not "$job: wound back: a run holds" call run --once "$job"
	check_grep "$job: wound back: why" 'was replaced or wound back' "$err"
	check_not "$job: wound back: no repair" call verify --repair "$job"
	check_grep "$job: wound back: why not" \
	    'not repaired.* was replaced or wound back.*run --resync' "$err"
	unchanged "$job: wound back" "$tmp/$job"
	rm -rf "$two"
	cp -a "$two.good" "$two"

	# ---- A commit to the mirror
	rm -f "$tmp/$job/hooks/start-commit"
	svn mkdir -q -m mine "file://$tmp/$job/mine"
	check_not "$job: ahead of its source" call verify --repair "$job"
	check_not "$job: ahead: the status is no success" call status "$job"
	check_grep "$job: ahead: which it says" \
	    'was found.*ahead of the source \(r13 and r12\)' "$out"
	svn mkdir -q -m theirs "file://$two/theirs"
	state "$tmp/$job" >"$tmp/before"
	check_not "$job: written to: a run holds" call run --once "$job"
	check_not "$job: written to: no repair" call verify --repair "$job"
	check_grep "$job: written to: why not" \
	    'not repaired.*written to by somebody else.*' "$err"
	check_grep "$job: written to: what to do" 'run --resync' "$err"
	unchanged "$job: written to" "$tmp/$job"
done

# ---- What no checksum covers: both can be read, and the old one is kept ------

two=$tmp/plain
plain "$two" 1.8
job kept "$two" "$tmp/kept" >>"$tmp/conf"
check "a mirror" call run --once kept
file=$tmp/kept/db/revs/1/5
at=$(python3 -c 'import sys
print(open(sys.argv[1], "rb").read().rfind(b"cpath: /a") + 8)' "$file")
[ "$at" -gt 8 ] || fail "no cpath" "$file"
flip "$file" "$at"
cp "$file" "$tmp/was"
found "what no checksum covers" kept 5 content
repaired "what no checksum covers" kept "$two" "$tmp/kept"
check_grep "what was replaced is named" \
    'kept as db/replaced-by-syncgate/revs-1-5.1 of' "$out"
check "and there" cmp "$tmp/was" \
    "$tmp/kept/db/replaced-by-syncgate/revs-1-5.1"
finish
