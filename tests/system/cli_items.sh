#!/bin/sh
# Items: a job's records are in the store, whoever asks; retry and discard
# change them by way of the plugin.  With SQLite, and with PostgreSQL where
# there is one.
# sanitize: yes
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib/lib.sh"

SYNCGATE_PLUGIN_DIR=$top_builddir/tests/lib/.libs
out=$tmp/out
err=$tmp/err
queue=00112233445566778899aabbccddeeff

# do_it COMMAND [WORD...]: with the configuration of this test.
do_it() {
	command=$1
	shift
	"$SYNCGATE" "$command" -c "$tmp/conf" "$@" >"$out" 2>"$err"
}

# refused SENTENCE CODE PART COMMAND [WORD...]
refused() {
	sentence=$1 code=$2 part=$3
	shift 3
	do_it "$@"
	check_equal "$sentence is exit code $code" "$code" "$?"
	check_grep "and says so" "$part" "$err"
}

# states: "STATE NAME" of all items of job one.
states() {
	"$SYNCGATE" items -c "$tmp/conf" one | sed 1d |
	    awk '{ state = $2; sub(/.* item/, "item"); print state, $0 }'
}

# items_in URL: everything, in that store.
items_in() {
	cat >"$tmp/conf" <<EOT
store = "$1"
job one {
	plugin = testplugin  place = "/x"  steps = 0
	queue = $queue  items = 8
}
job two {
	plugin = testplugin  place = "/x"  steps = 0
	queue = ffeeddccbbaa99887766554433221100  items = 2
}
job none { plugin = testplugin  place = "/x" }
EOT
	do_it items one
	check_equal "before the first run there is no item" "no items" \
	    "$(cat "$out")"
	do_it run one
	check_equal "a job saves items" 0 "$?"
	check_grep "and lists them" 'job one: 8 items$' "$out"
	do_it items one
	check_equal "items are listed" 0 "$?"
	check_equal "with a line that says what is what" \
	    "ID       STATE      TRIES    AGE   SIZE  NAME" \
	    "$(head -n 1 "$out")"
	check_grep "one that waits" \
	    '^00000000 waiting        0 +[0-9]+s   2.0k  item 2$' "$out"
	check_grep "one that failed, and why" \
	    '^00000000 failed         3 +[0-9]+s   2.9k  item 3: it did not "work"$' "$out"
	check_equal "an awkward name is one line, which no terminal obeys" 9 \
	    "$(wc -l <"$out")"
	check_grep "with what it really has" 'item 1 .x1b\[2J.xff / ' "$out"
	do_it items one --failed
	check_equal "only those that failed" 3 \
	    "$(sed 1d "$out" | grep -c ' failed ')"
	do_it items one --waiting
	check_equal "only those that wait" 5 \
	    "$(sed 1d "$out" | grep -c ' waiting ')"
	do_it items one -v
	check_grep "whole ids" '^0{31}7 waiting' "$out"
	do_it items two
	check_equal "another job has its own" "no items" "$(cat "$out")"
	do_it items none
	check_equal "a job without a queue has none" "no items" \
	    "$(cat "$out")"
	items_in_json
	refused "--failed with --waiting" 2 'exclude each other' \
	    items one --failed --waiting
	refused "no job" 2 'words are missing: it takes JOB' items
	refused "an unknown job" 2 'did you mean "one"' items on

	retry_and_discard
}

items_in_json() {
	have python3 || return 0
	do_it items one --json
	check "--json is JSON, and loses nothing" python3 -c '
import base64, json, sys
items = [json.loads(line) for line in open(sys.argv[1])]
assert len(items) == 8, items
assert [int(i["id"], 16) for i in items] == list(range(8)), items
assert base64.b64decode(items[1]["name"]["$bytes"]) == \
    b"item 1 \x1b[2J\xff\n\\", items
assert items[2]["name"] == "item 2" and items[2]["size"] == 2000, items
assert items[2]["state"] == "waiting" and items[2]["note"] is None, items
assert items[2]["due"] is None and items[2]["arrived"].endswith("Z"), items
assert items[3]["state"] == "failed" and items[3]["tries"] == 3, items
assert items[3]["note"] == "it did not \"work\"", items' "$out"
}

retry_and_discard() {
	refused "retry of nothing" 2 'which items of one' retry one
	refused "retry of all and one" 2 'exclude each other' \
	    retry one --all x
	refused "discard of all" 2 'say --all --failed' discard one --all
	refused "discard --failed alone" 2 'goes with --all' \
	    discard one --failed x
	refused "an item that is not there" 1 \
	    'job one has no item with the name or id "nosuch"' \
	    retry one nosuch
	refused "one in a job that has none" 1 'has no item' discard none x
	refused "the begin of many ids" 1 '"00000000" is more than one item' \
	    retry one 00000000
	refused "retry of what has not failed" 1 \
	    'item item 2 \(00000000\): it is waiting and has not failed' \
	    retry one "item 2"
	refused "what the plugin does not want" 1 \
	    'item item 6 \(00000000\): it is stubborn' retry one "item 6"
	check_equal "none of them changed" 3 "$(states | grep -c '^failed')"
	do_it retry one "item 3"
	check_equal "retry by name" 0 "$?"
	check_equal "is counted" "1 item to be tried again" "$(cat "$out")"
	check_grep "the plugin does it" 'job one: retry item 3' "$err"
	check_equal "the record waits, without a note" "waiting item 3" \
	    "$(states | grep 'item 3')"
	do_it discard one "$(printf %032x 3)" "item 2"
	check_equal "discard by id and name, of what waits" 0 "$?"
	check_equal "is counted, too" "2 items discarded" "$(cat "$out")"
	check_equal "they are gone" 6 "$(states | wc -l)"
	do_it retry one --all
	check_equal "retry --all with one that is refused" 1 "$?"
	check_equal "does the others" "1 item to be tried again" \
	    "$(cat "$out")"
	do_it discard one --all --failed
	check_equal "discard --all --failed with it" 1 "$?"
	check_equal "it is still there" "failed item 6: it did not \"work\"" \
	    "$(states | grep '^failed')"
	do_it run two
	do_it retry two --all
	check_equal "another job is not touched" 6 "$(states | wc -l)"
	check_equal "where all could be done is exit code 0" 0 \
	    "$(do_it retry two --all; echo $?)"
}

items_in "sqlite:$tmp/state/store.db"
if have python3; then
	check_equal "the file is the owner's alone" "600 700" \
	    "$(stat -c %a "$tmp/state/store.db" "$tmp/state" | tr '\n' ' ' |
	    sed 's/ $//')"
fi

# ---- PostgreSQL
mkfifo "$tmp/hold"
sh "$top_srcdir/tests/lib/postgres.sh" <"$tmp/hold" >"$tmp/conninfo" &
server=$!
exec 9>"$tmp/hold"
while [ ! -s "$tmp/conninfo" ] && kill -0 "$server" 2>/dev/null; do
	sleep 0.1
done
if [ -s "$tmp/conninfo" ]; then
	items_in "pgsql:$(cat "$tmp/conninfo") password=geheim"
	exec 9>&-
	wait "$server"
	refused "a server that is gone" 1 \
	    'store pgsql:host=.* user=syncgate dbname=postgres: ' items one
	check_not "the password is not said" grep -q geheim "$err"
else
	skip "no PostgreSQL: a store there"
	exec 9>&-
fi

# ---- Which store
cat >"$tmp/conf" <<EOT
store = "sqlite:/proc/nowhere/store.db"
job one {
	plugin = testplugin  place = "/x"  steps = 0
	queue = $queue  items = 3
}
job two {
	plugin = testplugin  place = "/x"  steps = 0
	queue = ffeeddccbbaa99887766554433221100  items = 3
}
job none { plugin = testplugin  place = "/x" }
EOT
do_it run none
check_equal "a job without items opens no store" 0 "$?"
refused "a store that cannot be made" 1 \
    'cannot make the folder /proc/nowhere' run --once one
refused "a --store that is none" 2 '--store: a store is written' \
    run --store nonsense one
do_it run --store "sqlite:$tmp/other.db" one two
check_equal "--store is handed on to several jobs" 0 "$?"
do_it items --store "sqlite:$tmp/other.db" one
check_equal "and there the items are" 3 "$(sed 1d "$out" | wc -l)"
"$SYNCGATE" run --plugin testplugin --store "sqlite:$tmp/other.db" place=/x \
    "queue=$queue" items=5 steps=0 tags=a tags=b remotes=popen >"$out" 2>"$err"
check_equal "a job of the command line has a store, and lists" 0 "$?"
check_equal "with all of their values" "a b" \
    "$(sed -n 's/.*: tag //p' "$out" | tr '\n' ' ' | sed 's/ $//')"

# ---- Many at once, the store not made yet
sed "s|^store.*|store = \"sqlite:$tmp/new/store.db\"|" "$tmp/conf" \
    >"$tmp/many"
for i in 1 2 3 4 5 6; do
	"$SYNCGATE" run -c "$tmp/many" one >"$tmp/run$i" 2>&1 &
	eval "run$i=\$!"
done
code=0
for i in 1 2 3 4 5 6; do
	eval "wait \$run$i" || { code=$?; cat "$tmp/run$i"; }
done
check_equal "six programs may make a store at once" 0 "$code"

# ---- Killed while it saves
sed -i 's/items = 3/items = 100000/' "$tmp/many"
"$SYNCGATE" run -c "$tmp/many" two >"$out" 2>"$err" &
run=$!
tries=0
while [ "$("$SYNCGATE" items -c "$tmp/many" two | wc -l)" -lt 20 ] &&
    [ "$tries" -lt 200 ]; do
	tries=$((tries + 1))
	sleep 0.05
done
kill_child "$run"
wait "$run" 2>/dev/null
"$SYNCGATE" items -c "$tmp/many" two >"$out" 2>"$err"
check_equal "after a kill -9 the store is whole" 0 "$?"
check "with what was saved" test "$(wc -l <"$out")" -ge 20
finish
