# What cannot be mirrored, or must not be written to, is refused with the
# reason, and left byte for byte as it was.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib/lib.sh"
need svn svnadmin python3
. "$top_srcdir/tests/lib/hotsync.sh"

# All of a tree: names, modes, times, contents.
tree() {
	(cd "$1" && find . -printf '%p %m %s %T@\n' | sort &&
	    find . -type f -exec sha256sum {} + | sort)
}

# refused SENTENCE PATTERN SOURCE MIRROR [WORD]: and nothing at the mirror
# changes.
refused() {
	refused_before=$([ -e "$4" ] && tree "$4")
	check_not "$1 is refused" hot "$3" "$4" ${5:-}
	check_grep "$1: the reason is told" "$2" "$err"
	check_equal "$1: in one line" 1 "$(grep -c '^syncgate:' "$err")"
	check_equal "$1: the mirror is as it was" "$refused_before" \
	    "$([ -e "$4" ] && tree "$4")"
}

src=$tmp/src
mir=$tmp/mir
mkrepo "$src" 20
check "a mirror is made" hot "$src" "$mir"
cp -a "$src" "$tmp/src20"
cp -a "$mir" "$tmp/mir20"

# ---- The mirror ------------------------------------------------------------------

rm "$mir/hooks/start-commit"
svn mkdir -q -m "not from the source" "file://$mir/own"
refused "a mirror with a commit of its own" 'written to by somebody else' \
    "$src" "$mir"
for i in 1 2 3; do
	svn mkdir -q -m "at the source" "file://$src/at-the-source-$i"
done
refused "also when the source has more by now" 'written to by somebody else' \
    "$src" "$mir"

rm -rf "$mir"
svnadmin create "$mir"
refused "a repository that is not ours" 'did not make' "$src" "$mir"
rm -rf "$mir"
mkdir "$mir"
echo precious >"$mir/data"
refused "a folder with something in it" 'is not empty' "$src" "$mir"
rm -rf "$mir"
echo precious >"$mir"
check_not "a file in the mirror's place is refused" hot "$src" "$mir"
check_equal "and it is as it was" precious "$(cat "$mir")"
rm "$mir"
check_not "a mirror whose parent is not there is refused" \
    hot "$src" "$tmp/no/such/mirror"
check_grep "naming it" "$tmp/no/such/mirror" "$err"

cp -a "$tmp/mir20" "$mir"
svnadmin setuuid "$mir" 00000000-1111-2222-3333-444444444444
refused "a mirror whose UUID was changed" 'UUID 00000000.*--approve' \
    "$src" "$mir"
rm -rf "$mir"
for file in syncgate current uuid; do
	cp -a "$tmp/mir20" "$mir"
	: >"$mir/db/$file"
	refused "a mirror with nothing in db/$file" "db/$file.*--resync" \
	    "$src" "$mir"
	rm -rf "$mir"
done

for worker in python=python3 worker=execnet; do
	refused "a gateway that runs Python ($worker)" \
	    'what runs there is C, and a gateway with [pw]' \
	    "popen//$worker:$src" "$mir"
	refused "such a one for a mirror ($worker)" 'runs Python: leave that' \
	    "$src" "popen//$worker:$mir"
	refused "and that it does is said first ($worker)" \
	    'runs Python: leave that' "$src" "$worker//popen:$mir"
done

# ---- The source ------------------------------------------------------------------

cp -a "$tmp/mir20" "$mir"
svnadmin create "$tmp/other"
refused "another repository as the source" 'UUID' "$tmp/other" "$mir"

mkrepo "$tmp/wound" 15
svnadmin setuuid "$tmp/wound" "$(head -n 1 "$src/db/uuid")"
refused "a source that is behind the mirror" 'ahead of the source' \
    "$tmp/wound" "$mir"
mkrepo "$tmp/wound2" 25 50000 77
svnadmin setuuid "$tmp/wound2" "$(head -n 1 "$src/db/uuid")"
refused "a source that went back and on again" 'replaced or wound back' \
    "$tmp/wound2" "$mir"

refused "a source that is not there" 'cannot open' "$tmp/nothing" "$mir"
mkdir "$tmp/empty"
refused "a source that is no repository" 'is not a Subversion repository' "$tmp/empty" "$mir"

svnadmin create --compatible-version 1.4 "$tmp/linear"
refused "an old format" 'format is [12], .*svnadmin upgrade' \
    "$tmp/linear" "$tmp/new2" method=copy
if svnadmin create --fs-type fsx "$tmp/fsx" 2>/dev/null; then
	refused "fsx" 'of type fsx' "$tmp/fsx" "$tmp/new4" method=copy
fi
check_none "a refused source leaves no new mirror" "$tmp/new2" "$tmp/new4"
check "what copy refuses is taken by dump, if it may" hot "$tmp/linear" \
    "$tmp/by-dump"
check_grep "which is said" 'by dump: its' "$out"

# ---- A disk that cannot be read --------------------------------------------------

# Every getdents64() fails: that is no folder that is empty.
without=$top_builddir/tests/lib/without
mkdir "$tmp/unreadable"
echo mine >"$tmp/unreadable/README.txt"
if "$without" getdents64=5 true 2>/dev/null; then
	for method in dump copy; do
		check_not "by $method: what cannot be read is no place for one" \
		    "$without" getdents64=5 "$SYNCGATE" run \
		    --plugin svnhotsync --once source="$src" \
		    mirror="$tmp/unreadable" method=$method
		check_grep "by $method: that is told" \
		    'cannot read .*: Input/output error' "$tmp/.check"
		check_equal "by $method: nothing is made or removed" mine \
		    "$(cat "$tmp/unreadable"/*)"
	done
else
	skip "a disk that cannot be read: no seccomp here"
fi

# ---- The job ---------------------------------------------------------------------

check_not "a mirror in the source is refused" hot "$src" "$src/mirror"
check_grep "naming both" 'lie in each other' "$err"
check_not "the source as its own mirror is refused" hot "$src" "$src/"
check_grep "as the same" 'are the same' "$err"

before=$(tree "$mir")
check "a dry run of what can be mirrored" hot "$tmp/src20" "$mir" --dry-run
check_equal "changes nothing" "$before" "$(tree "$mir")"
check "a dry run of a new mirror" hot "$src" "$tmp/new5" --dry-run
check_not "makes nothing" test -e "$tmp/new5"
check_grep "and says what would be" 'revisions 0 to 23' "$out" "$err"

hot_follow "$src" "$mir"
check "one job follows" wait_until 20 grep -q following "$out" "$err"
first_err=$err
err=$tmp/err2
check_not "a second one for the same mirror is refused" \
    "$SYNCGATE" run --plugin svnhotsync source="$src" mirror="$mir" --once
check_grep "saying so" 'another job is writing the mirror' "$tmp/.check"
err=$first_err
hot_stop

# ---- Its guards ------------------------------------------------------------------

check "the true source still fits" hot "$src" "$mir"
check_not "a commit to a mirror is refused by its hook" \
    svn mkdir -q -m x "file://$mir/x"
check_grep "which names the job" 'mirror, kept by syncgate job svnhotsync' \
    "$tmp/.check"
check_not "so is a lock" svnadmin lock "$mir" /none me /dev/null
echo "#!/bin/sh" >"$mir/hooks/pre-lock"
check "without guards" hot "$src" "$mir" guard=no
check_not "ours are taken away" test -e "$mir/hooks/start-commit"
check "those of others stay" test -e "$mir/hooks/pre-lock"
same_repo "the dumps are the same" "$src" "$mir"

finish
