# compare.sh: what the tests of `syncgate verify` share.  Source it after
# hotsync.sh.  $youngest: up to which revision the mirrors are.

# job NAME SOURCE MIRROR [LINE]
job() {
	printf 'job %s {\n\tplugin = svnhotsync\n\tsource = "%s"\n' "$1" "$2"
	printf '\tmirror = "%s"\n\t%s\n}\n' "$3" "${4:-}"
}
call() {
	call_word=$1
	shift
	"$SYNCGATE" "$call_word" -c "$tmp/conf" "$@" >"$out" 2>"$err" </dev/null
}
# equal SENTENCE JOB N: and the line of proof says so
equal() {
	check "$1" call verify "$2"
	check_grep "$1: up to r$3" "r0:$3 equal, digest [0-9a-f]{64}\$" "$out"
}
digest() {
	sed -n 's/.*equal, digest \([0-9a-f]*\).*/\1/p' "$out" | tail -n 1
}
# flip FILE OFFSET: the byte there (from the end, if negative) is another one
flip() {
	chmod u+w "$1"
	python3 -c 'import sys
f = open(sys.argv[1], "r+b")
at = int(sys.argv[2])
f.seek(at, 2 if at < 0 else 0)
byte = f.read(1)
f.seek(-1, 1)
f.write(bytes([byte[0] ^ 1]))' "$1" "$2"
	chmod 444 "$1"
}
# found SENTENCE JOB REV KIND, then repaired MIRROR SOURCE
found() {
	check_not "$1: it is found" call verify "$2"
	check_grep "$1: and named" \
	    "r$3 of the mirror .* differs from the source: its $4" "$err"
}
repaired() {
	check "$1: it is repaired" call verify --repair "$2"
	check_grep "$1: and equal again" \
	    "r0:$youngest equal, .*, repaired\$" "$out"
	verified "$1: svnadmin is content" "$3" "$4"
	same_repo "$1: the dumps are equal" "$3" "$4"
	check_equal "$1: nothing is left" "" "$(cd "$4/db" &&
	    ls -d syncgate-mend syncgate-mend-built 2>/dev/null)"
}

# props MIRROR REV: another log message, behind its back
props() {
	mv "$1/hooks/pre-revprop-change" "$tmp/hook" 2>/dev/null
	echo "another message" >"$tmp/log"
	svnadmin setlog "$1" --bypass-hooks -r "$2" "$tmp/log"
	mv "$tmp/hook" "$1/hooks/pre-revprop-change" 2>/dev/null
}

# Of these svnadmin verifies also the packs: each text belongs to a node.
# plain PATH VERSION: 12 revisions, 4 in a shard
plain() {
	# (Each commit has another size of what it changes.)
	export SVN_I_LOVE_CORRUPTED_WORKING_COPIES_SO_DISABLE_SLEEP_FOR_TIMESTAMPS=yes
	svnadmin create --compatible-version "$2" "$1"
	sed 's/sharded.*/sharded 4/' "$1/db/format" >"$tmp/format"
	chmod u+w "$1/db/format"
	cat "$tmp/format" >"$1/db/format"
	svn checkout -q "file://$1" "$1.wc"
	for plain_n in 1 2 3 4 5 6 7 8 9 10 11 12; do
		head -c $((plain_n * 300)) /dev/urandom >>"$1.wc/a"
		echo "$plain_n" >"$1.wc/b$plain_n"
		(cd "$1.wc" && svn add -q --force . &&
		    svn propset -q p "$plain_n" a &&
		    svn commit -q -m "$plain_n")
	done
}
# plain_jobs VERSION NAME: $two is such a one, and the jobs NAMEVERSION and, as
# if it were elsewhere, packedVERSION mirror it
plain_jobs() {
	two=$tmp/two.$1
	plain "$two" "$1"
	{
		job "$2$1" "$two" "$tmp/$2$1"
		job "packed$1" "popen:$two" "$tmp/packed$1"
	} >>"$tmp/conf"
}
# copy_and_dump: $one, of 300 revisions, and mirrors of it by jobs of both names
copy_and_dump() {
	one=$tmp/one
	youngest=300
	mkrepo "$one" "$youngest" 3000000 1 32 || exit 1
	{
		job copy "$one" "$tmp/copy"
		job dump "$one" "$tmp/dump" 'method = dump'
	} >"$tmp/conf"
	check "mirrors are made" call run --once copy dump
}
