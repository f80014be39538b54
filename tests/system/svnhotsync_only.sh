#!/bin/sh
# One of several mirrors, by --only: run, made anew, verified and promoted, and
# the others left alone; and several mirrors that are made by dump.
# sanitize: yes
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib/lib.sh"
. "$top_srcdir/tests/lib/hotsync.sh"
need svn svnadmin svnlook svnmucc python3

cd "$tmp" || exit 2
mkrepo source 30 60000 3 8 || exit 1
mkdir many all
svnadmin create many/one
svnadmin create many/two
for one in one two; do
	svnmucc -m x mkdir "file://$tmp/many/$one/$one" \
	    >commit.out || exit 1
done
mkdir in
# job NAME PLUGIN SOURCE LINE...
job() {
	printf 'job %s {\n\tplugin = %s\n\tsource = "%s"\n' "$1" "$2" "$3"
	shift 3
	printf '\t%s\n' "$@" '}'
}
{
	job tools svnhotsync "$tmp/source" \
	    "mirrors = {\"$tmp/a\", \"$tmp/b\", \"popen:$tmp/c\"}"
	job all svnhotsync "$tmp/many/*" "mirror = \"$tmp/all/\""
	job dumps svnhotsync "popen:$tmp/source" 'method = dump' \
	    "mirrors = {\"$tmp/d1\", \"popen:$tmp/d2\"," \
	    "    \"popen//id=three:$tmp/d3\"}"
	job here svnhotsync "$tmp/source" \
	    "mirrors = {\"$tmp/d1\", \"popen:$tmp/d2\", \"$tmp/e\"}"
	job folders rsync "$tmp/in" "targets = {\"$tmp/out1\", \"$tmp/out2\"}"
} >conf
commits=30
run() {
	"$SYNCGATE" run --config conf --once "$@" >"$out" 2>"$err" </dev/null
}
# refused SENTENCE PATTERN WORD...: with one line that has PATTERN, and nothing
# is opened.
refused() {
	refused_what=$1
	refused_why=$2
	shift 2
	check_not "$refused_what is refused" run "$@"
	check_grep "$refused_what: it says why" "$refused_why" "$err"
	check_equal "$refused_what: in one line" 1 "$(wc -l <"$err")"
}
youngest() {
	for one in "$@"; do
		repo_youngest "$one"
	done | paste -sd' '
}

check "three mirrors are made" run tools
hot_commit "$tmp/source"
check "one of them is run" run --only "$tmp/b" tools
check_equal "it has all, and the others what they had" "30 $commits 30" \
    "$(youngest a b c)"
refused "a name that no mirror has" \
    "--only $tmp/x: the mirrors of job tools are $tmp/a, $tmp/b, popen:$tmp/c" \
    --only "$tmp/x" tools
check_not "--only for several jobs is wrong use" run --only "$tmp/b" tools all
check_grep "which is told" 'for one job that is named' "$err"
refused "--only where nothing is of several" 'has no targets' \
    --only "$tmp/out1" folders

# ---- Made anew
refused "--resync without saying which" 'job tools has several: say which' \
    --resync tools
check_not "nothing was made anew" ls -d "$tmp"/*.before-1
check "one is made anew" run --resync --only "popen:$tmp/c" tools
check_equal "only that" "c.before-1" "$(ls -d ./*.before-1 | sed 's,./,,')"
same_repo "it is the same" source c
check_equal "others have what they had" "30 $commits" "$(youngest a b)"

# ---- One of many repositories
check "all repositories are mirrored" run all
for one in one two; do
	svnmucc -m y mkdir "file://$tmp/many/$one/y" \
	    >commit.out || exit 1
done
check "one of them is run, by its name" run --only two all
check_equal "and no other" "1 2" "$(youngest all/one all/two)"
refused "--resync of all" 'job all has several' --resync all
check "one is made anew, by its mirror's name" run --resync \
    --only "$tmp/all/one" all
check_equal "only that" "one one.before-1 two" "$(ls all | paste -sd' ')"
same_repo "it is the same" many/one all/one
for name in ../x "$tmp/all/../x" '*' "$tmp/elsewhere/one" .hidden; do
	refused "--only $name" 'the mirrors of job all are' --only "$name" all
done
check_not "one that is not there fails" run --only three all
check_not "and nothing is made for it" ls -d all/three

# ---- Verified, and promoted
check "all of a job are verified" "$SYNCGATE" verify -c conf all
check_equal "that is two" 2 "$(grep -c 'equal, digest' .check)"
check "one of them is" "$SYNCGATE" verify -c conf --only one all
check_equal "that is one" 1 "$(grep -c 'equal, digest' .check)"
check_not "promoting needs to know which" "$SYNCGATE" promote -c conf tools
check_grep "and says so" 'say which by --only' .check
check "one of three is promoted" "$SYNCGATE" promote -c conf \
    --only "$tmp/b" tools
check_grep "and what then" 'take it out of the mirrors of job tools' .check
check "it takes commits" svnmucc -m z mkdir "file://$tmp/b/z"
check_not "the others do not" svnmucc -m z mkdir "file://$tmp/a/z"

# ---- Several, by dump
check "three mirrors are made by dump" run dumps
for one in d1 d2 d3; do
	same_repo "$one is the same" source "$one"
	check_grep "$one was made by dump" '^method dump' "$one/db/syncgate"
done
hot_commit "$tmp/source"
check "two of them and one by copy, of a source here" run here
for one in d1 d2 e; do
	same_repo "$one is the same" source "$one"
done
check_not "the last was not made by dump" grep -q '^method dump' e/db/syncgate
rm -rf ./*.before-*
refused "--resync without saying which, by dump" 'job dumps has several' \
    --resync dumps
for one in "$tmp/d1" "popen:$tmp/d2"; do
	check "one is made anew, by dump" run --resync --only "$one" dumps
	check "it is that" rm -r "${one#popen:}.before-1"
	check_none "and no other" ./*.before-1
	same_repo "it is the same" source "${one#popen:}"
done
"$SYNCGATE" run --config conf dumps >"$out" 2>"$err" </dev/null &
hot_pid=$!
at_exit "kill_child $hot_pid"
check "all three follow" wait_until 20 sh -c \
    "[ \$(grep -c 'd[1-3]: .*; following' '$out') = 3 ]"
hot_commit "$tmp/source"
all_have() {
	[ "$(youngest d1 d2 d3)" = "$commits $commits $commits" ]
}
check "a commit arrives at each" wait_until 15 all_have
# kill -9 of the side that loads d2: it comes back, the others go on.
sides=$(hot_sides "$tmp/d2")
check "the side of d2 is a process" [ -n "$sides" ]
kill -9 $sides
hot_commit "$tmp/source"
check "after the side of one was killed, too" wait_until 20 all_have
echo changed >log
svnadmin setrevprop source -r 5 svn:log log
logs() {
	for one in d1 d2 d3; do
		[ "$(svnlook log -r 5 "$one")" = changed ] || return 1
	done
}
check "so does a changed property" wait_until 15 logs
hot_stop
check_equal "SIGTERM ends it with 0" 0 "$hot_status"
sed -i "s,^\tmirror = .*,\tmirror = \"$tmp/dall\"\n\tmethod = dump," conf
mkdir dall
check "all repositories of a folder, by dump" run all
for one in one two; do
	same_repo "$one is the same" "many/$one" "dall/$one"
done
check "one of them is made anew" run --resync --only two all
check_equal "only that" "one two two.before-1" "$(ls dall | paste -sd' ')"
same_repo "it is the same" many/two dall/two
sed -i "s,^\tmethod = dump,&\n\tinclude = {\"conf\"}," conf
check_not "what only copying can is refused" "$SYNCGATE" check -c conf
check_grep "and says why" 'include has comes only with method = copy' .check
finish
