# syncgate verify and status of all repositories in a folder: none at all is no
# success, names with a dot are those that the pattern names, and a folder that
# cannot be listed does not hide the others.
[ -d /dev/shm ] && [ -w /dev/shm ] && TMPDIR=/dev/shm && export TMPDIR
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib/lib.sh"
need svn svnadmin python3
. "$top_srcdir/tests/lib/hotsync.sh"
. "$top_srcdir/tests/lib/compare.sh"

mkdir "$tmp/all" "$tmp/first" "$tmp/second"
# jobs "LINES": mirrors of PATTERN in FIRST and SECOND
many() {
	printf 'job %s {\n\tplugin = svnhotsync\n\tsource = "%s"\n' "$1" "$2"
	printf '\tmirrors = {"%s", "%s"}\n}\n' "$3" "$4"
}
many all "$tmp/all/*" "$tmp/first" "popen:$tmp/second" >"$tmp/conf"
many dots "popen:$tmp/all/.*" "$tmp/first/*" "$tmp/second" >>"$tmp/conf"

check_not "no repository is no success" call verify all
check_grep "which is said" 'there is no repository in .*/all/\*' "$err"
svnadmin create "$tmp/all/.hidden"
check_not "one with a dot is none of them" call verify all
check_grep "which is said, too" 'there is no repository in .*/all/\*' "$err"
check "a pattern with a dot means it" call run --once dots
check "and it is verified" call verify dots
check_equal "in both mirrors" 2 "$(grep -c '/\.hidden: r0:0 equal' "$out")"
check "it has a status" call status dots
check_equal "in both" 2 "$(grep -c '/\.hidden: r0, r0:0 proven' "$out")"
check_not "for the other job there is no mirror" call status all
check_equal "in either folder" 2 \
    "$(grep -c 'not known: there is no repository in' "$out")"

for name in a b; do
	mkrepo "$tmp/all/$name" 5 20000 1 || exit 1
done
check "mirrors of all" call run --once all
check "each is verified" call verify all
check_equal "and named" 4 "$(grep -c '/[ab]: r0:5 equal' "$out")"

# What making anew leaves is left out, by both.
cp -a "$tmp/all/a" "$tmp/all/a.before-1"
cp -a "$tmp/all/a" "$tmp/all/a.syncgate-new"
cp -a "$tmp/first/a" "$tmp/first/a.before-12"
cp -a "$tmp/all/a" "$tmp/all/two
lines"
check "what is left of making anew, and an odd name, are left out" \
    call verify all
check_equal "four are verified" 4 "$(grep -c ': r0:5 equal' "$out")"
check_grep "that name is told of" 'left out: its name has control' "$out"
check "so it is by status" call status all
check_equal "which tells of four" 4 "$(grep -c 'proven equal' "$out")"
rm -rf "$tmp"/all/*.before-1 "$tmp"/all/*.syncgate-new "$tmp"/first/*-12 \
    "$tmp"/all/*lines

mv "$tmp/first" "$tmp/away"
check_not "a folder that is away is no success" call status all
check_grep "it is named" "all: .*/first: not known: .*first" "$out"
check_equal "and the other one told all the same" 2 \
    "$(grep -c 'second/[ab]: r5, r0:5 proven' "$out")"
check_not "nor is it one for verify" call verify all
check_grep "which names them" '2 of 4 mirrors failed' "$err"
check_equal "and verifies the others" 2 \
    "$(grep -c 'second/[ab]: r0:5 equal' "$out")"
mv "$tmp/away" "$tmp/first"
mv "$tmp/all" "$tmp/away"
check_not "a source that is away is no success" call verify all
check_grep "but why" 'listing .*/all/\*: .*No such file' "$err"
finish
