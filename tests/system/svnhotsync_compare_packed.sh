# syncgate verify where source or mirror or both are packed, of formats that
# address in either way; beside a running job; several mirrors.
[ -d /dev/shm ] && [ -w /dev/shm ] && TMPDIR=/dev/shm && export TMPDIR
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib/lib.sh"
need svn svnadmin svnlook python3
. "$top_srcdir/tests/lib/hotsync.sh"
. "$top_srcdir/tests/lib/compare.sh"

youngest=12
for version in 1.14 1.8; do
	plain_jobs "$version" not
	check "$version: an unpacked mirror" call run --once "not$version"
	equal "$version: it is equal" "not$version" 12
	first=$(digest)
	flip "$tmp/not$version/db/revs/1/5" 30
	found "$version: unpacked" "not$version" 5 content
	repaired "$version: unpacked" "not$version" "$two" "$tmp/not$version"
	svnadmin pack -q "$two"
	check "$version: a packed mirror" call run --once "packed$version"
	check "$version: it is packed" \
	    test -f "$tmp/packed$version/db/revs/2.pack/pack"
	cp -a "$tmp/not$version/db/revs/1" "$tmp/kept$version"
	for job in not packed; do
		equal "$version: $job is equal" "$job$version" 12
		check_equal "$version: $job by the same digest" "$first" \
		    "$(digest)"
	done
	flip "$tmp/not$version/db/revs/1/5" 30
	found "$version: not packed" "not$version" 5 content
	repaired "$version: not packed" "not$version" "$two" "$tmp/not$version"
	pack=$tmp/packed$version/db/revs/1.pack
	size=$(stat -c %s "$pack/pack")
	for at in 0 $((size / 2)) -200 -3; do
		flip "$pack/pack" "$at"
		check_not "$version: byte $at of a pack is found" \
		    call verify "packed$version"
		check_grep "$version: and named" \
		    'r[4-7] of the mirror .*content' "$err"
		repaired "$version: byte $at of a pack" "packed$version" \
		    "$two" "$tmp/packed$version"
	done
	rm -rf "$pack"
	found "$version: a pack whose folder is gone" "packed$version" 4 content
	repaired "$version: a pack whose folder is gone" "packed$version" \
	    "$two" "$tmp/packed$version"
	rm -rf "$tmp/packed$version/db/revprops/1.pack"
	found "$version: packed properties whose folder is gone" \
	    "packed$version" 4 properties
	repaired "$version: packed properties whose folder is gone" \
	    "packed$version" "$two" "$tmp/packed$version"
	rm -rf "$tmp/packed$version/db/revprops/1.pack"
	check "$version: a run brings those, too" call run --once \
	    "packed$version"
	equal "$version: which are equal" "packed$version" 12
	rm -rf "$tmp/not$version/db/revs/1"
	found "$version: a folder of revisions that is gone" "not$version" 4 \
	    content
	if [ -f "$pack/manifest" ]; then
		repaired "$version: a folder of revisions that is gone" \
		    "not$version" "$two" "$tmp/not$version"
	else
		check_not "$version: by items nothing is made anew" \
		    call verify --repair "not$version"
		check_grep "$version: but --resync does" 'only .*--resync' \
		    "$err"
		cp -a "$tmp/kept$version" "$tmp/not$version/db/revs/1"
	fi
	if [ -f "$pack/manifest" ]; then
		flip "$pack/manifest" 2
		found "$version: a manifest" "packed$version" 4 content
		repaired "$version: a manifest" "packed$version" "$two" \
		    "$tmp/packed$version"
	fi
	for rev in 0 1 7; do
		props "$tmp/packed$version" "$rev"
		found "$version: a packed log message, r$rev" \
		    "packed$version" "$rev" properties
		repaired "$version: a packed log message, r$rev" \
		    "packed$version" "$two" "$tmp/packed$version"
	done
done

# Formats that have no packs: of 1.5, and one without shards.
for version in 1.5 linear; do
	two=$tmp/two.$version
	svnadmin create --compatible-version 1.5 "$two"
	if [ $version = linear ]; then
		chmod -R u+w "$two/db"
		for kind in revs revprops; do
			mv "$two/db/$kind/0" "$two/db/$kind.0"
			rmdir "$two/db/$kind"
			mv "$two/db/$kind.0" "$two/db/$kind"
		done
		sed 's/sharded.*/linear/' "$two/db/format" >"$tmp/format"
		cat "$tmp/format" >"$two/db/format"
	fi
	for n in 1 2 3 4 5 6 7 8 9 10 11 12; do
		svn mkdir -q -m "$n" "file://$two/$n"
	done
	job "old$version" "$two" "popen:$tmp/old$version" >>"$tmp/conf"
	check "$version: a mirror" call run --once "old$version"
	equal "$version: it is equal" "old$version" 12
	file=$(ls -d "$tmp/old$version"/db/revs/7 \
	    "$tmp/old$version"/db/revs/0/7 2>/dev/null)
	flip "$file" 30
	found "$version: a byte" "old$version" 7 content
	repaired "$version: a byte" "old$version" "$two" "$tmp/old$version"
	props "$tmp/old$version" 3
	found "$version: a log message" "old$version" 3 properties
	repaired "$version: a log message" "old$version" "$two" \
	    "$tmp/old$version"
done

# ---- Beside a running job ----------------------------------------------------

"$SYNCGATE" run -c "$tmp/conf" packed1.14 >"$tmp/follow" 2>&1 </dev/null &
hot_pid=$!
at_exit "kill_child $hot_pid"
check "a job follows" wait_until 20 grep -q following "$tmp/follow"
flip "$tmp/packed1.14/db/revs/0.pack/pack" 20
check "what it keeps is repaired" call verify --repair packed1.14
svn mkdir -q -m more "file://$tmp/two.1.14/more"
check "and it goes on" wait_until 20 has_revision "$tmp/packed1.14" 13
equal "with all" packed1.14 13
hot_stop

# ---- Several mirrors, several repositories -----------------------------------

mkdir "$tmp/all" "$tmp/all.mirrors" "$tmp/all.more"
for n in a b; do
	cp -a "$tmp/two.1.8" "$tmp/all/$n"
done
cat >>"$tmp/conf" <<END
job all {
	plugin = svnhotsync
	source = "$tmp/all/*"
	mirrors = {"$tmp/all.mirrors", "popen:$tmp/all.more"}
}
END
check "mirrors of several" call run --once all
check "each is verified" call verify all
check_equal "and named" 4 "$(grep -c 'all\.[a-z]*/[ab]: r0:12 equal' "$out")"
flip "$tmp/all.more/b/db/revs/0.pack/pack" 20
check_not "one of them differs" call verify all
check_grep "it is named" \
    '1 of 4 mirrors failed.*r0 of the mirror popen:.*all.more/b differs' "$err"
check_equal "the others are verified all the same" 3 \
    "$(grep -c 'r0:12 equal' "$out")"
check "it is repaired" call verify --repair all
check "their status" call status all
check_equal "is all of them" 4 "$(grep -c 'r0:12 proven equal' "$out")"

finish
