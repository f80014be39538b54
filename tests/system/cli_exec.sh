#!/bin/sh
# exec: values in and out as JSON lines, arguments, several gateways at once,
# what goes wrong on one of them, and being cut off.
# sanitize: yes
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib/lib.sh"

out=$tmp/out
err=$tmp/err

# run WORD...: exec, with what is on standard input; $? is its exit code.
run() {
	timeout -k 5 60 "$SYNCGATE" exec "$@" >"$out" 2>"$err"
}

# refused SENTENCE PATTERN WORD...: exit code 2, and stderr matches.
refused() {
	sentence=$1
	pattern=$2
	shift 2
	run "$@" </dev/null
	check_equal "$sentence: exit code 2" 2 "$?"
	check_grep "$sentence: says so" "$pattern" "$err"
}

# ---- JSON both ways
cat >"$tmp/echo.c" <<'EOC'
void
remote_main(xn_channel *channel, const xn_value *kwargs)
{
	xn_send(channel, "v", kwargs);
	while (xn_wait(channel, XN_FOREVER) != XN_READY_EOF)
		xn_send_value(channel, xn_receive_value(channel, XN_FOREVER));
	xn_send(channel, "s", "the end");
}
EOC
cat >"$tmp/values" <<'EOJ'
null
true
-9223372036854775808
{"$int": "123456789012345678901234567890"}
0.1
1e+16
{"$float": "nan"}
{"$complex": [1.0, -2.5]}
"a \" \\ \n \u0000 ü"
{"$bytes": "AP8="}
[1, [2, []]]
{"$tuple": [1, {"$tuple": []}]}
{"a": {"b": null}}
{"$dict": [[1, 2], ["$x", 3]]}
{"$set": [1, 2]}
{"$frozenset": ["x"]}
EOJ
{ echo '{"args": []}'; cat "$tmp/values"; echo '"the end"'; } >"$tmp/want"
run popen "$tmp/echo.c" <"$tmp/values"
check_equal "values go there and back: exit code 0" 0 "$?"
check "each line comes back as it was" cmp "$tmp/want" "$out"
check "nothing is on stderr" test ! -s "$err"
printf '\n  \n1\r\n2' | run popen "$tmp/echo.c"
check_equal "empty lines are none, and the last needs no end" \
    '{"args": []} 1 2 "the end"' "$(tr '\n' ' ' <"$out" | sed 's/ $//')"
printf '1\n[1,\n' | run popen "$tmp/echo.c"
check_equal "a line that is no JSON is exit code 2" 2 "$?"
check_equal "what stood before it is answered, and the program ended" \
    '{"args": []} 1 "the end"' "$(tr '\n' ' ' <"$out" | sed 's/ $//')"
check_grep "and is named" '^syncgate: line 2 of standard input: it is not JSON' \
    "$err"
echo '{"$bites": ""}' | run popen "$tmp/echo.c"
check_grep "and so is a tag that there is not" 'line 1 .*"\$bites"' "$err"
if have python3; then
	python3 -c '
import json, random
random.seed(3)
def value(depth):
    kind = random.randrange(9 if depth else 6)
    if kind == 0: return None
    if kind == 1: return random.random() < .5
    if kind == 2: return random.randrange(-2**63, 2**63)
    if kind == 3: return random.uniform(-1e9, 1e9) * 10.0 ** random.randrange(-300, 290)
    if kind < 6: return "".join(chr(random.choice((34, 92, 10, 65, 0xe4, 0x20ac, 0x1f600))) for _ in range(random.randrange(5)))
    if kind < 8: return [value(depth - 1) for _ in range(random.randrange(5))]
    return {"k%d" % i: value(depth - 1) for i in range(random.randrange(5))}
for _ in range(2000):
    print(json.dumps(value(4)))' >"$tmp/random"
	run popen "$tmp/echo.c" <"$tmp/random"
	check "2,000 random values that Python wrote come back" python3 -c '
import json, sys
sent = [json.loads(l) for l in open(sys.argv[1])]
got = [json.loads(l) for l in open(sys.argv[2])]
assert got[1:-1] == sent and len(sent) == 2000' "$tmp/random" "$out"
else
	skip "no python3 to make values with"
fi

# ---- Arguments
run popen "$tmp/echo.c" a n=1 'l=[1, "x"]' 's=it is' t='"1"' 'd={"$tuple":[]}' \
    b -- c=2 </dev/null
check_equal "NAME=VALUE are arguments, in JSON or as they are" \
    '{"n": 1, "l": [1, "x"], "s": "it is", "t": "1", "d": {"$tuple": []}, "args": ["a", "b", "c=2"]}' \
    "$(head -n 1 "$out")"
run popen "$tmp/echo.c" -- --entry "$(printf 'a\377')" 1=2 </dev/null
check_equal "what looks like an option is the program's behind --" \
    '{"args": ["--entry", {"$bytes": "Yf8="}, "1=2"]}' "$(head -n 1 "$out")"
refused "an argument given twice" 'the argument a is given twice' \
    popen "$tmp/echo.c" a=1 a=2
refused "an argument called args" 'args is the list' popen "$tmp/echo.c" args=1
refused "a wrong tag in an argument" 'argument a: .*\$bytes' \
    popen "$tmp/echo.c" 'a={"$bytes": 1}'
run popen "$tmp/echo.c" -x --entries -123 </dev/null
check_equal "and before it, where it is none of ours" \
    '{"args": ["-x", "--entries", "-123"]}' "$(head -n 1 "$out")"
for word in --limit --limit=seconds=1 -l -lseconds=1 --timeout --on --on=popen \
    -n --repr -e --entry=f --config --help -h; do
	refused "$word behind FILE" "^syncgate: $word stands behind the program" \
	    popen "$tmp/echo.c" a "$word" seconds=1
	refused "$word behind FILE and --on" "$word stands behind" \
	    --on popen "$tmp/echo.c" "$word"
done
refused "an option behind the arguments of -e" '--timeout stands behind' \
    popen -e 'void remote_main(xn_channel *c, const xn_value *k) { }' a \
    --timeout 1
refused "--on behind an XSPEC" 'with --on there is no other XSPEC' \
    popen --on popen "$tmp/echo.c"
refused "no program" 'it takes XSPEC FILE' popen
refused "no word at all" 'it takes XSPEC FILE' -n
refused "no text behind -e" 'missing argument: -e' popen -e
refused "a wrong time" 'no number of seconds' --timeout x popen "$tmp/echo.c"
refused "a time of 0" 'no number of seconds' --timeout 0 popen "$tmp/echo.c"
refused "a name that means nothing" 'write ssh=nowhere' nowhere "$tmp/echo.c"

# ---- The program
code='void remote_main(xn_channel *c, const xn_value *k) { xn_send(c, "s", "A"); }'
run popen -e "$code" </dev/null
check_equal "-e behind the gateway is the program" '"A"' "$(cat "$out")"
run popen -e 'void remote_main(xn_channel *c, const xn_value *k)
{ xn_send(c, "v", k); xn_sleep(100000); }' --limit seconds=1 --on=x a=1 \
    </dev/null
check_equal "a wrong option behind -e TEXT is seen" 2 "$?"
run -n popen -e 'void remote_main(xn_channel *c, const xn_value *k)
{ xn_send(c, "v", k); xn_sleep(100000); }' --limit seconds=5 a=1 -- --repr
check_equal "an option behind -e TEXT is ours" \
    '1 {"a": 1, "args": ["--repr"]}' "$? $(cat "$out")"
check_grep "and a limit is one" 'it ran longer than 5 seconds$' "$err"
run --on popen -e 'void remote_main(xn_channel *c, const xn_value *k)
{ xn_send(c, "v", k); }' -- a=1 </dev/null
check_grep "-- ends the names also behind options" '"args": \["a=1"\]' "$out"
run -e "$code" popen </dev/null
check_equal "and so is -e before it" '"A"' "$(cat "$out")"
echo "$code" | run popen -
check_equal "- is a program on standard input" '"A"' "$(cat "$out")"
echo "$code" | run --on popen -
check_equal "with --on, too" '{"from": "popen", "value": "A"}' "$(cat "$out")"
run --entry other popen -e 'void other(xn_channel *c, const xn_value *k) { xn_send(c, "s", "B"); }' </dev/null
check_equal "--entry names the function" '"B"' "$(cat "$out")"
run -n popen "$tmp/echo.c" <"$tmp/values"
check_equal "-n reads no input" '{"args": []} "the end"' \
    "$(tr '\n' ' ' <"$out" | sed 's/ $//')"
check_equal "and leaves it to others" null \
    "$({ "$SYNCGATE" exec -n popen -e "$code" >/dev/null; head -n 1; } \
    <"$tmp/values")"
run popen -e "$code" <&-
check_equal "a closed standard input is an empty one" '"A"' "$(cat "$out")"
run --repr popen "$tmp/echo.c" <"$tmp/values"
check_grep "--repr prints what Python would" '^123456789012345678901234567890$' \
    "$out"
check_grep "of each kind" "^\\(1-2.5j\\)$" "$out"
check_grep "and a str as it is" '^the end$' "$out"

# ---- Several
cat >"$tmp/pid.c" <<'EOC'
void
remote_main(xn_channel *channel, const xn_value *kwargs)
{
	const xn_value *who;

	xn_log("working");
	who = xn_receive_value(channel, XN_FOREVER);
	xn_send(channel, "(vs)", who, getenv("WHO"));
	if (strcmp(getenv("WHO"), "bad") == 0)
		xn_fail("it does not want to");
}
EOC
echo 7 | run --on popen//id=a//env:WHO=good --on popen//id=b//env:WHO=bad \
    --on popen//env:WHO=third --on popen//env:WHO=fourth "$tmp/pid.c"
check_equal "if one of several fails the exit code is 1" 1 "$?"
check_equal "each value names its sender" \
    '{"from": "a", "value": {"$tuple": [7, "good"]}}
{"from": "b", "value": {"$tuple": [7, "bad"]}}
{"from": "popen", "value": {"$tuple": [7, "third"]}}
{"from": "popen-2", "value": {"$tuple": [7, "fourth"]}}' "$(sort "$out")"
check_equal "each error does, too, and there is one" \
    'syncgate: b: it does not want to' "$(grep '^syncgate' "$err")"
check_equal "and each line on stderr" 'a: working
b: working
popen-2: working
popen: working' "$(grep 'working' "$err" | sort)"
run --on popen//id=a --on "ssh=127.0.0.1:1//id=gone" -e "$code" </dev/null
check_equal "one that cannot be reached is exit code 1" 1 "$?"
check_grep "and is named" '^syncgate: gone: cannot open' "$err"
check_equal "the others run" '{"from": "a", "value": "A"}' "$(cat "$out")"
run --on popen//id=a --on popen//id=a -e "$code" </dev/null
check_equal "an id that two have is exit code 1" 1 "$?"
run --repr --on popen//id=a -e "$code" </dev/null
check_equal "--repr names the sender too" 'a: A' "$(cat "$out")"
run -n --on popen//id=x popen//id=y -e "$code"
check_equal "with --on the first word is the program" 2 "$?"

# A slow gateway holds up no other, and no more than its window is on its way.
cat >"$tmp/slow.c" <<'EOC'
void
remote_main(xn_channel *channel, const xn_value *kwargs)
{
	int n = 0;

	xn_sleep(getenv("SLOW") ? 1000 : 0);
	while (xn_wait(channel, XN_FOREVER) != XN_READY_EOF) {
		xn_receive_value(channel, XN_FOREVER);
		n++;
	}
	xn_send(channel, "i", n);
}
EOC
awk 'BEGIN { for (i = 0; i < 50000; i++) print i }' >"$tmp/many"
run --on popen//id=slow//env:SLOW=1 --on popen//id=quick "$tmp/slow.c" \
    <"$tmp/many"
check_equal "every line reaches each, slow or not" \
    '{"from": "quick", "value": 50000} {"from": "slow", "value": 50000}' \
    "$(sort "$out" | tr '\n' ' ' | sed 's/ $//')"

# ---- The end
cat >"$tmp/hang.c" <<'EOC'
void
remote_main(xn_channel *channel, const xn_value *kwargs)
{
	xn_send(channel, "i", getpid());
	xn_sleep(1000000);
}
EOC
run --timeout 10 --on popen//id=a --on popen//id=b "$tmp/hang.c" </dev/null
check_equal "--timeout is exit code 1" 1 "$?"
check_equal "and says who had not ended" \
    'syncgate: a: it had not ended after 10 seconds
syncgate: b: it had not ended after 10 seconds' "$(sort "$err")"
check_equal "what came before is there" 2 "$(wc -l <"$out")"
agents() {
	ps -e -o args= | grep -c "^[^ ]*syncgate-agent-[^ ]* $1" | grep -qx 0
}
for signal in INT TERM; do
	: >"$out"
	"$SYNCGATE" exec --on popen//id=a --on popen//id=b "$tmp/hang.c" \
	    >"$out" 2>"$err" </dev/null &
	pid=$!
	at_exit "kill_child $pid"
	wait_until 10 sh -c '[ "$(wc -l <"$0")" = 2 ]' "$out"
	children=$(ps -e -o pid= -o ppid= | awk -v p="$pid" '$2 == p { print $1 }')
	kill -s $signal "$pid"
	wait "$pid"
	check_equal "SIG$signal ends it as it would any program" \
	    $((128 + $(kill -l "$signal" >/dev/null 2>&1; [ $signal = INT ] && echo 2 || echo 15))) "$?"
	left=
	for child in $children; do
		kill -0 "$child" 2>/dev/null && left="$left $child"
	done
	check_equal "SIG$signal: there were two agents" 2 \
	    "$(echo $children | wc -w)"
	check_equal "SIG$signal: and none is left" "" "$left"
	check_equal "SIG$signal: nothing is said" "" "$(grep syncgate: "$err")"
done
: >"$out"
mkfifo "$tmp/fifo"
"$SYNCGATE" exec popen "$tmp/echo.c" >"$out" 2>"$err" <"$tmp/fifo" &
pid=$!
at_exit "kill_child $pid"
exec 7>"$tmp/fifo"
echo 5 >&7
check "a value that is typed comes back before the input ends" \
    wait_until 10 grep -qx 5 "$out"
exec 7>&-
wait "$pid"
check_equal "and the input's end is the program's" 0 "$?"
echo 'void remote_main(xn_channel *c, const xn_value *k) { for (;;) xn_send(c, "i", 1); }' \
    >"$tmp/endless.c"
{ run2() { timeout -k 5 60 "$SYNCGATE" exec --on popen --on popen \
    "$tmp/endless.c" 2>"$err" </dev/null; echo $? >"$tmp/rc"; }; run2; } |
    head -n 2 >"$out"
check_equal "nobody reading is no error of several, either" 0 \
    "$(cat "$tmp/rc")"
check "and is quiet" test ! -s "$err"
if [ -w /dev/full ]; then
	timeout -k 5 60 "$SYNCGATE" exec popen "$tmp/endless.c" >/dev/full \
	    2>"$err" </dev/null
	check_equal "a full disk is exit code 1" 1 "$?"
	check_grep "and says so" 'cannot write the output: No space left' "$err"
fi
timeout -k 5 60 "$SYNCGATE" exec popen -e "$code" >&- 2>"$err" </dev/null
check_equal "a closed standard output is exit code 1" 1 "$?"
check_grep "and said" 'cannot write the output: Bad file descriptor' "$err"

# ---- Python
if have python3; then
	xspec=popen//python=python3//id=py
	cat >"$tmp/echo.py" <<'EOP'
def main(channel, **kwargs):
    channel.send(kwargs)
    for value in channel:
        channel.send((type(value).__name__, value))
EOP
	printf '1\n"x"\n{"$bytes": "AA=="}\n' |
	    run --entry main "$xspec" "$tmp/echo.py" a n=1
	check_equal "a Python program runs: exit code 0" 0 "$?"
	check_equal "with its arguments and values" \
	    '{"n": 1, "args": ["a"]}
{"$tuple": ["int", 1]}
{"$tuple": ["str", "x"]}
{"$tuple": ["bytes", {"$bytes": "AA=="}]}' "$(cat "$out")"
	run "$xspec" -e 'channel.send(6 * 7)' </dev/null
	check_equal "and a plain text" 42 "$(cat "$out")"
	run -n "$xspec" -e 'def f(channel, a): channel.send(a)' --entry f a=1
	check_equal "--entry may stand behind -e" '0 1' "$? $(cat "$out")"
	run "$xspec" -e 'channel.send(1)' a </dev/null
	check_equal "arguments without a function are exit code 1" 1 "$?"
	check_grep "and the reason says how" 'name it by --entry' "$err"
	run "$xspec" -e 'raise ValueError("no way")' </dev/null
	check_equal "an exception is exit code 1" 1 "$?"
	check_grep "and on stderr" 'ValueError: no way' "$err"
fi
finish
