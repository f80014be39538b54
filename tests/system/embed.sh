#!/bin/sh
# tools/embed.sh: a text comes out of the C compiler as it went in, with its
# own headers in place and every line under its real name.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib/lib.sh"
need "${CC%% *}"

cd "$tmp" || exit 2
mkdir -p plugin
cat >plugin/side_odd.c <<'EOT'
#include <execnet/remote.h>
#include "side_first.h"
#include "side_second.h"
static const char *odd = "a \"b\" \\ \n ??= \t%d\\";	/* tab, ÄÖ */
int last = __LINE__;
EOT
printf '#include "side_second.h"\nint first;\n' >plugin/side_first.h
printf '\n\n\nint second = __LINE__;' >plugin/side_second.h
check "it takes them" sh -c \
    'sh "$0" odd_text odd/side_odd.c plugin/side_odd.c >odd.c' \
    "$top_srcdir/tools/embed.sh"
cat >main.c <<'EOT'
#include <stdio.h>
extern const char odd_text[];
int main(void) { return fputs(odd_text, stdout) < 0; }
EOT
check "the C compiler takes it" $CC -Wall -Werror -o odd odd.c main.c
./odd >out.c
cat >wanted <<'EOT'
#line 1 "odd/side_odd.c"
#include <execnet/remote.h>
#line 1 "odd/side_first.h"
#line 1 "odd/side_second.h"



int second = __LINE__;
#line 2 "odd/side_first.h"
int first;
#line 3 "odd/side_odd.c"
#line 4 "odd/side_odd.c"
static const char *odd = "a \"b\" \\ \n ??= \t%d\\";	/* tab, ÄÖ */
int last = __LINE__;
EOT
check "the text is what it was, each header once" diff wanted out.c

printf '#include "side_none.h"\n' >plugin/side_bad.c
check_not "a header that is not there is an error" \
    sh "$top_srcdir/tools/embed.sh" bad x/side_bad.c plugin/side_bad.c
check_grep "that names the line" 'plugin/side_bad.c:1: cannot find' \
    "$tmp/.check"
check_not "so is a text that is not there" \
    sh "$top_srcdir/tools/embed.sh" bad x/no.c plugin/no.c
finish
