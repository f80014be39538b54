# syncgate verify --repair where the mirror alone is packed, and where packed
# properties cannot be read at all.
[ -d /dev/shm ] && [ -w /dev/shm ] && TMPDIR=/dev/shm && export TMPDIR
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib/lib.sh"
need svn svnadmin svnlook python3
. "$top_srcdir/tests/lib/hotsync.sh"
. "$top_srcdir/tests/lib/compare.sh"

youngest=12
for version in 1.14 1.8; do
	plain_jobs "$version" alone
	check "$version: a mirror" call run --once "alone$version"

	# The mirror is packed, the source is not.
	svnadmin pack -q "$tmp/alone$version"
	equal "$version: packed alone" "alone$version" 12
	for at in 20 700; do
		flip "$tmp/alone$version/db/revs/1.pack/pack" "$at"
		check_not "$version: packed alone, byte $at is found" \
		    call verify "alone$version"
		repaired "$version: packed alone, byte $at" "alone$version" \
		    "$two" "$tmp/alone$version"
	done
	flip "$tmp/alone$version/db/revprops/1.pack/4.0" 30
	check_not "$version: packed alone, a pack of properties" \
	    call verify "alone$version"
	repaired "$version: packed alone, a pack of properties" \
	    "alone$version" "$two" "$tmp/alone$version"

	# Both are.
	svnadmin pack -q "$two"
	check "$version: a packed mirror" call run --once "packed$version"
	# Where nothing refers to what is wrong, until somebody reads just that.
	pack=$tmp/packed$version/db/revprops/1.pack
	flip "$pack/manifest" 8
	check_not "$version: a line of a manifest" call verify "packed$version"
	check_grep "$version: it is named" "r4 .*manifest is damaged" "$err"
	repaired "$version: a line of a manifest" "packed$version" "$two" \
	    "$tmp/packed$version"
	pack=$tmp/packed$version/db/revs/1.pack
	at=$(python3 -c 'import sys
print(open(sys.argv[1], "rb").read().find(b"\0" * 60))' "$pack/pack")
	if [ "$at" -ge 0 ]; then
		flip "$pack/pack" $((at + 30))
		found "$version: a byte of padding" "packed$version" 4 content
		repaired "$version: a byte of padding" "packed$version" \
		    "$two" "$tmp/packed$version"
	fi
	for shard in 0 1; do
		for file in manifest "*.*"; do
			pack=$tmp/packed$version/db/revprops/$shard.pack
			pack=$(ls "$pack"/$file)
			: >"$tmp/empty"
			rm -f "$pack"
			cp "$tmp/empty" "$pack"
			check_not "$version: properties, shard $shard, $file" \
			    call verify "packed$version"
			check_grep "$version: they are named" \
			    "r$((shard * 3 + 1)) .*its properties" "$err"
			repaired "$version: properties, shard $shard, $file" \
			    "packed$version" "$two" "$tmp/packed$version"
			check_equal "$version: what nobody names is gone" 2 \
			    "$(ls "${pack%/*}" | wc -l)"
		done
	done
done
finish
