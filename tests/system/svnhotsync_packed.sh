# Packed repositories, wholly and partly, packed before and while they are
# mirrored; properties edited and deleted in packs, also compressed ones;
# formats 7 and 8, logical and physical addressing.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib/lib.sh"
need svn svnadmin python3
. "$top_srcdir/tests/lib/hotsync.sh"

setlog() {
	printf '%s' "$3" >"$tmp/log"
	svnadmin setrevprop "$1" -r "$2" svn:log "$tmp/log"
}

# grow REPOSITORY FROM TO: more of the same history.
grow() {
	mkrepo_history "$3" $(($3 * 2000)) 1 "$2" | mkrepo_load "$1"
}

# ---- Packed before ------------------------------------------------------------

src=$tmp/src
mir=$tmp/mir
mkrepo "$src" 45 90000 1 8
svnadmin pack -q "$src"
check "a packed repository is mirrored" hot "$src" "$mir"
same_repo "and gives the same dump" "$src" "$mir"
verified "and verifies" "$src" "$mir"
check "its packs are taken as they are" cmp "$src/db/revs/2.pack/pack" \
    "$mir/db/revs/2.pack/pack"
check_not "no unpacked folder is there for a pack" test -e "$mir/db/revs/2"

setlog "$src" 11 "a log message that was changed after packing"
svnadmin delrevprop "$src" -r 19 svn:author
setlog "$src" 0 "r0 has one, too"
setlog "$src" 44 "and what is not packed"
check "properties that changed in packs are carried" hot "$src" "$mir"
same_repo "and the dumps are the same again" "$src" "$mir"
setlog "$src" 12 "$(head -c 30000 /dev/urandom | od -An -tx1)"
check "a large one, which splits a pack, is carried" hot "$src" "$mir"
same_repo "and the dumps are the same" "$src" "$mir"
check_equal "no file of properties is there that is not there at the source" \
    "$(cd "$src/db/revprops" && find . | sort)" \
    "$(cd "$mir/db/revprops" && find . | sort)"

# ---- Packed between two runs ----------------------------------------------------

grow "$src" 46 70
svnadmin pack -q "$src"
check "what was packed beyond the mirror's youngest arrives in packs" \
    hot "$src" "$mir"
same_repo "with the same dump" "$src" "$mir"
verified "and it verifies" "$src" "$mir"

rm -rf "$mir"
mkrepo "$tmp/src2" 60 120000 2 8
src=$tmp/src2
sed -i 's/^# *compress-packed-revprops = .*/compress-packed-revprops = true/' \
    "$src/db/fsfs.conf"
check_grep "packed properties will be compressed" \
    '^compress-packed-revprops = true' "$src/db/fsfs.conf"
check "an unpacked repository is mirrored" hot "$src" "$mir"
svnadmin pack -q "$src"
# Set at the mirror past its guards, as if they had been missed until now.
setlog "$mir" 21 "not what the source has"
svnadmin delrevprop "$mir" -r 22 svn:author
setlog "$src" 33 "changed in a compressed pack"
svnadmin delrevprop "$src" -r 34 svn:log
check "the source was packed: the mirror goes on" hot "$src" "$mir"
same_repo "compressed properties were read out of their packs" "$src" "$mir"
check "the mirror stays unpacked" test -e "$mir/db/revs/1/9"
check "nothing is left to do" hot "$src" "$mir"
same_repo "and it stays the same" "$src" "$mir"
rm "$mir/hooks/start-commit"
check "without its guard, an unpacked mirror takes a commit" \
    svn mkdir -q -m x "file://$mir/promoted"

# ---- Packed while it is followed --------------------------------------------------

src=$tmp/src3
mir=$tmp/mir3
mkrepo "$src" 30 60000 3 8
hot_follow "$src" "$mir" poll=60
check "the mirror follows" wait_until 20 grep -q following "$out" "$err"
svnadmin pack -q "$src"
svn mkdir -q -m "after packing" "file://$src/after-packing"
check "a commit after packing arrives" wait_until 20 has_revision "$mir" 31
setlog "$src" 9 "edited while followed, in a pack"
svnadmin delrevprop "$src" -r 17 svn:author
setlog "$src" 31 "edited while followed"
equal_now() {
	[ "$(repo_sum "$src")" = "$(repo_sum "$mir")" ]
}
check "edited and deleted properties arrive" wait_until 20 equal_now
for i in 1 2 3 4 5 6 7 8 9 10; do
	svn mkdir -q -m "$i" "file://$src/more-$i"
done
svnadmin pack -q "$src"
setlog "$src" 38 "in a pack that is new"
check "and so it goes on" wait_until 20 equal_now
hot_stop
check_equal "it stops when it is asked to" 0 "$hot_status"
same_repo "the dumps are the same" "$src" "$mir"

# ---- Packed while it is copied ------------------------------------------------------

src=$tmp/src4
mir=$tmp/mir4
mkrepo "$src" 400 4000000 4 8
hot "$src" "$mir" &
first=$!
svnadmin pack -q "$src"
wait "$first"
check_equal "a repository is mirrored while it is packed" 0 $?
same_repo "with the same dump" "$src" "$mir"

# ---- Formats ----------------------------------------------------------------------

format_case() {
	src=$tmp/f-$1
	mir=$tmp/m-$1
	check_grep "$2: the source is what it is to be" "$3" "$src/db/format"
	check "$2: it is mirrored" hot "$src" "$mir"
	same_repo "$2: with the same dump" "$src" "$mir"
	rm -rf "$mir"
	svnadmin pack -q "$src"
	check "$2, packed: it is mirrored" hot "$src" "$mir"
	same_repo "$2, packed: with the same dump" "$src" "$mir"
	verified "$2, packed: it verifies" "$src" "$mir"
}

svnadmin create --compatible-version 1.9 "$tmp/f-7"
mkrepo_layout "$tmp/f-7" 8
mkrepo_history 30 60000 5 | mkrepo_load "$tmp/f-7"
format_case 7 "format 7" '^7$'

svnadmin create --compatible-version 1.8 "$tmp/f-up"
sed -i 's/^layout sharded .*/layout sharded 8/' "$tmp/f-up/db/format"
mkrepo_history 30 60000 6 | mkrepo_load "$tmp/f-up"
svnadmin upgrade "$tmp/f-up" >/dev/null
format_case up "upgraded to format 8" '^addressing physical$'

finish
