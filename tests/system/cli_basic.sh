#!/bin/sh
# Every command has help; what is wrong is refused with exit code 2 and says
# what may have been meant; exec and agent talk to a real agent.
# sanitize: yes
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib/lib.sh"

SYNCGATE_PLUGIN_DIR=$top_builddir/tests/lib/.libs
out=$tmp/out
err=$tmp/err

# refused SENTENCE PATTERN WORD...: exit code 2, and stderr matches.
refused() {
	sentence=$1
	pattern=$2
	shift 2
	"$SYNCGATE" "$@" >"$out" 2>"$err"
	check_equal "$sentence: exit code 2" 2 "$?"
	check_grep "$sentence: says so" "$pattern" "$err"
}

for command in run check exec agent serve plugins version; do
	"$SYNCGATE" "$command" --help >"$out" 2>"$err"
	check_equal "$command --help exits with 0" 0 "$?"
	check_grep "$command --help says how to use it" \
	    "^usage: syncgate $command" "$out"
	"$SYNCGATE" help "$command" >"$tmp/out2"
	check "help $command says the same" cmp "$out" "$tmp/out2"
	check "help of $command fits 80 columns" \
	    awk 'length > 80 && !/--config/ { exit 1 }' "$out"
	"$SYNCGATE" help >"$out"
	check_grep "help lists $command" "^  $command " "$out"
done
"$SYNCGATE" version >"$out"
check_grep "version says version and ABI" \
    '^syncgate [0-9.]+, plugin ABI [0-9]+$' "$out"
check "--version is the same" sh -c '"$0" --version | cmp - "$1"' \
    "$SYNCGATE" "$out"

refused "no command" "a command is missing"
refused "an unknown command" 'unknown command "rnu": did you mean "run"' rnu
refused "help on an unknown command" 'unknown command' help nothing
"$SYNCGATE" help >"$out"
for word in help --help -h; do
	check "help $word is help" sh -c '"$0" help "$1" | cmp - "$2"' \
	    "$SYNCGATE" "$word" "$out"
done
echo '# nothing' >"$tmp/no-jobs.conf"
refused "options without --plugin" 'options go with --plugin' \
    run -c "$tmp/no-jobs.conf" place=/x
refused "an unknown long option" 'unknown option --onec: did you mean --once' \
    run --onec
refused "an unknown letter" 'invalid option character: -x' run -x
refused "an option without its value" 'missing argument' run -c
refused "an option given twice" 'config is given twice' run -c a -c b
refused "too many words" '"b" is a word too many' plugins a b
refused "too few words" 'it takes XSPEC FILE' exec popen
refused "no configuration" 'cannot open /nonexistent' run -c /nonexistent
refused "an unknown plugin" 'did you mean "testplugin"' plugins testplugn
refused "a plugin of another ABI" 'ABI 99' plugins oldplugin
refused "a wrong xspec" 'did you mean "popen"' exec popn x.c
refused "a missing program" 'cannot open /nonexistent.c' \
    exec popen /nonexistent.c
refused "a word that is no setting" 'not KEY=VALUE' \
    run --plugin testplugin place
refused "--plugin with --config" 'exclude each other' \
    run --plugin testplugin -c x

"$SYNCGATE" plugins >"$out" 2>"$err"
check_grep "plugins lists what there is" '^testplugin +does nothing' "$out"
check_grep "plugins says what cannot be loaded" 'oldplugin.so.*ABI' "$err"
"$SYNCGATE" plugins testplugin >"$out"
check_equal "plugins NAME exits with 0" 0 "$?"
check_grep "it names a required option" 'place = location +\(required\)' "$out"
check_grep "it names a default" 'steps = integer +\(default: 3\)' "$out"
check_grep "it lists choices" 'end = done\|follow' "$out"

cat >"$tmp/echo.c" <<'EOT'
void
remote_main(xn_channel *channel, const xn_value *kwargs)
{
	const xn_value *args = xn_value_get(kwargs, "args");

	for (unsigned int i = 0; i < args->size; i++)
		xn_send(channel, "v", xn_value_item(args, i));
	xn_send(channel, "(is)", 42, "x");
	if (args->size > 2)
		xn_fail("three are too many");
}
EOT
"$SYNCGATE" exec --repr popen "$tmp/echo.c" -a 'b c' >"$out" 2>"$err" </dev/null
check_equal "exec exits with 0" 0 "$?"
printf "%s\n" -a 'b c' "(42, 'x')" >"$tmp/want"
check "exec --repr prints str as it is and the rest by repr" cmp "$tmp/want" "$out"
"$SYNCGATE" exec popen "$tmp/echo.c" a b c >"$out" 2>"$err"
check_equal "a remote error is exit code 1" 1 "$?"
check_grep "and on stderr" '^syncgate: .*three are too many' "$err"
check_equal "what came before it was printed" 4 "$(wc -l <"$out")"
echo 'void remote_main(xn_channel *c, const xn_value *k) { x = 1; }' \
    >"$tmp/bad.c"
"$SYNCGATE" exec popen "$tmp/bad.c" >"$out" 2>"$err"
check_equal "a compile error is exit code 1" 1 "$?"
check_grep "and names file and line" 'bad.c:1' "$err"
cat >"$tmp/many.c" <<'EOT'
void
remote_main(xn_channel *channel, const xn_value *kwargs)
{
	for (int i = 0; i < 100000; i++)
		xn_send(channel, "i", i);
}
EOT
{ "$SYNCGATE" exec popen "$tmp/many.c" 2>"$err"; echo $? >"$tmp/rc"; } |
    head -n 1 >/dev/null
check_equal "nobody reading is no error" 0 "$(cat "$tmp/rc")"
check "and is quiet" test ! -s "$err"
if [ -w /dev/full ]; then
	"$SYNCGATE" version >/dev/full 2>"$err"
	check_equal "a full disk is exit code 1" 1 "$?"
	check_grep "and says so" 'No space left' "$err"
fi

check_equal "what looks like an option is the agent's" "XN1 -c-nonce" \
    "$("$SYNCGATE" agent -c-nonce </dev/null | cut -d " " -f 1,2)"
"$SYNCGATE" agent -- some-nonce </dev/null >"$out"
check_equal "agent exits with 0 at the end of its input" 0 "$?"
check_grep "agent says hello with what it was given" '^XN1 some-nonce ' "$out"

finish
