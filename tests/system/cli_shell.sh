#!/bin/sh
# shell: snippets in C and in Python from a file and at a terminal; an error
# or Ctrl-C ends a snippet, and the shell lives.
# sanitize: yes
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib/lib.sh"

out=$tmp/out
err=$tmp/err
HOME=$tmp
export HOME

# shell XSPEC: what is on standard input; $? is the exit code.
shell() {
	timeout -k 5 60 "$SYNCGATE" shell "$@" >"$out" 2>"$err"
}

# ---- C
shell popen <<'EOC'
xn_send(channel, "s", "one");
= 6 * 7
= "two"
= 2.5
for (int i = 0; i < 3; i++) {
	xn_send(channel, "i",
	    i);
}

:def static int
:def static int twice(int x) {
	return 2 * x;
}
#define THREE 3
= twice(THREE)
{ int x; xn_receive(channel, XN_FOREVER, "i", &x); xn_send(channel, "i", x); }
:send 41
EOC
check_equal "snippets in C: exit code 1, for one was wrong" 1 "$?"
check_equal "what they send is printed, in their order" \
    '"one" 42 "two" 2.5 0 1 2 6 41' "$(echo $(cat "$out"))"
check_equal "what was wrong names its snippet and line" 1 \
    "$(grep -c '^snippet-6:' "$err")"
printf '%s\n' '= 1' '= 2' '{ xn_receive_value(channel, XN_FOREVER); }' |
    shell popen
check_equal "the end of input ends what waits for it: exit code 0" 0 "$?"
check_equal "all ran" '1 2' "$(echo $(cat "$out"))"
check "nothing is on stderr" test ! -s "$err"
shell popen <<'EOC'
{ int *p = 0; *p = 1; }
= 1
xn_fail("no %s", "way");
xn_log("to the log");
:nonsense
:send 1
:send {
:help
:status
:reset
= 2
:quit
= 3
EOC
check_equal "errors are exit code 1" 1 "$?"
check_grep "a crash is told" 'snippet-1:1: .*SIGSEGV' "$err"
check_grep "an error is" '^no way$' "$err"
check_grep "a line of the log is" '^gw1: to the log$' "$err"
check_grep "an unknown command is" '^syncgate: unknown command :nonsense' "$err"
check_grep "a value for nobody is" '^syncgate: :send: no snippet' "$err"
check_grep "what is no JSON is" '^syncgate: :send: it is not JSON' "$err"
check_grep ":help lists the commands" '^:load FILE' "$out"
check_grep ":status says how it is" \
    '^gateway gw1: c,.*programs: [0-9]+ \(process\), channels: [0-9]' "$out"
check_grep "the shell lives on" '^2$' "$out"
check_not ":quit ends it" grep -q '^3$' "$out"
echo 'static int four(void) { return 4; }' >"$tmp/lib.c"
echo 'void remote_main(xn_channel *c, const xn_value *k) { xn_send(c, "i", four() + 1); }' \
    >"$tmp/main.c"
shell popen <<EOC
:load $tmp/lib.c
= four()
:load $tmp/main.c
:load /nonexistent.c
:reset
= four()
EOC
check_equal ":load keeps definitions and runs programs" '4 5' \
    "$(echo $(cat "$out"))"
check_grep "and says what it cannot load" 'cannot open /nonexistent.c' "$err"
check_grep ":reset forgets" 'snippet-.*four' "$err"
printf '= 1 +\n' | shell popen
check_grep "a wrong expression names its line" '^snippet-1:[12]:' "$err"
printf '= (1,2' | shell --repr popen
check_equal "a snippet without its end is run, and wrong" 1 "$?"

# ---- Wrong use
for words in '' 'popen popen' 'popn' '-x popen'; do
	shell $words </dev/null
	check_equal "shell $words: exit code 2" 2 "$?"
done
printf 'group g { gateways = {"popen", "popen//id=x"} }\n' >"$tmp/g.conf"
shell -c "$tmp/g.conf" g </dev/null
check_equal "a group is exit code 2" 2 "$?"
check_grep "and says why" 'a shell is for one gateway' "$err"
echo '= getenv("WHO")' >"$tmp/who"
printf 'gateway w { xspec = "popen//env:WHO=me" }\n' >"$tmp/w.conf"
shell -c "$tmp/w.conf" w <"$tmp/who"
check_equal "a configured gateway's name is one" '"me"' "$(cat "$out")"
shell ssh=127.0.0.1:1//id=gone </dev/null
check_equal "a gateway that cannot be opened is exit code 1" 1 "$?"

# ---- Signals
start() {
	: >"$out"
	rm -f "$tmp/fifo"
	mkfifo "$tmp/fifo"
	"$SYNCGATE" shell "$1" >"$out" 2>"$err" <"$tmp/fifo" &
	pid=$!
	at_exit "kill_child $pid"
	exec 7>"$tmp/fifo"
}
start popen
echo '{ xn_send(channel, "i", getpid()); for (;;) xn_sleep(1000); }' >&7
check "a snippet that hangs runs" wait_until 10 test -s "$out"
kill -s INT "$pid"
check "SIGINT ends it" wait_until 10 grep -q interrupted "$err"
echo '= 5' >&7
check "and the shell lives" wait_until 10 grep -qx 5 "$out"
exec 7>&-
wait "$pid"
check_equal "until the end of its input" 0 "$?"
start popen
echo '{ xn_send(channel, "i", 1); for (;;) xn_sleep(1000); }' >&7
wait_until 10 test -s "$out"
kill -s TERM "$pid"
wait "$pid"
check_equal "SIGTERM ends the shell" 143 "$?"
exec 7>&-

# ---- Python
have python3 || finish
xspec=popen//python=python3
shell "$xspec" <<'EOP'
x = 6
x * 7
def twice(a):
    if a:
        return 2 * a

    return 0

twice(21)
channel.send((1, b"a"))
None
1/0
x = [1,
  2]
x
print("to the log")
v = channel.receive()
:send {"$tuple": [1, "b"]}
v
object()
exit()
def deep():
    raise KeyError("deep")

deep()
1 +
:def x
text = """a
b"""
text
:status
_
EOP
check_equal "snippets in Python: exit code 1, for some were wrong" 1 "$?"
check_equal "values come as they were sent, and of expressions" \
    '42
42
{"$tuple": [1, {"$bytes": "YQ=="}]}
[1, 2]
{"$tuple": [1, "b"]}' "$(grep -v 'object\|gateway' "$out" | head -n 5)"
check_grep "what cannot travel is shown" '^"<object object at 0x' "$out"
check_grep "an exception is told with its line" '^ZeroDivisionError' "$err"
check_grep "with the source of what was called" 'raise KeyError\("deep"\)' "$err"
check_grep "leaving the interpreter is refused" '^SystemExit' "$err"
check_grep "what is no Python is told" '^SyntaxError' "$err"
check_grep "print goes to the log" '^gw1: to the log' "$err"
check_grep ":status says how it is" '^gateway gw1: python,.*programs: 1 ' "$out"
check_equal "what was typed last is there, and the last value, too" \
    '"a\nb" "a\nb"' "$(grep -x '"a.nb"' "$out" | tr '\n' ' ' | sed 's/ $//')"
printf '%s\n' 'def f():' '    return 7' '' 'f()' ':reset' 'f()' 'x = 1' 'x' |
    shell "$xspec"
check_equal ":reset forgets the names, and goes on" '7 1' \
    "$(echo $(cat "$out"))"
check_grep "and says so" "^NameError: name 'f' is not defined" "$err"
printf '%s\n' 'channel.close()' '1' | shell "$xspec"
check_grep "who closes the channel loses the names" 'names are gone' "$err"
check_equal "and gets new ones" 1 "$(cat "$out")"
start "$xspec"
echo 'kept = 4' >&7
printf 'while True:\n    first = kept != 3; kept = 3; channel.send(1) if first else None\n\n' >&7
check "a loop without end runs" wait_until 10 test -s "$out"
kill -s INT "$pid"
check "SIGINT ends it" wait_until 10 grep -q interrupted "$err"
echo 'kept' >&7
check "and the names are kept" wait_until 10 grep -qx 3 "$out"
echo 'channel.send(8); channel.receive()' >&7
wait_until 10 grep -qx 8 "$out"
kill -s INT "$pid"
check "what waits for a value is ended, too" wait_until 10 sh -c \
    '[ "$(grep -c interrupted "$0")" = 2 ]' "$err"
echo '"still here"' >&7
check "and the shell lives" wait_until 10 grep -q 'still here' "$out"
exec 7>&-
wait "$pid"
check_equal "it says that snippets failed" 1 "$?"

# ---- A terminal
cat >"$tmp/type.py" <<'EOP'
"""Types at a terminal: each argument is TEXT=>WANTED, typed when what was
wanted before has come."""
import os, pty, select, sys, time
pid, fd = pty.fork()
if pid == 0:
    os.environ["TERM"] = "xterm"
    os.execv(sys.argv[1], sys.argv[1:4])
seen = b""
def want(text):
    global seen
    end = time.time() + 60
    while text not in seen:
        if not select.select([fd], [], [], max(0, end - time.time()))[0]:
            sys.exit("waited for %r, saw %r" % (text, seen[-500:]))
        try:
            seen += os.read(fd, 4096)
        except OSError:
            sys.exit("the end came before %r: %r" % (text, seen[-500:]))
    seen = seen[seen.index(text) + len(text):]
for step in sys.argv[4:]:
    keys, wanted = step.split("=>")
    os.write(fd, keys.encode().decode("unicode_escape").encode())
    want(wanted.encode().decode("unicode_escape").encode())
end = time.time() + 60
while True:
    if not select.select([fd], [], [], max(0, end - time.time()))[0]:
        os.kill(pid, 9)
        sys.exit("it does not end")
    try:
        if not os.read(fd, 4096):
            break
    except OSError:
        break
status = os.waitpid(pid, 0)[1]
sys.exit(os.WEXITSTATUS(status) if os.WIFEXITED(status) else 99)
EOP
# typed XSPEC STEP...: at a terminal, until it ends.
typed() {
	python3 "$tmp/type.py" "$SYNCGATE" shell "$@" >"$tmp/typed" 2>&1
}
check "C at a terminal: a prompt, values, errors, Ctrl-C, Ctrl-D" typed popen \
    '=>gw1> ' '= 6 * 7\r=>42\r\n' '=>gw1> ' \
    'if (1) {\r=>... ' 'xn_send(channel, "i", 99);\r=>... ' '}\r=>99\r\n' \
    '=>gw1> ' 'bad;\r=>snippet-3:1' '=>gw1> ' \
    'half a li\x03=>gw1> ' '= 7\r=>7\r\n' '=>gw1> ' \
    '{ xn_send(channel, "s", "u" "p"); for (;;) xn_sleep(1000); }\r=>"up"' \
    '\x03=>interrupted' '=>gw1> ' '= 8\r=>8\r\n' '=>gw1> ' '\x04=>'
check "a value is typed while a snippet waits" typed popen '=>gw1> ' \
    '{ int x; xn_send(channel, "s", "g" "o"); xn_receive(channel, XN_FOREVER, "i", &x); xn_send(channel, "i", x + 1); }\r=>"go"' \
    ':send 41\r=>42\r\n' '=>gw1> ' ':quit\r=>'
check "Ctrl-D typed before the prompt is ready (a NUL then) ends it, too" \
    typed popen '=>gw1> ' '= 1\r=>1\r\n' '=>gw1> ' '\x00=>'
check "the history is kept for the next shell" typed popen '=>gw1> ' \
    '\x10=>= 1' '\x10=>:quit' '\x10=>int x;' '\x05\x15:quit\r=>'
check_equal "and belongs to its user alone" 600 \
    "$(stat -c %a "$tmp/.syncgate_history")"
check "Python at a terminal: blocks, values, Ctrl-C, Ctrl-D" typed "$xspec" \
    '=>gw1>>> ' 'def f(x):\r=>... ' '    return x + 1\r=>... ' \
    '\r=>gw1>>> ' 'f(41)\r=>42\r\n' '=>gw1>>> ' '1/0\r=>ZeroDivisionError' \
    '=>gw1>>> ' 'import time; channel.send("u" "p"); time.sleep(1000)\r=>"up"' \
    '\x03=>interrupted' \
    '=>gw1>>> ' 'f(1)\r=>2\r\n' '=>gw1>>> ' '\x04=>'
finish
