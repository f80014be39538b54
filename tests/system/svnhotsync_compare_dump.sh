# syncgate verify --repair for mirrors that are made by dump: properties are set
# in place; where the content differs a new mirror is made from there on, and
# exchanged for the other in one step.
[ -d /dev/shm ] && [ -w /dev/shm ] && TMPDIR=/dev/shm && export TMPDIR
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib/lib.sh"
need svn svnadmin svnlook python3
. "$top_srcdir/tests/lib/hotsync.sh"
. "$top_srcdir/tests/lib/compare.sh"

one=$tmp/one
youngest=30
mkrepo "$one" "$youngest" 300000 1 || exit 1
{
	job here "$one" "$tmp/here" 'method = dump'
	job there "popen:$one" "popen:$tmp/there" 'method = dump'
} >"$tmp/conf"
check "mirrors are made" call run --once here there

# Shards of 8: `svnadmin create` makes others.
for name in here there; do
	mirror=$tmp/$name
	chmod u+w "$mirror/db/format"
	sed 's/sharded.*/sharded 8/' "$mirror/db/format" >"$tmp/format"
	cat "$tmp/format" >"$mirror/db/format"
	for kind in revs revprops; do
		for rev in $(seq 8 "$youngest"); do
			mkdir -p "$mirror/db/$kind/$((rev / 8))"
			mv "$mirror/db/$kind/0/$rev" \
			    "$mirror/db/$kind/$((rev / 8))/$rev"
		done
	done
	echo mine >"$mirror/conf/mine"
done

# is_mirror SENTENCE PATH
is_mirror() {
	check_grep "$1: commits are refused" 'is a mirror, kept by' \
	    "$2/hooks/start-commit"
	check_equal "$1: what is the place's is there" mine \
	    "$(cat "$2/conf/mine" 2>&1)"
	check_none "$1: nothing is on its way" "$2".syncgate-new \
	    "$2/db/syncgate-resync" "$2/.syncgate-new"
}
for name in here there; do
	mirror=$tmp/$name
	instance=$(sed -n 2p "$mirror/db/uuid")
	equal "$name" "$name" "$youngest"
	first=$(digest)

	# ---- Properties
	props "$mirror" 9
	mv "$mirror/hooks/pre-revprop-change" "$tmp/hook"
	svnadmin setrevprop "$mirror" -r 4 other "$tmp/log"
	svnadmin delrevprop "$mirror" -r 5 svn:author
	mv "$tmp/hook" "$mirror/hooks/pre-revprop-change"
	found "$name: a property more" "$name" 4 properties
	repaired "$name: properties" "$name" "$one" "$mirror"
	check_equal "$name: three of them" 3 \
	    "$(grep -c 'repaired the properties' "$out")"
	check_not "$name: the mirror is the same" ls -d "$mirror.before-1"

	# ---- A byte of a revision
	flip "$mirror/db/revs/1/11" 40
	found "$name: a byte" "$name" 11 "properties and content"
	cp -a "$mirror/db" "$tmp/db.damaged"
	repaired "$name: a byte" "$name" "$one" "$mirror"
	check_equal "$name: by the same digest" "$first" "$(digest)"
	check_grep "$name: the old mirror is named" \
	    "$mirror.before-1 now" "$out"
	check "$name: which has what it had" diff -r "$tmp/db.damaged/revs" \
	    "$mirror.before-1/db/revs"
	rm -rf "$tmp/db.damaged"
	is_mirror "$name" "$mirror"
	check_not "$name: caches do not take it for the old one" \
	    test "$instance" = "$(sed -n 2p "$mirror/db/uuid")"
	check "$name: what was good has another name only" \
	    test "$mirror/db/revs/0/7" -ef "$mirror.before-1/db/revs/0/7"
	check "$name: and what follows is new" \
	    test ! "$mirror/db/revs/1/12" -ef "$mirror.before-1/db/revs/1/12"
	check "$name: the status" call status "$name"
	check_grep "$name: has the proof" "r0:$youngest proven" "$out"

	# ---- A byte of a pack
	check "$name: it is packed" svnadmin pack -q "$mirror"
	check "$name: as far as it can be" test -f "$mirror/db/revs/2.pack/pack"
	equal "$name: packed" "$name" "$youngest"
	flip "$mirror/db/revs/1.pack/pack" 3000
	check_not "$name: a byte of a pack is found" call verify "$name"
	repaired "$name: a byte of a pack" "$name" "$one" "$mirror"
	check "$name: a good pack has another name only" test \
	    "$mirror/db/revs/0.pack/pack" -ef \
	    "$mirror.before-2/db/revs/0.pack/pack"
	check "$name: what was behind it is loaded" \
	    test -f "$mirror/db/revs/1/8"
	is_mirror "$name" "$mirror"
	check "$name: it can be packed again" svnadmin pack -q "$mirror"
	equal "$name: packed again" "$name" "$youngest"
	rm -rf "$mirror.before-1" "$mirror.before-2"
done

# ---- It goes on; a revision that the source has not
svn mkdir -q -m more "file://$one/more"
youngest=31
for name in here there; do
	mirror=$tmp/$name
	mv "$mirror/hooks/start-commit" "$tmp/hook"
	svn mkdir -q -m mine "file://$mirror/mine"
	mv "$tmp/hook" "$mirror/hooks/start-commit"
	found "$name: a commit to the mirror" "$name" 31 \
	    "properties and content"
	repaired "$name: a commit to the mirror" "$name" "$one" "$mirror"
	check "$name: a run has nothing to do" call run --once "$name"
	rm -rf "$mirror.before-1"

	# ---- r0
	rm -f "$mirror/db/revs/0.pack/pack"
	: >"$mirror/db/revs/0.pack/pack"
	check_not "$name: the pack of r0 is empty" call verify "$name"
	repaired "$name: the pack of r0" "$name" "$one" "$mirror"
	is_mirror "$name" "$mirror"
	rm -rf "$mirror.before-1"
done

# ---- Killed after the exchange; what is in the way of one
cp -a "$tmp/here" "$tmp/here.syncgate-new"
echo new >"$tmp/here/db/syncgate-resync"
svn mkdir -q -m more "file://$one/even-more"
check "runs go on after it" call run --once here there
equal "here to the end" here 32
equal "and there" there 32
check "the old mirror has its last name" test -d "$tmp/here.before-1"
is_mirror "settled" "$tmp/here"
youngest=32
mkdir "$tmp/there.syncgate-new"
echo mine >"$tmp/there.syncgate-new/mine"
flip "$tmp/there/db/revs/0/20" 40
check_not "what is not ours is in the way" call verify --repair there
check_grep "which is said" 'there.syncgate-new is in the way' "$err"
check_equal "and stays" mine "$(cat "$tmp/there.syncgate-new/mine")"
rm -r "$tmp/there.syncgate-new"
repaired "when it is away" there "$one" "$tmp/there"
finish
