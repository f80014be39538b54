#!/bin/sh
# What `syncgate check` sees in a job of fileproc that could be run as it is
# written, and is not what was meant; and what a remote is called.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib/lib.sh"

cd "$tmp" || exit 2
mkdir in

# conf LINE...: a job with these lines beside the folders.
conf() {
	cat >conf <<EOT
store = "sqlite:$tmp/store.db"
gateway reader { xspec = "popen//nice=1" }
job j {
	plugin = "fileproc"
	data-in = "$tmp/in"
	data-out = "$tmp/out"
EOT
	printf '\t%s\n' "$@" >>conf
	echo "}" >>conf
}

# refused TEXT LINE...
refused() {
	wanted=$1
	shift
	conf "$@"
	"$SYNCGATE" check -c conf >said 2>&1
	check_equal "$*: a configuration to be mended" 2 $?
	check_grep "$*: it says why" "$wanted" said
}

# taken LINE...
taken() {
	conf "$@"
	check "$*" "$SYNCGATE" check -c conf
}

# ---- Quotes
refused "quote ' is opened and not closed" "command = \"tr 'a-z A-Z\""
refused 'quote " is opened and not closed' "command = 'tr \"a-z A-Z'"
refused 'backslash' "command = 'tr a b \\\\'"
refused 'names no program' "command = \"''\""
taken "command = \"tr 'a-z' \\\"A-Z\\\"\""
taken 'command = "# it'"'"'s text for sh"' 'shell = yes'

# ---- Patterns
refused 'pattern = "\[" is no pattern: its \[ has no \]' 'command = "cat"' \
    'pattern = {"*.txt", "["}'
refused 'is no pattern' 'command = "cat"' 'pattern = {"[!]x"}'
refused 'ends with a backslash' 'command = "cat"' "pattern = {'a\\\\'}"
refused 'matches no name' 'command = "cat"' 'pattern = {""}'
refused 'priority = "\[a" is no pattern' 'command = "cat"' 'priority = {"[a"}'
taken 'command = "cat"' "pattern = {'[a-z]*', '[]]', '[!]]', 'a\\\\[b', '[[]'}"

# ---- What would be ignored
for line in 'result = "%s.*"' 'result-marker = "x"' 'done-suffix = ".go"' \
    'complete = settle' 'remote-slots = 3' 'remote-prefix = "x"' \
    'remove-input = yes'; do
	refused "${line%% *} is for a system .* would be ignored" \
	    'command = "cat"' "$line"
done
for line in 'shell = yes' 'language = c' 'python = "python3.9"' \
    'input = path' 'answer = files' 'work = "/tmp"'; do
	refused "${line%% *} is for processors.* would be ignored" \
	    'remote-in = "/a"' 'remote-out = "/b"' "$line"
done
taken 'remote-in = "/a"' 'remote-out = "/b"' 'result = "%s.*"' \
    'complete = settle'

# ---- Two jobs with one folder
conf 'command = "cat"'
cat >>conf <<EOT
job other {
	plugin = "fileproc"
	data-in = "$tmp/in/"
	data-out = "$tmp/out2"
	command = "cat"
}
EOT
"$SYNCGATE" check -c conf >said 2>&1
check_equal "two jobs with one data-in: a configuration to be mended" 2 $?
check_grep "both are named" 'job other: data-in = .* is that of job j, too' said
check "each of them by itself can be checked" "$SYNCGATE" check -c conf j
check "and the other" "$SYNCGATE" check -c conf other
check_not "they cannot be run together" "$SYNCGATE" run --once -c conf

# ---- The name of a remote
conf 'command = "false"' 'remotes = {"reader"}' 'retries = 0'
echo text >in/one
check "a run" "$SYNCGATE" run --once -c conf
check_grep "the reason names the gateway" \
    'at reader \(popen//nice=1\): exit status 1' in.failed/one.error
conf 'command = "nosuchprogram"' 'remotes = {"reader"}' 'retries = 0'
mv in.failed/one in/two
: >said
"$SYNCGATE" run --once -c conf >said 2>&1 &
running=$!
at_exit "kill_child $running"
wait_until 20 grep -q 'reader (popen.*nosuchprogram' said
kill "$running" 2>/dev/null
wait "$running"
check_grep "and so does the log" 'reader \(popen//nice=1\): .*nosuchprogram' said
rm -f in/two
conf 'command = "false"' 'remotes = {"popen//nice=2"}' 'retries = 0'
echo text >in/three
"$SYNCGATE" run --once -c conf >said 2>&1
check_grep "one without a name is its xspec" \
    'at popen//nice=2: exit status 1' in.failed/three.error
finish
