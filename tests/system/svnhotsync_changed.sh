# What others do to a source or a mirror while it is followed: their commits are
# not overwritten, and no history is mixed with another one.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib/lib.sh"
need svn svnadmin python3
. "$top_srcdir/tests/lib/hotsync.sh"

follows() {
	hot_follow "$@"
	check "it follows" wait_until 20 grep -q following "$out" "$err"
}
ended() {
	! kill -0 "$hot_pid" 2>/dev/null
}
# ends SENTENCE PATTERN: the job that follows fails, for that reason.
ends() {
	check "$1" wait_until 20 ended
	hot_stop
	check_equal "by an error" 1 "$hot_status"
	check_grep "which tells the reason" "$2" "$err"
}
revisions() {
	(cd "$1/db" && find revs revprops -type f | sort | xargs sha256sum)
}

mkrepo "$tmp/first" 20 100000 1 8

# ---- The mirror -------------------------------------------------------------

src=$tmp/src
mir=$tmp/mir
cp -a "$tmp/first" "$src"
follows "$src" "$mir" guard=no
svn mkdir -q -m "at the mirror" "file://$mir/at-the-mirror"
before=$(revisions "$mir")
svn mkdir -q -m "at the source" "file://$src/at-the-source"
ends "a commit to a mirror that is followed ends the job" \
    'written to by somebody else'
check_equal "and is not overwritten" "$before" "$(revisions "$mir")"
check "the mirror verifies" svnadmin verify -q "$mir"

mir=$tmp/packed
cp -a "$tmp/first" "$tmp/src2"
src=$tmp/src2
follows "$src" "$mir"
svnadmin pack -q "$mir"
printf 'another log message' >"$tmp/log"
svnadmin setrevprop "$src" -r 19 svn:log "$tmp/log"
ends "a mirror that somebody packs ends the job" 'pack the source, too'
svnadmin pack -q "$src"
check "it goes on when the source is packed, too" hot "$src" "$mir"
same_repo "with the same dump" "$src" "$mir"

# ---- The source -------------------------------------------------------------

src=$tmp/src3
mir=$tmp/mir3
cp -a "$tmp/first" "$src"
cp -a "$src" "$tmp/older"
for i in 1 2 3; do
	svn mkdir -q -m "$i" "file://$src/a$i"
done
follows "$src" "$mir" poll=1
before=$(revisions "$mir")
# As a backup comes back: over what is there, in the same folder.
cp -a "$tmp/older/." "$src/"
for i in 1 2 3 4; do
	svn mkdir -q -m "$i" "file://$src/b$i"
done
ends "an older state in the source's place ends the job" \
    'replaced or wound back'
check_equal "the mirror keeps what it had" "$before" "$(revisions "$mir")"
check "and verifies" svnadmin verify -q "$mir"

# ---- Two jobs begin the same mirror -------------------------------------------

mkrepo "$tmp/large" 1500 6000000
mir=$tmp/twice
hot_follow "$tmp/large" "$mir"
check "the first job begins" wait_until 20 test -e "$mir/db/syncgate"
"$SYNCGATE" run --plugin svnhotsync source="$tmp/large" mirror="$mir" \
    --once >"$tmp/out2" 2>"$tmp/err2" &
second=$!
at_exit "kill_child $second"
check "the second waits" wait_until 20 grep -q waiting "$tmp/out2" "$tmp/err2"
check "the first has all" wait_until 60 has_revision "$mir" 1500
uuid=$(cat "$mir/db/uuid")
hot_stop
wait "$second"
check_equal "the second takes the mirror as the first made it" 0 $?
check_equal "and does not make it anew" "$uuid" "$(cat "$mir/db/uuid")"

# ---- r0 ---------------------------------------------------------------------

src=$tmp/zero
cp -a "$tmp/first" "$src"
svnadmin pack -q "$src"
head -c 75000 /dev/urandom | base64 >"$tmp/log"
svnadmin setrevprop "$src" -r 0 large "$tmp/log"
check "a packed source with large properties of r0 is mirrored" \
    hot "$src" "$tmp/zeromir"
same_repo "with the same dump" "$src" "$tmp/zeromir"

finish
