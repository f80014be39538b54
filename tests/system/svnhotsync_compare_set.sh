# syncgate verify for mirrors that are made by dump, whose source has properties
# that were set to what they were: a dump with deltas does not say so, and it is
# no difference.  What they were really set to is.
[ -d /dev/shm ] && [ -w /dev/shm ] && TMPDIR=/dev/shm && export TMPDIR
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib/lib.sh"
need svn svnadmin svnlook svnmucc
. "$top_srcdir/tests/lib/hotsync.sh"
. "$top_srcdir/tests/lib/compare.sh"

# commit REPOSITORY ACTION...
commit() {
	commit_to=file://$1
	shift
	svnmucc -m change --root-url "$commit_to" "$@" >"$tmp/said" 2>&1 ||
	    cat "$tmp/said"
}
# dated REPOSITORY REV: as if all were made at once
dated() {
	printf '2026-11-29T10:20:30.000000Z' >"$tmp/date"
	svnadmin setrevprop "$1" -r "$2" svn:date "$tmp/date"
}

one=$tmp/one
svnadmin create "$one"
echo text >"$tmp/text"
echo more >"$tmp/more"
commit "$one" mkdir d put "$tmp/text" d/f propset p v d/f propset p v d
commit "$one" propset p v d/f
commit "$one" propset p v d
commit "$one" put "$tmp/more" d/f propset p v d/f
commit "$one" cp 4 d e propset p v e propset p w e/f
commit "$one" propset p w d/f propset p v d
commit "$one" propset p w d/f
check_equal "the dump has all that was set" 10 \
    "$(svnadmin dump -q --incremental "$one" | grep -c '^p$')"
{
	job here "$one" "$tmp/here" 'method = dump'
	job there "popen:$one" "popen:$tmp/there" 'method = dump'
} >"$tmp/conf"
check "mirrors are made" call run --once here there
for name in here there; do
	check_equal "$name: the mirror's has only what it was set to" 4 \
	    "$(svnadmin dump -q --incremental "$tmp/$name" | grep -c '^p$')"
	equal "$name: they are equal" "$name" 7
done

# Somebody changes the date of the last one, which changed nothing.
dated "$one" 7
check "a run goes on" call run --once here there
equal "and it has the date" here 7

# ---- Other properties, of what is there before
# differ SENTENCE PATH [ACTION...]: the source, and what the mirror is made of,
# have set one of PATH to different values
differ() {
	differ_name=$1
	differ_path=$2
	shift 2
	rm -rf "$tmp/source" "$tmp/other" "$tmp/mirror"
	for side in source other; do
		cp -a "$one" "$tmp/$side"
		commit "$tmp/$side" "$@" propset p "$side" "$differ_path"
		dated "$tmp/$side" 8
	done
	mv "$tmp/source" "$tmp/kept"
	mv "$tmp/other" "$tmp/source"
	check "$differ_name: a mirror is made" call run --once other
	equal "$differ_name: it is as what it is made of" other 8
	rm -rf "$tmp/source"
	mv "$tmp/kept" "$tmp/source"
	found "$differ_name" other 8 'content$'
}
job other "$tmp/source" "$tmp/mirror" 'method = dump' >>"$tmp/conf"
differ "a file" d/f
differ "a folder" d
differ "a copy" g cp 7 d g
differ "beneath a copy" g/f cp 7 d g
differ "what is new" new mkdir new
differ "a text, too" d/f put "$tmp/text" d/f
check "which is repaired" call verify --repair other
check_grep "and equal again" 'r0:8 equal, .*, repaired' "$out"
finish
