# A source that is upgraded, hot-copied over, or put back from the same history,
# while it is followed and between two runs: the mirror goes on.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib/lib.sh"
need svn svnadmin python3
. "$top_srcdir/tests/lib/hotsync.sh"

setlog() {
	printf '%s' "$3" >"$tmp/log"
	svnadmin setrevprop "$1" -r "$2" svn:log "$tmp/log"
}
equal_now() {
	[ "$(repo_sum "$src")" = "$(repo_sum "$mir")" ]
}
followed() {
	hot_follow "$src" "$mir" poll=1
	check "$1: it follows" wait_until 20 grep -q following "$out" "$err"
}
# goes_on SENTENCE: a commit and a changed property arrive.
commits=0
goes_on() {
	commits=$((commits + 1))
	svn mkdir -q -m "$commits" "file://$src/commit-$commits"
	setlog "$src" 9 "changed, $commits"
	check "$1: the mirror goes on" wait_until 20 equal_now
	verified "$1: it verifies" "$src" "$mir"
}
stops() {
	hot_stop
	check_equal "$1: it stops when it is asked to" 0 "$hot_status"
}
create() {
	svnadmin create --compatible-version "$2" "$1"
	sed -i 's/^layout sharded .*/layout sharded 8/' "$1/db/format"
	mkrepo_history 30 60000 3 | mkrepo_load "$1"
}

# ---- Upgraded ------------------------------------------------------------------

for v in 1.5 1.6 1.8 1.9; do
	src=$tmp/s$v
	mir=$tmp/m$v
	create "$src" "$v"
	[ "$v" = 1.5 ] || svnadmin pack -q "$src"
	was=$(head -n 1 "$src/db/format")
	followed "format $was"
	cp -a "$mir" "$mir.before"
	svnadmin upgrade "$src" >/dev/null
	goes_on "format $was is upgraded while it is followed"
	stops "format $was"
	check "format $was: the mirror has the new format" \
	    cmp "$src/db/format" "$mir/db/format"
	check_equal "format $was: and files with the same names" \
	    "$(cd "$src/db" && find revs revprops -type f | sort)" \
	    "$(cd "$mir/db" && find revs revprops -type f | sort)"
	check_equal "format $was: uuid has two lines" 2 \
	    "$(wc -l <"$mir/db/uuid")"
	check_not "format $was: the instance is not the source's" \
	    cmp -s "$src/db/uuid" "$mir/db/uuid"
	# The same between two runs, with more that was packed.
	mir=$mir.before
	svnadmin pack -q "$src"
	check "format $was, between two runs: a dry run" \
	    hot "$src" "$mir" --dry-run
	check_equal "format $was, between two runs: changes nothing" "$was" \
	    "$(head -n 1 "$mir/db/format")"
	check "format $was, between two runs: the mirror goes on" \
	    hot "$src" "popen:$mir"
	same_repo "format $was, between two runs: the same dump" "$src" "$mir"
	check "format $was, between two runs: the new format" \
	    cmp "$src/db/format" "$mir/db/format"
	rm "$mir/hooks/start-commit"
	check "format $was: the mirror takes commits" \
	    svn mkdir -q -m x "file://$mir/promoted"
done

# ---- Another copy of the same ---------------------------------------------------

src=$tmp/src
mir=$tmp/mir
create "$src" 1.14
svnadmin pack -q "$src"
followed "hot-copied over"
uuid=$(cat "$mir/db/uuid")
svnadmin hotcopy -q "$src" "$tmp/copy"
mv "$src" "$tmp/away"
mv "$tmp/copy" "$src"
goes_on "hot-copied over while it is followed"
rm -rf "$src"
sleep 1
svnadmin hotcopy -q "$mir" "$src"
rm "$src"/hooks/start-commit "$src"/hooks/pre-revprop-change
goes_on "restored from the mirror while it is followed"
cp -a "$src" "$tmp/backup"
cp -a "$tmp/backup/." "$src/"
goes_on "put back in place while it is followed"
stops "hot-copied over"
check_equal "the mirror is the same one still" "$uuid" "$(cat "$mir/db/uuid")"
svnadmin hotcopy -q "$src" "$tmp/copy2"
rm -rf "$src"
mv "$tmp/copy2" "$src"
svn mkdir -q -m y "file://$src/after-the-copy"
check "hot-copied over between two runs: the mirror goes on" hot "$src" "$mir"
same_repo "with the same dump" "$src" "$mir"

# ---- An older format of the same -------------------------------------------------

src=$tmp/restored
mir=$tmp/restored.mirror
create "$src" 1.8
cp -a "$src" "$tmp/old"
svnadmin upgrade "$src" >/dev/null
check "an upgraded source is mirrored" hot "$src" "$mir"
rm -rf "$src"
mv "$tmp/old" "$src"
svn mkdir -q -m z "file://$src/old-format"
check "put back from before its upgrade: the mirror goes on" hot "$src" "$mir"
same_repo "with the same dump" "$src" "$mir"
check "and verifies" svnadmin verify -q "$mir"
check_equal "it keeps its format" 8 "$(head -n 1 "$mir/db/format")"

# ---- The mirror itself ----------------------------------------------------

for method in copy dump; do
	mir=$tmp/moved.$method
	hot_follow "$src" "popen:$mir" method=$method
	check "$method: a mirror follows" wait_until 20 \
	    grep -q following "$out"
	mv "$mir" "$mir.away"
	cp -a "$mir.away" "$mir"
	was=$(repo_youngest "$mir")
	svn mkdir -q -m "$method" "file://$src/moved-$method"
	check "$method: a copy in its place gets what comes" wait_until 20 \
	    has_revision "$mir" $((was + 1))
	check_equal "$method: what was moved away does not" "$was" \
	    "$(repo_youngest "$mir.away")"
	check_grep "$method: which is told" 'was moved away or replaced' \
	    "$out" "$err"
	hot_stop
done
finish
