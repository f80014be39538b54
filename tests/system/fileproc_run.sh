#!/bin/sh
# fileproc as it runs day by day: a job of the configuration that stays; items,
# retry and discard beside it; being stopped, and a remote that does not answer.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib/lib.sh"
need python3

cd "$tmp" || exit 2
mkdir in
cat >conf <<EOT
store = "sqlite:$tmp/store.db"
job j {
	plugin = "fileproc"
	data-in = "$tmp/in"
	data-out = "$tmp/out"
	command = "grep -q bad && { echo is bad >&2; exit 9; }; [ -e $tmp/mended ] || sleep 0.1; echo done"
	shell = yes
	retries = 1
	backoff = 100ms
	concurrency = 2
}
EOT
sg() {
	timeout 30 "$SYNCGATE" "$@"
}
start() {
	"$SYNCGATE" run -c conf "$@" >log 2>&1 &
	pid=$!
}
# The reason is there before the record says that it was given up.
is_failed() {
	[ -e "in.failed/$1.error" ] &&
	    sg items -c conf j --failed 2>&1 | grep -q "$1"
}
at_exit 'kill_child "$pid"'
sg check -c conf >checked 2>&1 || fail "check" checked
check_equal "a job that never ran has no items" "no items" \
    "$(sg items -c conf j)"

start
echo good >in/first
check "an item is done while the job stays" wait_until 20 [ -e out/first ]
mkdir -p in/deep/er
echo good >in/deep/er/second
check "in folders that come later, too" wait_until 20 [ -e out/deep/er/second ]
echo bad >in/third
check "a bad one is given up" wait_until 20 is_failed third
sg items -c conf j --failed >items 2>&1
check_grep "items lists it, with the reason" 'failed .*third: try 2.*exit status 9' items
check_equal "once" 1 "$(grep -c third items)"
sg items -c conf j --json >json 2>&1
check_equal "and as JSON" "third failed 2" "$(python3 -c '
import json
for line in open("json"):
    item = json.loads(line)
    print(item["name"], item["state"], item["tries"])')"
echo good >in.failed/third
check "a failed item can be tried again beside the job" \
    sg retry -c conf j third
check "and then is done" wait_until 20 [ -e out/third ]
check_equal "its reason has gone" "" "$(ls in.failed)"
no_items() {
	[ "$(sg items -c conf j)" = "no items" ]
}
check "and so has its record" wait_until 10 no_items
echo bad >in/fourth
check "another bad one" wait_until 20 is_failed fourth
check "can be discarded" sg discard -c conf j fourth
check_equal "without a trace" "no items" "$(ls in.failed; sg items -c conf j)"
check_not "what is not there cannot" sg retry -c conf j fifth
check_not "two runs of one job" sg run --once -c conf
kill -TERM "$pid"
wait "$pid"
check_equal "SIGTERM ends it well" 0 $?
check_grep "and is said" 'stopped as asked' log

# ---- Stopped in the middle
for n in $(seq 40); do
	echo good >"in/n$n"
done
start
check "the first ones are done" wait_until 20 [ -e out/n1 ]
kill -TERM "$pid"
wait "$pid"
check_equal "SIGTERM in the middle ends it well" 0 $?
sg items -c conf j >items
check "what was not done is in hand, or waits" [ "$(($(grep -c waiting items) + \
    $(find in -maxdepth 1 -name 'n*' | wc -l) + \
    $(find out -maxdepth 1 -name 'n*' | wc -l)))" -eq 40 ]
touch mended
start
for n in 40 20; do
	check "the next start goes on ($n)" wait_until 30 [ -e "out/n$n" ]
done
all_done() {
	[ "$(find out -maxdepth 1 -name 'n*' | wc -l)" -eq 40 ]
}
check "to the end" wait_until 30 all_done
kill -TERM "$pid"
wait "$pid"

# ---- A remote that accepts and never says a word
python3 -c '
import socket, time
s = socket.socket()
s.bind(("127.0.0.1", 0))
s.listen(5)
print(s.getsockname()[1], flush=True)
time.sleep(60)' >port 2>/dev/null &
silent=$!
at_exit 'kill_child "$silent"'
wait_until 10 [ -s port ]
mkdir b.in
echo x >b.in/x
"$SYNCGATE" run --store="sqlite:$tmp/store.db" --plugin fileproc \
    data-in="$tmp/b.in" data-out="$tmp/b.out" command=cat \
    "remotes=socket=127.0.0.1:$(cat port)" >log 2>&1 &
pid=$!
check "the item is taken" wait_until 10 [ ! -e b.in/x ]
before=$(date +%s)
kill -TERM "$pid"
wait "$pid"
check_equal "a connection that hangs does not hold up the end" 0 $?
check "for more than 20 seconds" [ "$(($(date +%s) - before))" -lt 20 ]

# ---- A connection that is given up, time after time, while an item takes long
mkdir c.in
tool() {
	cat >tool.new <<-EOT
	#!/bin/sh
	read -r word
	if [ "\$word" = long ]; then
		rm "$tmp/tool"
		echo >>"$tmp/c.begun"
		until [ -e "$tmp/c.go" ]; do sleep 0.1; done
	fi
	until [ -e "$tmp/c.begun" ]; do sleep 0.1; done
	echo "did \$word"
	EOT
	chmod +x tool.new
	mv tool.new tool
}
tool
echo long >c.in/1
for n in 2 3 4; do
	echo short >c.in/$n
done
"$SYNCGATE" run --once --store="sqlite:$tmp/store.db" --plugin fileproc \
    data-in="$tmp/c.in" data-out="$tmp/c.out" command="$tmp/tool" \
    order=name concurrency=2 >log 2>&1 &
pid=$!
at_exit "kill_child $pid"
check "an item takes long, and the tool has gone" wait_until 20 [ -e c.begun ]
given_up() {
	[ "$(grep -c 'trying again' log)" -ge 3 ]
}
check "so others cannot be processed" wait_until 60 given_up || cat log
tool
check "but are when they can, over another connection" wait_until 60 \
    [ -e c.out/2 -a -e c.out/3 -a -e c.out/4 ] || cat log
check "while the first one goes on" [ ! -e c.out/1 ]
touch c.go
wait "$pid"
check_equal "to its end, which is that of the run" "0 did long" \
    "$? $(cat c.out/1)"
check_equal "and has begun once" 1 "$(wc -l <c.begun)"

# ---- The records in PostgreSQL: killed in the middle, and gone on with
mkfifo hold
sh "$top_srcdir/tests/lib/postgres.sh" <hold >conninfo &
exec 9>hold
wait_until 60 [ -s conninfo ]
if [ -s conninfo ]; then
	mkdir pg.in
	for n in $(seq 30); do
		echo "good $n" >"pg.in/n$n"
	done
	"$SYNCGATE" run --once --store="pgsql:$(cat conninfo)" \
	    --plugin fileproc data-in="$tmp/pg.in" retries=0 \
	    data-out="$tmp/pg.out" shell=yes concurrency=2 \
	    'command=sleep 0.05; grep -v 17' >pg.log 2>&1 &
	pid=$!
	wait_until 20 [ -e pg.out/n1 ]
	kill -9 "$pid"
	wait "$pid" 2>/dev/null
	check "with the records in PostgreSQL the next run goes on" \
	    timeout 60 sh -c "$(cat <<EOT
$SYNCGATE run --once --store="pgsql:$(cat conninfo)" --plugin fileproc \
    data-in="$tmp/pg.in" data-out="$tmp/pg.out" shell=yes retries=0 \
    'command=grep -v 17' >pg.log 2>&1
EOT
)"
	check_equal "to the end: one has failed" "29 1" \
	    "$(find pg.out -maxdepth 1 -name 'n*' | wc -l) $(find pg.in.failed \
	    -name 'n*' ! -name '*.error' | wc -l)"
else
	skip "PostgreSQL: there is no server here"
fi
exec 9>&-
finish
