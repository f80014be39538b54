# Every FSFS that is copied: formats 3 to 8, with shards and without, packed and
# not, and such as were upgraded.  A mirror has the format of its source.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib/lib.sh"
need svn svnadmin python3
. "$top_srcdir/tests/lib/hotsync.sh"

# create PATH VERSION: a repository as that Subversion makes it, shards of 8.
create() {
	svnadmin create --compatible-version "$2" "$1"
	mkrepo_layout "$1" 8
	mv "$1/db/fsfs.conf.svn" "$1/db/fsfs.conf" 2>/dev/null
	# Before format 4 Subversion does not know of it.
	grep -q '^[123]$' "$1/db/format" && rm -f "$1/db/fsfs.conf"
	return 0
}

# fill PATH FROM TO
fill() {
	mkrepo_history "$3" $(($3 * 2000)) 5 "$2" | mkrepo_load "$1"
}

setlog() {
	printf '%s' "$3" >"$tmp/log"
	svnadmin setrevprop "$1" -r "$2" svn:log "$tmp/log"
}

# as_it_is SENTENCE: mirror it, and compare with what Subversion sees.
as_it_is() {
	check "$1: it is mirrored" hot "$src" "$mir"
	same_repo "$1: with the same dump" "$src" "$mir"
	check "$1: its format is the source's" cmp "$src/db/format" \
	    "$mir/db/format"
	check_equal "$1: uuid has as many lines" "$(wc -l <"$src/db/uuid")" \
	    "$(wc -l <"$mir/db/uuid")"
	verified "$1: it verifies" "$src" "$mir"
}

# names PATH: of all files that hold revisions and properties.
names() {
	(cd "$1/db" && find revs revprops -type f | sort)
}

# ---- As each Subversion makes them -------------------------------------------

for v in 1.5:3 1.6:4 1.8:6 1.9:7 1.10:8; do
	format=${v#*:}
	src=$tmp/s$format
	mir=$tmp/m$format
	create "$src" "${v%:*}"
	fill "$src" 1 30
	check_equal "format $format is what is made" "$format" \
	    "$(head -n 1 "$src/db/format")"
	as_it_is "format $format"
	fill "$src" 31 36
	setlog "$src" 7 "changed"
	as_it_is "format $format, with more"
	[ "$format" -ge 4 ] || continue
	# What the mirror has stays unpacked; what comes is packed.
	svnadmin pack -q "$src"
	fill "$src" 37 50
	svnadmin pack -q "$src"
	setlog "$src" 12 "in a packed shard, and longer than it was before"
	setlog "$src" 49 "in no packed shard"
	setlog "$src" 0 "of r0"
	as_it_is "format $format, packed after it was mirrored"
	check_equal "format $format: it has the files of its source" \
	    "$(names "$src")" "$(names "$mir")"
	rm -rf "$mir"
	as_it_is "format $format, packed"
	check_equal "format $format, packed: it has the files of its source" \
	    "$(names "$src")" "$(names "$mir")"
	rm "$mir/hooks/start-commit"
	check "format $format: it takes commits" \
	    svn mkdir -q -m x "file://$mir/promoted"
done
check_grep "properties of format 4 are in files of their own" \
    '^revprops/1/12$' /dev/stdin <<END
$(names "$tmp/s4")
END

# ---- Without shards --------------------------------------------------------------

src=$tmp/linear
mir=$tmp/linear.mirror
svnadmin create --compatible-version 1.4 "$src"
fill "$src" 1 20
cp -a "$src" "$tmp/linear4"
svnadmin upgrade "$src" >/dev/null
check_grep "an upgraded repository keeps three numbers as its current" \
    '^20 .* .*' "$src/db/current"
as_it_is "linear, upgraded to format 8"
check "it has no shards" test -f "$mir/db/revs/20"
svn mkdir -q -m "after the upgrade" "file://$src/after"
setlog "$src" 3 "changed"
as_it_is "linear, with more"

# As Subversion 1.6 upgrades one of 1.4.
src=$tmp/linear4
mir=$tmp/linear4.mirror
printf '4\nlayout linear\n' >"$tmp/format"
chmod u+w "$src/db/format"
cp "$tmp/format" "$src/db/format"
echo 0 >"$src/db/min-unpacked-rev"
echo 0 >"$src/db/txn-current"
: >"$src/db/txn-current-lock"
mkdir "$src/db/txn-protorevs"
check "linear format 4 verifies" svnadmin verify -q "$src"
as_it_is "linear, format 4"

equal_now() {
	[ "$(repo_sum "$src")" = "$(repo_sum "$mir")" ]
}
# followed NAME: what is changed arrives.
followed() {
	check "a linear one is followed, $1" wait_until 20 grep -q "$2" \
	    "$out" "$err"
	svn mkdir -q -m one "file://$src/followed-$1"
	check "$1: commits arrive" wait_until 20 equal_now
	setlog "$src" 5 "while it is followed, $1"
	check "$1: properties arrive" wait_until 20 equal_now
	hot_stop
	check_equal "$1: it stops when it is asked to" 0 "$hot_status"
}
hot_follow "$src" "$mir" poll=600
followed watched following
limited='echo 0 >/proc/sys/user/max_inotify_instances && exec "$@"'
if unshare -Ur sh -c "$limited" sh true 2>/dev/null; then
	: >"$out"
	unshare -Ur sh -c "$limited" sh "$SYNCGATE" run --plugin svnhotsync \
	    source="$src" mirror="$mir" poll=0.2 >"$out" 2>"$err" </dev/null &
	hot_pid=$!
	at_exit "kill_child $hot_pid"
	followed polled "instead of watching"
fi

finish
