#!/bin/sh
# snapshots = N: a dated tree of each run.
# sanitize: yes
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib/lib.sh"
. "$top_srcdir/tests/lib/rsync.sh"
need python3

cd "$tmp" || exit 2
base=$tmp/kept

snapshot() {
	rsync_run "$tmp/src" "$base" snapshots=3 "$@"
}

# The Nth snapshot, the oldest first.
nth() {
	ls "$base" | grep '^20' | sed -n "$1p"
}

mkdir -p src/folder
for name in one two three folder/four; do
	echo "$name" >"src/$name"
done
ln src/one src/one-more
ln -s one src/link
chmod 640 src/two
cp -a src was1
rsync_dry "$tmp/src" "$base" snapshots=3
check_equal "a dry run before the first: it ends well" 0 $?
check_grep "and says that all would come" 'folder/four"' "$log"
check "and makes nothing" [ ! -e "$base" ]
check "the first run makes a snapshot" snapshot
check_equal "and there is one" 1 "$(ls "$base" | grep -c '^20')"
same "which is like the source" src "$base/latest/" --ignore links
check_equal "latest is a link to it" "$(nth 1)" "$(readlink "$base/latest")"

sleep 1
echo changed >src/two
chmod 600 src/three
touch -h -d 2002-02-02 src/link
rm src/folder/four
cp -a src was2
check "the second one" snapshot
same "is like the source" src "$base/latest/" --ignore links
same "and the first is as it was" was1 "$base/$(nth 1)" --ignore links
check_equal "what did not change is the same file in both" \
    "$(stat -c %i "$base/$(nth 1)/one")" "$(stat -c %i "$base/latest/one")"
check_not "what got another mode is not" test \
    "$(stat -c %i "$base/$(nth 1)/three")" = \
    "$(stat -c %i "$base/latest/three")"

# A pair of names that is split.
sleep 1
rm src/one-more
cp -p src/one src/one-more
check "a pair of names is split" snapshot
same "is split in the new one" src "$base/latest/" --ignore links
same "and the second is as it was" was2 "$base/$(nth 2)" --ignore links

sleep 1
echo four >src/four
check "--dry-run says what would come" sh -c "
	'$SYNCGATE' run --once --dry-run --plugin rsync source='$tmp/src' \
	    targets='$base' snapshots=3 | grep -q '>f+++++++++ four'"
check_equal "and makes nothing" 3 "$(ls "$base" | grep -c '^20')"
check "the fourth one" snapshot
check_equal "the oldest has gone" 3 "$(ls "$base" | grep -c '^20')"
same "the others are as they were" was2 "$base/$(nth 1)" --ignore links
check_equal "nothing temporary is left" "" "$(ls -A "$base" | grep tmp)"

# Killed in the middle: the next one is whole, and nothing is left.
i=0
while [ $i -lt 400 ]; do
	head -c 20000 /dev/zero >"src/folder/f$i"
	i=$((i + 1))
done
for after in 0.15 0.3 0.5; do
	timeout -s KILL $after "$SYNCGATE" run --once --plugin rsync \
	    source="$tmp/src" targets="$base" snapshots=3 hold-over=100% \
	    >"$log" 2>&1 </dev/null
done
sleep 1
check "after runs that were killed" snapshot
same "it is like the source" src "$base/latest/" --ignore links
check_equal "nothing of them is left" "" "$(ls -A "$base" | grep tmp)"

# Without snapshots in the job they would be deleted.
ls -A "$base" >names
rsync_run "$tmp/src" "$base"
check_equal "a job without snapshots is refused there" 1 $?
check_grep "and told what to say" 'replace-snapshots = yes' "$log"
rsync_dry "$tmp/src" "$base"
check_equal "--dry-run says so, too" 1 $?
ls -A "$base" >names2
check "nothing was deleted" cmp names names2
cp -a "$base" other
check "delete=no deletes nothing, and may" rsync_run "$tmp/src" "$tmp/other" \
    delete=no
check "replace-snapshots=yes" rsync_run "$tmp/src" "$tmp/other" \
    replace-snapshots=yes
same "makes it a plain copy" src other --ignore links
mkdir plain
ln -s 2020-01-01T00-00-00Z plain/latest
check "a link of that name to nothing is no snapshot" rsync_run "$tmp/src" \
    "$tmp/plain"

rsync_run "$tmp/src" "$base" snapshots=3 follow=yes
check_equal "not with follow" 2 $?
check_grep "and it says why" "do not go together" "$log"
finish
