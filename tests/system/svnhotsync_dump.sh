#!/bin/sh
# method = dump: repositories of any kind come out of their mirrors as they went
# in, in all four directions; what is committed or changed later arrives; what
# svnadmin says reaches the user.

# What is looked at is contents, so all may be in memory.
[ -d /dev/shm ] && [ -w /dev/shm ] && TMPDIR=/dev/shm && export TMPDIR
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib/lib.sh"
. "$top_srcdir/tests/lib/hotsync.sh"
need svnadmin svnlook svn python3

cd "$tmp" || exit 2

verifies=yes
# dumped SENTENCE SOURCE MIRROR WHERE [WORD...]: WHERE is the mirror's path.
dumped() {
	dumped_what=$1
	dumped_source=$2
	dumped_mirror=$3
	dumped_where=$4
	shift 4
	if hot "$dumped_source" "$dumped_mirror" method=dump "$@"; then
		same_repo "$dumped_what" "${dumped_source#popen:}" \
		    "$dumped_where"
		[ "$verifies" = no ] || check "$dumped_what: it verifies" \
		    svnadmin verify -q "$dumped_where"
	else
		fail "$dumped_what" "$err"
	fi
}

mkrepo source 300 2000000 5 || exit 1
dumped "from here to here" "$tmp/source" "$tmp/m1" m1
dumped "from there to here" "popen:$tmp/source" "$tmp/m2" m2
dumped "from here to there" "$tmp/source" "popen:$tmp/m3" m3
dumped "from there to there" "popen:$tmp/source" "popen:$tmp/m4" m4
for one in m1 m3; do
	check_equal "$one: transactions are folders of its own again" \
	    "transactions txn-protorevs " "$(cd $one/db && find transactions \
	    txn-protorevs -type d -printf '%p ')"
	check_grep "$one: there is no rep-cache" \
	    '^enable-rep-sharing = false' $one/db/fsfs.conf
	check_not "$one: nor its file" test -e $one/db/rep-cache.db
done
# Other runs on this machine may have such folders: what is there now goes when
# they end, and only one that nobody knows any more stays.
in_memory() {
	find /dev/shm -maxdepth 1 -regextype posix-extended \
	    -regex '.*/syncgate-[0-9a-f]{32}' 2>/dev/null
}
in_memory >memory.now
memory_is_gone() {
	in_memory | grep -Fxf memory.now >memory.left && return 1
	return 0
}
check "no folder in memory is left" within 150 memory_is_gone
check_not "a commit to the mirror is refused" \
    svn mkdir -q -m no "file://$tmp/m1/no"

# ---- Changed later
printf 'said otherwise' >log
svnadmin setrevprop source -r 7 svn:log log
svnadmin setrevprop source -r 0 of:r0 log
svnadmin delrevprop source -r 9 svn:author
svn mkdir -q -m more "file://$tmp/source/more"
dumped "again: new revisions, and properties of old ones" \
    "popen:$tmp/source" "$tmp/m2" m2
dumped "again, where svnadmin does it" "$tmp/source" "popen:$tmp/m3" m3

for to in "$tmp/m2" "popen:$tmp/m3"; do
	where=${to#popen:}
	hot_follow "popen:$tmp/source" "$to" method=dump
	wait_until 20 grep -q following "$out" ||
	    fail "$to: it does not follow" "$out"
	svn mkdir -q -m again "file://$tmp/source/again.$(basename "$to")"
	newest=$(repo_youngest source)
	check "$where: a commit arrives while it follows" \
	    wait_until 20 has_revision "$where" "$newest"
	printf 'later still' >log
	svnadmin setrevprop source -r 11 svn:log log
	arrived() {
		[ "$(svnlook log -r 11 "$where")" = "later still" ]
	}
	check "$where: so does a changed property" wait_until 20 arrived
	hot_stop
	check_equal "$where: SIGTERM ends it well" 0 "$hot_status"
	same_repo "$where: all is the same after that" source "$where"
	printf 'then' >log
	svnadmin setrevprop source -r 11 svn:log log
done

# ---- The date of the last revision is changed, and not what it changed
printf '2001-02-03T04:05:06.000000Z' >date
for to in "$tmp/m2" "popen:$tmp/m3"; do
	where=${to#popen:}
	hot "$tmp/source" "$to" method=dump || fail "$to: all there is" "$err"
	svnadmin setrevprop source -r "$(repo_youngest source)" svn:date date
	dumped "$where: the last date changed" "$tmp/source" "$to" "$where"
	svn mkdir -q -m "for $where" "file://$tmp/source/dated.${where##*/}"
done
hot "$tmp/source" "$tmp/m2" method=dump || fail "all there is" "$err"
cp -a source another
rm another/db/revs/0/"$(repo_youngest source)"
echo $(($(repo_youngest source) - 1)) >another/db/current
svn mkdir -q -m "in its place" "file://$tmp/another/in-its-place"
check_equal "another one has as many revisions" "$(repo_youngest source)" \
    "$(repo_youngest another)"
check_not "a revision with another content and date is refused" \
    hot "$tmp/another" "$tmp/m2" method=dump
check_grep "and it says so" 'has another date.*replaced or wound back' "$err"

# ---- auto
svnadmin create --fs-type bdb bdb 2>/dev/null
if [ -f bdb/format ]; then
	mkrepo_history 20 50000 8 | mkrepo_load bdb
	if hot "$tmp/bdb" "$tmp/bdb.mirror"; then
		check_grep "a Berkeley DB repository is mirrored by dump" \
		    'by dump: its file system is of type bdb' "$out"
		same_repo "and is the same" bdb bdb.mirror
	else
		fail "a Berkeley DB repository is mirrored by dump" "$err"
	fi
	printf 'in bdb' >log
	svnadmin setrevprop bdb -r 3 svn:log log
	hot_follow "$tmp/bdb" "$tmp/bdb.mirror" poll=0.2
	wait_until 20 grep -q following "$out"
	svn mkdir -q -m again "file://$tmp/bdb/again"
	check "it is looked at every now and then" \
	    wait_until 20 has_revision bdb.mirror 21
	hot_stop
	same_repo "and is the same, with a changed property" bdb bdb.mirror
else
	skip "this Subversion has no Berkeley DB"
fi
hot "$tmp/source" "$tmp/copied" method=copy || fail "by copy" "$err"
hot "$tmp/source" "$tmp/copied" || fail "auto goes on with copy" "$err"
check_not "a mirror by copy is not gone on with by dump" \
    hot "$tmp/source" "$tmp/copied" method=dump
check_grep "and it says why" 'made by method = copy' "$err"
check_not "nor the other way" hot "$tmp/source" "$tmp/m1" method=copy
check_grep "and says so, too" 'made by method = dump' "$err"
hot "$tmp/source" "$tmp/m1" && same_repo "auto goes on by dump" source m1

# ---- As it is: what Subversion would not let in today
python3 - >odd.dump <<'EOT'
def block(*pairs):
    text = "".join("K %d\n%s\nV %d\n%s\n" % (len(k), k, len(v), v)
        for k, v in sorted(pairs)) + "PROPS-END\n"
    return text
def revision(n, *pairs):
    text = block(*pairs)
    return "Revision-number: %d\nProp-content-length: %d\n" \
        "Content-length: %d\n\n%s\n" % (n, len(text), len(text), text)
def node(head, *pairs):
    text = block(*pairs)
    return head + "Prop-content-length: %d\nContent-length: %d\n\n%s\n\n" % (
        len(text), len(text), text)
print("SVN-fs-dump-format-version: 2\n\n"
    "UUID: 12345678-1234-4234-8234-123456789012\n\n" +
    revision(0, ("svn:date", "2001-01-01T00:00:00.000000Z")) +
    revision(1, ("svn:log", "by\r\nanother\rsystem"), ("svn:author", "me")) +
    node("Node-path: a\nNode-kind: dir\nNode-action: add\n",
        ("svn:mergeinfo", "/b:1,2,3,4\n/a:7\n"), ("svn:ignore", "x\r\ny\r\n")) +
    revision(2, ("svn:date", "not a date"), ("svn:log", "")) +
    node("Node-path: a\nNode-kind: dir\nNode-action: change\n",
        ("svn:mergeinfo", "rubbish")), end="")
EOT
svnadmin create odd
svnadmin load -q --bypass-prop-validation odd <odd.dump >load.out 2>&1 ||
    fail "the odd repository" load.out
# (svnadmin verify complains of the date.)
verifies=no
dumped "bad line ends, dates and merge information stay" \
    "$tmp/odd" "$tmp/odd.mirror" odd.mirror verify=no
dumped "by svnadmin, too" "$tmp/odd" "popen:$tmp/odd.there" odd.there verify=no

# ---- What goes wrong
hot "$tmp/source" "$tmp/dry" method=dump --dry-run
check_grep "a dry run says what it would do" 'would make the mirror' "$out"
check_not "and makes nothing" test -e dry
cp -a source broken
for to in "$tmp/part" "popen:$tmp/part.there"; do
	where=${to#popen:}
	rm broken/db/revs/0/200
	check_not "a source that cannot be dumped fails" \
	    hot "popen:$tmp/broken" "$to" method=dump
	check_grep "with what svnadmin says, and where" \
	    'svnadmin dump of the source failed after r[0-9]+: .*No such rev' "$err"
	# It may have begun to send r200 when it met the hole.
	check "only what is whole before that is kept" \
	    [ "$(repo_youngest "$where")" -lt 200 ]
	check "and verifies" svnadmin verify -q "$where"
	cp -a source/db/revs/0/200 broken/db/revs/0/200
	hot "$tmp/broken" "$to" method=dump || fail "the rest comes" "$err"
	same_repo "when it can be read again, the rest comes" broken "$where"
done
mkdir nothing full
touch full/file
check_not "what is no repository is refused" \
    hot "$tmp/nothing" "$tmp/no" method=dump
check_grep "and it says so" 'not a Subversion repository' "$err"
check_not "a place that is not empty is refused" \
    hot "$tmp/source" "$tmp/full" method=dump
check_grep "and it says so" 'is not empty' "$err"
check_equal "and is left as it was" "file" "$(ls -A full)"
hot_env=PATH=/nowhere
check_not "without svnadmin it fails" \
    hot "$tmp/source" "$tmp/no" method=dump
hot_env=
check_grep "and it says what is missing" 'there is no svn' "$err"
check_grep "and where" 'on the PATH of the machine .*/source is on' "$err"

# ---- A date that was edited, a history that was replaced, a foreign commit
svnadmin create edited
for i in 1 2 3; do
	svn mkdir -q -m "$i" "file://$tmp/edited/$i" || fail "a commit"
done
cp -a edited replaced
for to in "$tmp/e" "popen:$tmp/e.there"; do
	where=${to#popen:}
	check "a mirror by dump" hot "$tmp/edited" "$to" method=dump
	cp -a "$where" "$where.foreign"
done
printf '2001-02-03T04:05:06.700000Z' >date
svnadmin setrevprop edited -r 3 svn:date date
for to in "$tmp/e" "popen:$tmp/e.there"; do
	where=${to#popen:}
	check "an edited date of the last revision holds nothing" \
	    hot "$tmp/edited" "$to" method=dump
	check "the mirror has it" test "$(svnlook propget --revprop -r 3 \
	    "$where" svn:date)" = "$(cat date)"
	rm -rf wound
	svnadmin create wound
	svnadmin dump -q -r 0:2 replaced | svnadmin load -q wound
	svnadmin setuuid wound "$(svnlook uuid edited)"
	svn mkdir -q -m 3 "file://$tmp/wound/other" || fail "a commit"
	check_not "another history is held" hot "$tmp/wound" "$to" method=dump
	check_grep "with what to do" \
	    'another content .* was replaced .*syncgate run --approve' "$err"
	rm "$where.foreign/hooks/start-commit"
	svn mkdir -q -m f "file://$where.foreign/foreign" || fail "a commit"
	for again in "" ", again"; do
		check_not "a foreign commit is held$again" hot "$tmp/replaced" \
		    "${to%"$where"}$where.foreign" method=dump
		check_grep "as that$again" \
		    'was written to by somebody else; .*look there' "$err"
	done
	rm -rf "$where.foreign" followed
	svnadmin create followed
	svn mkdir -q -m 1 "file://$tmp/followed/1"
	hot_follow "$tmp/followed" "${to%"$where"}$where.foreign" method=dump
	check "a mirror is made, and follows" wait_until 20 \
	    grep -q following "$out"
	rm "$where.foreign/hooks/start-commit"
	svn mkdir -q -m f "file://$where.foreign/foreign" || fail "a commit"
	svn mkdir -q -m 2 "file://$tmp/followed/2"
	wait "$hot_pid"
	check_equal "a foreign commit meanwhile is held" 1 "$?"
	check_grep "as that, and not as ours" \
	    "somebody else: its youngest revision is r2, and r1 was left" "$err"
	check_grep "nor is it noted as that" '^published 1 ' \
	    "$where.foreign/db/syncgate"
done
finish
