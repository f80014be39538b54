#!/bin/sh
# SYNCGATE_TRACE prints each message readably, keeps secrets, and writes to a
# file that nobody has prepared.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib/lib.sh"

cat >"$tmp/words.c" <<'E2'
#include <execnet/remote.h>
/* sesame, in the source */
void
remote_main(xn_channel *channel, const xn_value *kwargs)
{
	xn_send(channel, "(sl)", "a value", 42LL);
}
E2
out=$tmp/out
err=$tmp/err
number='\[[0-9][0-9]*\]'

# traced HOW WORD...: exec the program with SYNCGATE_TRACE=HOW.
traced() {
	how=$1
	shift
	SYNCGATE_TRACE=$how "$SYNCGATE" exec "$@" >"$out" 2>"$err"
}

traced 2 "popen//id=here//env:SESAME=opensesame" "$tmp/words.c" secret=sesame
check_equal "a traced program runs" 0 "$?"
check_grep "what it sends is printed as ever" "a value" "$out"
check_grep "the program goes out: its size, its name" \
    "^$number here -> CHANNEL_EXEC on channel [0-9]*, [0-9]* bytes: [0-9]* bytes of source, file '.*words.c'" "$err"
check_grep "the names of its arguments" "arguments \\(.*'secret'" "$err"
check_grep "a value comes in" \
    "^$number here <- CHANNEL_DATA on channel [0-9]*, [0-9]* bytes: \\('a value', 42\\)$" "$err"
check_grep "the close comes in" "here <- CHANNEL_CLOSE on channel" "$err"
check_grep "the set-up goes out with the names in env:" \
    "here -> SETUP on channel 1, .*env \\(b'SESAME'\\)" "$err"
check_grep "the end goes out" "here -> GATEWAY_TERMINATE" "$err"
check_equal "neither source, nor arguments, nor env: are shown" 0 \
    "$(grep -c sesame "$err")"

for how in '' 0; do
	traced "$how" popen "$tmp/words.c"
	check_equal "SYNCGATE_TRACE='$how' prints nothing" 0 \
	    "$(wc -c <"$err" | tr -d ' ')"
done
traced yes popen "$tmp/words.c"
check_grep "what is no way to trace is said" "write 1 .* or 2" "$err"

SYNCGATE_TRACE=1 sh -c 'echo $$ >"$1"
exec "$2" exec popen "$3"' sh "$tmp/pid" "$SYNCGATE" "$tmp/words.c" \
    >"$out" 2>"$err"
file=/tmp/syncgate-trace-$(cat "$tmp/pid")
at_exit "rm -f $file"
check_grep "the file is named" "messages go to $file$" "$err"
check_equal "it is for its owner alone" 600 "$(stat -c %a "$file")"
check_grep "the messages are in it" "<- CHANNEL_DATA.*\\('a value', 42\\)" "$file"

# A name that is taken, even by a link, is left alone.
echo untouched >"$tmp/victim"
SYNCGATE_TRACE=1 sh -c 'echo $$ >"$1"
ln -s "$4" /tmp/syncgate-trace-$$
exec "$2" exec popen "$3"' sh "$tmp/pid" "$SYNCGATE" "$tmp/words.c" \
    "$tmp/victim" >"$out" 2>"$err"
file=/tmp/syncgate-trace-$(cat "$tmp/pid")
at_exit "rm -f $file $file.1"
check_grep "another name is used when it is taken" \
    "messages go to $file\\.1$" "$err"
check_equal "a link at the name is not followed" untouched \
    "$(cat "$tmp/victim")"
check_grep "the messages are in the other" "CHANNEL_DATA" "$file.1"
finish
