#!/bin/sh
# Gateways and groups of the configuration: exec --on and check --connect find
# them, through one another and over ssh; what names nothing is an error with
# its place, or a hint.
# sanitize: yes
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib/lib.sh"
. "$top_srcdir/tests/lib/sshd.sh"

SYNCGATE_PLUGIN_DIR=$top_builddir/tests/lib/.libs
out=$tmp/out
err=$tmp/err
code='void remote_main(xn_channel *c, const xn_value *k)
{ const char *w = getenv("WHO"); xn_send(c, "s", w ? w : "nobody"); }'

run() {
	timeout -k 5 60 "$SYNCGATE" "$@" >"$out" 2>"$err" </dev/null
}

# refused SENTENCE PATTERN TEXT: check says that of a file of TEXT.
refused() {
	printf '%s\n' "$3" >"$tmp/bad.conf"
	run check -c "$tmp/bad.conf"
	check_equal "$1: exit code 2" 2 "$?"
	check_grep "$1: says so" "$2" "$err"
}

cat >"$tmp/a.conf" <<'EOC'
group all {
	gateways = {"web", "db", "popen//id=more//env:WHO=four"}
}
gateway web { xspec = "popen//env:WHO=one" }
gateway db { xspec = "popen//id=base//env:WHO=two" }
group one { gateways = "web" }
job quiet { plugin = testplugin  place = "/x"  no-such-option = 1 }
EOC
run exec -c "$tmp/a.conf" --on all -e "$code"
check_equal "a group runs everywhere: exit code 0" 0 "$?"
check_equal "each sender has its configured name, or its id" \
    '{"from": "base", "value": "two"}
{"from": "more", "value": "four"}
{"from": "web", "value": "one"}' "$(sort "$out")"
run exec -c "$tmp/a.conf" --on one --on web --on popen//env:WHO=five -e "$code"
check_equal "what is meant twice is one, and xspecs go with names" \
    '{"from": "popen", "value": "five"}
{"from": "web", "value": "one"}' "$(sort "$out")"
run exec -c "$tmp/a.conf" db -e "$code"
check_equal "a gateway's name stands for its xspec" '"two"' "$(cat "$out")"
run exec -c "$tmp/a.conf" one -e "$code"
check_equal "a group's name does, too" '"one"' "$(cat "$out")"
run exec -c "$tmp/a.conf" --on wbe -e "$code"
check_equal "a misspelt name is exit code 2" 2 "$?"
check_grep "and the nearest is named" \
    '"wbe" is neither .* configured in .*a.conf: did you mean "web"' "$err"
run exec -c "$tmp/a.conf" --on al -e "$code"
check_grep "a group's, too" 'did you mean "all"' "$err"
run exec -c /nonexistent --on web -e "$code"
check_equal "a configuration that is not there is exit code 2" 2 "$?"

# ---- check
grep -v '^job' "$tmp/a.conf" >"$tmp/b.conf"
run check -c "$tmp/b.conf" --connect
check_equal "check --connect without jobs exits with 0" 0 "$?"
check_grep "it says what a group is" '^group all: web db popen//id=more' "$out"
check_equal "it opens each gateway once" '3 3' \
    "$(grep -c '^gateway .*: open, ' "$out") $(grep '^gateway' "$out" |
    sort -u | wc -l)"
for word in web id=base id=more; do
	check_grep "also $word" "^gateway .*$word.*: open, c," "$out"
done
echo 'group bad { gateways = {"popen", "ssh=127.0.0.1:1"} }' >"$tmp/c.conf"
run check -c "$tmp/c.conf" --connect
check_equal "one of a group that cannot be opened is exit code 1" 1 "$?"
check_grep "and is named" '^syncgate: cannot open gateway ssh=127.0.0.1:1' "$err"
check_grep "the other is opened" '^gateway popen: open' "$out"

refused "an unknown member" \
    'bad.conf:2: group g: "wbe" is neither .*: did you mean "web"' \
    'gateway web { xspec = "popen" }
group g { gateways = {"wbe"} }'
refused "a wrong xspec in a group" 'bad.conf:1: group g: xspec "poepn//id=x"' \
    'group g { gateways = {"poepn//id=x"} }'
refused "a group without gateways" 'bad.conf:1: group g has no gateways' \
    'group g { }'
refused "an empty list" 'bad.conf:1: .*"gateways" in group g has no value' \
    'group g { gateways = {} }'
refused "a member that is there twice" 'bad.conf:1: group g has "popen" twice' \
    'group g { gateways = {"popen", "popen"} }'
refused "a group that is called as a gateway" 'bad.conf:2: group g: a gateway' \
    'gateway g { xspec = "popen" }
group g { gateways = "g" }'
refused "a list that is given twice" 'bad.conf:3: .*"gateways".* given twice' \
    'group g {
gateways = "popen"
gateways = {"popen//id=x", "popen//id=y"} }'
refused "an unknown key" 'bad.conf:1: unknown option "gateway" in group g: did' \
    'group g { gateway = "popen" }'
refused "several values elsewhere" 'bad.conf:1: .*"xspec".*several values' \
    'gateway g { xspec = {"popen", "popen"} }'
refused "a group called popen" 'bad.conf:1: a group cannot be called popen' \
    'group popen { gateways = "popen//id=x" }'
refused "a misspelt section" 'unknown section "gruop": did you mean "group"' \
    'gruop g { gateways = "popen" }'

# ---- A misspelt gateway of a location
cat >"$tmp/hint.conf" <<'EOC'
gateway mirrors { xspec = "popen" }
job one { plugin = testplugin  place = "mirorrs:/x" }
EOC
run check -c "$tmp/hint.conf" --connect
check_equal "a host that is none is exit code 1" 1 "$?"
check_grep "and may be a misspelt gateway" \
    'ssh=mirorrs: .*\(no gateway "mirorrs" is configured, so it was taken for the ssh host mirorrs: did you mean "mirrors"\?\)$' \
    "$err"
echo 'job one { plugin = testplugin  place = "mirorrs:/x" }' >"$tmp/nohint.conf"
run check -c "$tmp/nohint.conf" --connect
check_equal "without any gateway that is a host" 0 \
    "$(grep -c 'no gateway' "$err")"

# ---- Through one another
cat >"$tmp/via.conf" <<'EOC'
gateway first { xspec = "popen//env:WHO=first" }
gateway second { xspec = "popen//via=first//env:WHO=second" }
gateway loop { xspec = "popen//via=pool" }
gateway pool { xspec = "popen//via=loop" }
group both { gateways = {"second", "first"} }
EOC
run exec -c "$tmp/via.conf" second -e "$code"
check_equal "what a gateway goes through is opened, and runs nothing" \
    '"second"' "$(cat "$out")"
run exec -c "$tmp/via.conf" --on both -e "$code"
check_equal "and is opened once" '{"from": "first", "value": "first"}
{"from": "second", "value": "second"}' "$(sort "$out")"
run exec --on popen//id=x --on popen//via=x -e "$code"
check_equal "xspecs go through one another, too: exit code 0" 0 "$?"
echo '= getenv("WHO")' | timeout -k 5 60 "$SYNCGATE" shell \
    -c "$tmp/via.conf" second >"$out" 2>"$err"
check_equal "and so does a shell" '"second"' "$(cat "$out")"
run exec -c "$tmp/via.conf" --on popen//via=second//id=third --on first \
    -e "$code"
check_equal "one named here is waited for behind one that is only configured" \
    '0 {"from": "first", "value": "first"}' "$? $(grep first "$out")"
run exec -c "$tmp/via.conf" loop -e "$code"
check_equal "going round in a circle is exit code 2" 2 "$?"
check_grep "and says so" 'gateway loop goes round in a circle' "$err"
run exec -c "$tmp/via.conf" popen//via=pool//id=loop -e "$code"
check_grep "though one of them is no configured one" \
    'gateway loop goes round in a circle' "$err"
run check -c "$tmp/via.conf"
check_equal "check sees that, and opens nothing for it: exit code 2" 2 "$?"
check_grep "and names it" 'gateway loop goes round in a circle' "$err"
printf 'gateway e { xspec = "popen//via=nope" }\n' >"$tmp/nope.conf"
run check -c "$tmp/nope.conf"
check_equal "a way by a gateway that is nowhere: exit code 2" 2 "$?"
check_grep "and says which" \
    'gateway e: via=nope: no gateway is configured with that name' "$err"
run exec -c "$tmp/nope.conf" -n e -e "$code"
check_grep "exec says that, too" 'via=nope: .* none is configured' "$err"
grep -v loop "$tmp/via.conf" >"$tmp/via2.conf"
run check -c "$tmp/via2.conf" --connect
check_equal "check --connect opens them in their order" 'first second' \
    "$(sed -n 's/^gateway .*id=\([a-z]*\): open.*/\1/p' "$out" | tr '\n' ' ' |
    sed 's/ $//')"

# ---- Over ssh, and one another
if [ -n "$sanitize" ]; then
	skip "an agent with a sanitizer cannot travel"
	finish
fi
sshd_start || exit 1
cat >"$tmp/ssh.conf" <<EOC
gateway near { xspec = "$SSHD_XSPEC//env:WHO=near" }
gateway here { xspec = "popen//env:WHO=here" }
group both { gateways = {"near", "here"} }
EOC
run exec -c "$tmp/ssh.conf" --on both -e "$code"
check_equal "a group over ssh and here: exit code 0" 0 "$?"
check_equal "both answer" '{"from": "here", "value": "here"}
{"from": "near", "value": "near"}' "$(sort "$out")"
printf '1\n2\n' | timeout -k 5 60 "$SYNCGATE" exec -c "$tmp/ssh.conf" near -e '
void remote_main(xn_channel *c, const xn_value *k)
{ for (;;) xn_send_value(c, xn_receive_value(c, XN_FOREVER)); }' >"$out"
check_equal "values go over ssh and back" "1 2" "$(echo $(cat "$out"))"
finish
