#!/bin/sh
# fileproc: items of a folder here are processed, and their results appear,
# each once and whole: by commands, scripts, programs and C source.
# sanitize: yes
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib/lib.sh"
need python3

cd "$tmp" || exit 2
XDG_STATE_HOME=$tmp/state
export XDG_STATE_HOME

# fp NAME OPTION...: run it once over NAME.in and NAME.out.
fp() {
	fp_name=$1
	shift
	timeout 60 "$SYNCGATE" run --once --store="sqlite:$tmp/store.db" --plugin fileproc data-in="$tmp/$fp_name.in" \
	    data-out="$tmp/$fp_name.out" backoff=50ms settle=100ms "$@" \
	    >"$fp_name.log" 2>&1
}

# clean NAME: nothing of an item is left anywhere but in data-out.
clean() {
	check_equal "$1: nothing is left in data-in" "" \
	    "$(cd "$1.in" && find . -type f ! -path './.syncgate*')"
	check_equal "$1: no claim is left" "" \
	    "$(find "$1.in/.syncgate" -mindepth 2)"
	check_equal "$1: nothing is left staged" "" \
	    "$(find "$1.out/.syncgate" -mindepth 3)"
}

# ---- A command
mkdir a.in a.in/sub
for n in 1 2 3 4 5; do
	echo "text $n" >"a.in/item $n.txt"
done
echo deep >a.in/sub/deep.txt
: >a.in/empty
head -c 3000000 /dev/urandom | base64 >a.in/large
cp a.in/large large
check "a command runs" fp a 'command=tr a-z A-Z'
check_equal "its results are in data-out" "TEXT 3" "$(cat 'a.out/item 3.txt')"
check_equal "a folder is part of the name" "DEEP" "$(cat a.out/sub/deep.txt)"
check "an empty item has an empty result" [ -e a.out/empty -a ! -s a.out/empty ]
tr a-z A-Z <large >large.upper
check "a large one comes whole" cmp large.upper a.out/large
check_equal "there are as many as there were" 8 \
    "$(find a.out -type f ! -path '*/.syncgate*' | wc -l)"
check_grep "the log says how many" '8 items done, 0 given up' a.log
clean a

# ---- A command with paths, several outputs
mkdir b.in
printf '1\n2\n3\n' >b.in/numbers
check "a command with paths runs" fp b answer=files \
    'command=split -l 1 {in} {out}/part-' || cat b.log
check_equal "its outputs are in a folder of the item's name" \
    "part-aa part-ab part-ac" "$(cd b.out/numbers && echo *)"
clean b
mkdir c.in
printf '1\n2\n' >c.in/numbers
check "and flat" fp c answer=files outputs=flat 'output-name=%n.%o' \
    'command=split -l 1 {in} {out}/part-' || cat c.log
check_equal "flat, with a marker" \
    "numbers.done numbers.part-aa numbers.part-ab" "$(cd c.out && echo *)"
clean c

# ---- What is shipped
cat >script <<'EOT'
#!/bin/sh
echo "$SYNCGATE_ITEM try $SYNCGATE_TRY"
cat
EOT
mkdir d.in
echo body >d.in/x
check "a script is shipped" fp d processor="$tmp/script" || cat d.log
check_equal "a script gets the item and its name" "x try 1
body" "$(cat d.out/x)"
cat >upper.py <<'EOT'
import sys
sys.stdout.write(sys.stdin.read().upper())
EOT
mkdir e.in
echo python >e.in/x
check "Python source is shipped" fp e processor="$tmp/upper.py" || cat e.log
check_equal "and works" PYTHON "$(cat e.out/x)"
mkdir f.in
echo program >f.in/x
check "a program file is shipped" fp f processor="$(command -v cat)" ||
    cat f.log
check_equal "and runs" program "$(cat f.out/x)"
mkdir g.in
echo c source >g.in/x
check "C source is shipped" fp g \
    processor="$top_srcdir/conf/examples/fileproc-uppercase.c" || cat g.log
check_equal "and is compiled over there" "C SOURCE" "$(cat g.out/x)"
clean g

# ---- Failures
mkdir h.in
echo bad >h.in/bad.txt
echo good >h.in/good.txt
check "a job with a bad item ends well" fp h retries=2 shell=yes \
    'command=read w; echo "saw $w" >&2; [ "$w" = good ] || exit 7; echo fine' ||
    cat h.log
check_equal "the good one is done" fine "$(cat h.out/good.txt)"
check_equal "the bad one is in failed" bad "$(cat h.in.failed/bad.txt)"
check_equal "no result of it" good.txt "$(cd h.out && echo *)"
check_equal "beside it every try is told" 3 \
    "$(grep -c 'exit status 7' h.in.failed/bad.txt.error)"
check_grep "with what it said" 'saw bad' h.in.failed/bad.txt.error
check_grep "the log says so" '1 item done, 1 given up' h.log
cat >jobs.conf <<EOT
job h {
	plugin = "fileproc"
	data-in = "$tmp/h.in"
	data-out = "$tmp/h.out"
	command = "tr a-z A-Z"
}
EOT
run_conf() {
	"$SYNCGATE" -c jobs.conf "$@"
}
mkdir i.in
echo slow >i.in/slow
check "a timeout is one" fp i timeout=300ms retries=0 'command=sleep 60' ||
    cat i.log
check_grep "and is told" 'took more than 0.3 seconds' i.in.failed/slow.error
mkdir j.in
echo x >j.in/x
check "not every status is tried again" fp j retries=5 retry-on=75 shell=yes \
    'command=exit 3' || cat j.log
check_equal "one try is enough for another one" 1 \
    "$(grep -c 'exit status 3' j.in.failed/x.error)"

# ---- What becomes of items and names
mkdir k.in
echo one >k.in/x
check "done = keep" fp k command=cat done=keep || cat k.log
check_equal "keeps the item" one "$(cat k.in.done/x)"
echo two >k.in/x
check "the name comes again" fp k command=cat done=keep || cat k.log
check_equal "its result is numbered" "one two" "$(cat k.out/x k.out/x~2 | xargs)"
echo three >k.in/x
check "duplicates = replace" fp k command=cat duplicates=replace || cat k.log
check_equal "replaces" three "$(cat k.out/x)"
echo four >k.in/x
check "duplicates = fail" fp k command=cat duplicates=fail || cat k.log
check_equal "gives it up" "three four" "$(cat k.out/x k.in.failed/x | xargs)"

# ---- Which items
mkdir l.in
for n in b.txt a.txt c.log d.txt; do
	echo "$n" >"l.in/$n"
done
check "pattern, order and priority" fp l 'pattern=*.txt' 'priority=d*' \
    concurrency=1 shell=yes "command=cat >>'$tmp/l.order'" || cat l.log
check_equal "they come in their order" "d.txt a.txt b.txt" \
    "$(xargs <l.order)"
check_equal "what does not match stays" c.log "$(cd l.in && echo *)"
mkdir m.in m.in/batch
echo 1 >m.in/batch/one
echo 2 >m.in/batch/two
check "a folder as an item" fp m folders=items shell=yes \
    'command=cat "$SYNCGATE_IN"/*' || cat m.log
check_equal "goes as one" "1 2" "$(xargs <m.out/batch)"
mkdir m.in/deep m.in/deep/a m.in/deep/b
echo 3 >m.in/deep/a/three
check "with folders in it" fp m folders=items \
    'command=tar -C {in} -cf {out} .' 'output-name=%n.tar' || cat m.log
check_equal "which come whole" "./a/ ./a/three ./b/" \
    "$(tar -tf m.out/deep.tar | grep / | grep -v '^./$' | sort | xargs)"
clean m
mkdir q.in
printf '1\n2\n' >q.in/x
check "{out} is one file" fp q 'command=cp {in} {out}' || cat q.log
check_equal "the answer" "1 2" "$(xargs <q.out/x)"
printf '1\n2\n' >q.in/y
check "{out}/ is a folder" fp q 'command=split -l 1 {in} {out}/' || cat q.log
check_equal "with the answers" "aa ab" "$(cd q.out/y && echo *)"
printf '1\n2\n' >q.in/z
check "in a shell they are variables" fp q shell=yes \
    'command=split -l 1 "$SYNCGATE_IN" "$SYNCGATE_OUT/"' || cat q.log
check_equal "for the same" "aa ab" "$(cd q.out/z && echo *)"

# ---- Put back and discarded
mkdir t.in
echo one >t.in/x
check "an item fails" fp t command=false retries=0 || cat t.log
cat >t.conf <<EOT
store = "sqlite:$tmp/store.db"
job t {
	plugin = "fileproc"
	data-in = "$tmp/t.in"
	data-out = "$tmp/t.out"
	command = "cat"
}
EOT
check "it is put back" "$SYNCGATE" retry -c t.conf t x
check_equal "with its reason" "" "$(find t.in.failed -type f)"
check "and discarded, while nobody takes it" "$SYNCGATE" discard -c t.conf t x
check "a run finds nothing" fp t command=cat || cat t.log
check_equal "of it" "" "$(cd t.out && find . -type f ! -name '*.id')"
clean t
echo one >t.in/x
check "another one fails" fp t command=false retries=0 || cat t.log
id=$("$SYNCGATE" items -c t.conf --json t |
    sed -n 's/.*"id": *"\([0-9a-f]*\)".*/\1/p')
# As if a \`retry\` had been killed before it recorded what it has done.
mkdir "t.in/.syncgate/retry/$id"
mv t.in.failed/x "t.in/.syncgate/retry/$id/x"
echo other >t.in.failed/x
check "a retry that was killed is completed" "$SYNCGATE" retry -c t.conf t x
check_equal "what has its name in failed by now stays" other \
    "$(cat t.in.failed/x)"
check "it goes its way" fp t command=cat || cat t.log
check_equal "once" one "$(cat t.out/x)"

# ---- Refused
mkdir q.in
echo x >q.in/x
printf 'int process(fileproc_item *item)\n{\n\treturn 1 +;\n}\n' >wrong.c
check_not "C source that does not compile" fp q processor="$tmp/wrong.c"
check_grep "is said once, with its line" 'wrong.c:[34]: error' q.log
check_equal "and no item is given up for it" "" "$(ls q.in.failed)"
check_not "no processor" fp n
check_grep "is said" 'who processes the items' n.log
mkdir o.in
echo x >o.in/x
check_not "a command that is not there" fp o command=no-such-program
check_grep "is no item's fault" 'no-such-program' o.log
check_equal "and loses nothing" x "$(find o.in/.syncgate -name x -exec cat {} +)"
check "the next run goes on" fp o command=cat || cat o.log
check_equal "with it" x "$(cat o.out/x)"
check_not "a name in a shell's text" fp o shell=yes 'command=wc -l {in}'
check_grep "is refused, and how to write it said" '"\$SYNCGATE_IN"' o.log
check_not "the path of what has none" fp o input=stdin 'command=wc -l {in}'
check_not "paths beside none" fp o command=cat write=none write=/tmp
mkdir r.in
echo x >r.in/x
check_not "a limit that cannot be had" fp r command=cat write="$tmp/not-there"
check_grep "is the remote's fault" "cannot limit write to $tmp/not-there" r.log
check_equal "not the item's" "" "$(ls r.in.failed)"
check "who may write nowhere" fp r command=cat write=none || cat r.log
check_equal "can answer" x "$(cat r.out/x)"
check_not "folders in each other" fp p data-out="$tmp/p.in/out" command=cat

# ---- Folders that are one by another name, and in a row
mkdir link.in
ln -s link.in link.out
echo precious >link.in/x
check_not "data-out that is data-in by a link" fp link command=cat
check_grep "is refused" 'the same folder' link.log
check_equal "before anything is taken" precious "$(cat link.in/x)"
mkdir first.in first.out
ln -s first.out second.in
for n in 1 2 3 4 5 6 7 8; do
	head -c 3000000 /dev/zero | tr '\0' "$n" >"first.in/f$n"
done
( fp first command=cat; echo $? >first.status ) &
first=$!
for turn in 1 2 3 4 5 6; do
	fp second command=cat || cat second.log
done
wait "$first"
fp second command=cat || cat second.log
check_equal "one job's data-out may be the next one's data-in" "0 8" \
    "$(cat first.status) $(find second.out -maxdepth 1 -name 'f?' \
    -size 3000000c | wc -l)"
check_equal "and nothing else comes out" "8" \
    "$(cd second.out && echo * | wc -w)"

# ---- What cannot be right
mkdir -p folder1.in/folder
echo precious >folder1.in/folder/x
check_not "a folder for a command without a path" fp folder1 folders=items \
    'command=tr a-z A-Z'
check_grep "is refused" 'needs {in}' folder1.log
check_equal "and it is still there" precious "$(cat folder1.in/folder/x)"
mkdir hidden1.in
echo x >hidden1.in/x
check "a result in a hidden folder" fp hidden1 retries=0 outputs=flat answer=files \
    shell=yes 'command=mkdir "$SYNCGATE_OUT/.syncgate"
	echo evil >"$SYNCGATE_OUT/.syncgate/lock"' || cat hidden1.log
check_equal "is given up" x "$(cat hidden1.in.failed/x)"
check_grep "with its id" '^id [0-9a-f]*$' hidden1.in.failed/x.error
check_not "and writes nothing" grep -rq evil hidden1.out
mkdir python1.in
echo x >python1.in/x
check "a command of its own runs Python source" fp python1 \
    processor="$tmp/upper.py" 'command={program} arg' || cat python1.log
check_equal "by its interpreter" X "$(cat python1.out/x)"
finish
