# syncgate verify: a mirror and its source are compared without moving the data;
# what differs is named and repaired; the proof is in the status.
[ -d /dev/shm ] && [ -w /dev/shm ] && TMPDIR=/dev/shm && export TMPDIR
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib/lib.sh"
need svn svnadmin svnlook python3
. "$top_srcdir/tests/lib/hotsync.sh"
. "$top_srcdir/tests/lib/compare.sh"

one=$tmp/one
mkrepo "$one" 20 200000 1 8
# What is larger than a page of an index, which is 1 MiB.
head -c 2500000 /dev/urandom >"$tmp/large"
svn import -q -m large "$tmp/large" "file://$one/large"
youngest=21
{
	job here "$one" "$tmp/here"
	job from "popen:$one" "$tmp/from"
	job to "$one" "popen:$tmp/to"
	job there "popen:$one" "popen:$tmp/there"
	job dump "$one" "$tmp/dump" 'method = dump'
	job dumpto "popen:$one" "popen:$tmp/dumpto" 'method = dump'
} >"$tmp/conf"

# ---- Equal, in all directions ------------------------------------------------

check_not "what is not there is not equal" call verify here
check_not "nothing is made" ls -d "$tmp/here"
check_not "its status is no success" "$SYNCGATE" status -c "$tmp/conf" here
check "mirrors are made" call run --once here from to there dump dumpto
equal "here to here" here 21
first=$(digest)
for job in from to there; do
	equal "$job" "$job" 21
	check_equal "$job: by the same digest" "$first" "$(digest)"
done
equal "by dump" dump 21
second=$(digest)
equal "by dump, over there" dumpto 21
check_equal "by the same digest" "$second" "$(digest)"
check "the status" call status here
check_grep "has the proof" \
    "here: r21, r0:21 proven equal at 20.* UTC, digest $first" "$out"
check "also as JSON, of all" call status --json
check_equal "a line each" 6 "$(python3 -c 'import json, sys
print(sum(json.loads(l)["proven"] == 21 for l in sys.stdin))' <"$out")"
svn mkdir -q -m more "file://$one/more"
equal "who is behind is compared as far as it is" here 21
check_grep "which is said" 'is at r21, the source at r22' "$out"
check "the others come after" call run --once here from to there dump dumpto
youngest=22
equal "they are compared again" there 22

# ---- What differs, unpacked --------------------------------------------------

size=$(stat -c %s "$tmp/here/db/revs/1/13")
for at in 0 $((size / 2)) -1 -40 -120; do
	flip "$tmp/here/db/revs/1/13" "$at"
	found "byte $at of r13" here 13 content
	repaired "byte $at of r13" here "$one" "$tmp/here"
done
flip "$tmp/here/db/revs/2/21" 2000000
found "a byte of a large one" here 21 content
repaired "a byte of a large one" here "$one" "$tmp/here"
# (Where it lies is told by `svnfsfs dump-index -r 2`.)
flip "$tmp/here/db/revs/0/2" 1024
found "a text that no node refers to" here 2 content
repaired "a text that no node refers to" here "$one" "$tmp/here"
rm -f "$tmp/here/db/revs/0/0"
found "a file that is gone" here 0 content
repaired "a file that is gone" here "$one" "$tmp/here"
cmp -s "$one/db/revs/0/0" "$tmp/here/db/revs/0/0" ||
    fail "it is another file" /dev/null
: >"$tmp/there/db/revs/0/3"
chmod u+w "$tmp/there/db/revs/0/3"
: >"$tmp/there/db/revs/0/3"
found "an empty file, over there" there 3 content
repaired "an empty file, over there" there "$one" "$tmp/there"

props "$tmp/here" 17
found "a log message" here 17 properties
repaired "a log message" here "$one" "$tmp/here"
props "$tmp/to" 1
found "a log message, over there" to 1 properties
repaired "a log message, over there" to "$one" "$tmp/to"
props "$tmp/here" 5
flip "$tmp/here/db/revs/0/5" 9
flip "$tmp/here/db/revs/2/20" 9
found "properties and content" here 5 "properties and content"
repaired "several at once" here "$one" "$tmp/here"
check_equal "as many as there were" 2 "$(grep -c 'repaired the' "$out")"

# ---- By dump -----------------------------------------------------------------

props "$tmp/dump" 4
found "by dump, a log message" dump 4 properties
repaired "by dump, a log message" dump "$one" "$tmp/dump"
flip "$tmp/dump/db/revs/0/11" 40
found "by dump, a byte" dump 11 "properties and content"
check_grep "by dump, a byte: and why" 'content: svnadmin dump .* failed: svnadmin: E[0-9]' \
    "$err"
check_equal "by dump, a byte: which is said once" 1 \
    "$(cat "$out" "$err" | grep -c 'svnadmin: E[0-9]')"

# ---- The source packed, the mirror not ---------------------------------------

svnadmin pack -q "$one"
equal "the source is packed, the mirror is not" here 22
check_equal "by the same digest as another mirror" \
    "$(digest)" "$(call verify there && digest)"
for at in 0 $((size / 2)); do
	flip "$tmp/here/db/revs/1/13" "$at"
	found "a packed source, byte $at of r13" here 13 content
	repaired "a packed source, byte $at of r13" here "$one" "$tmp/here"
done
cmp -s "$tmp/here/db/revs/1/13" "$tmp/to/db/revs/1/13" ||
    fail "it is another file" /dev/null
flip "$tmp/here/db/revs/1/13" -1
found "its index" here 13 content
check_not "its index cannot be made again from a pack" call verify --repair here
check_grep "why, and what can be done" \
    'r13.*(footer|damaged).*only .syncgate run --resync. can' "$err"
cp -p "$tmp/to/db/revs/1/13" "$tmp/here/db/revs/1/13"
props "$tmp/here" 9
found "a packed source, a log message" here 9 properties
repaired "a packed source, a log message" here "$one" "$tmp/here"

# ---- What cannot be compared -------------------------------------------------

flip "$one/db/revs/2/20" -1
check_not "a damaged source is no mirror's fault" call verify --repair here
check_grep "and it is named" \
    'r20 of the source cannot be compared: .*db/revs/2/20 is damaged' "$err"
flip "$one/db/revs/2/20" -1
job odd "$one" "$tmp/odd" >>"$tmp/conf"
svnadmin create "$tmp/odd"
check_not "what is no mirror is not compared" call verify odd
check_grep "which is said" 'is no mirror: syncgate did not make it' "$err"
check_not "nor has it a status" call status odd
check_equal "which says so with its name" \
    "odd: $tmp/odd: not known: $tmp/odd is no mirror: syncgate did not make" \
    "$(sed 's/ make it.*/ make/' "$out")"
finish
