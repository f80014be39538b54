#!/bin/sh
# `syncgate init` writes a first job, and another one, by options or by asking
# at a terminal; it tries the connection, and never changes a file that is there.
# sanitize: yes
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib/lib.sh"
. "$top_srcdir/tests/lib/sshd.sh"
need python3
cd "$tmp" || exit 2
out=$tmp/out
mkdir in out.d src

init() {
	"$SYNCGATE" init -c "$tmp/etc/a.conf" "$@" >out </dev/null 2>&1
}
# at_terminal ARGUMENT...: with what is answered on standard input.
at_terminal() {
	python3 "$top_srcdir/tests/lib/terminal.py" "$SYNCGATE" init \
	    -c "$tmp/etc/a.conf" "$@" >out 2>&1
}

# ---- By options
init
check_equal "without a terminal it must be told what to do" 2 "$?"
check_grep "which it says" 'init: which plugin\? give --plugin NAME' out
init --plugin rsync source="$tmp/src"
check_equal "and all that the plugin needs" 2 "$?"
check_grep "by name" 'init: plugin rsync needs targets=\.\.\.' out
check_none "nothing was written" etc
init --plugin rsnyc source="$tmp/src"
check_grep "a misspelt plugin is told" 'rsnyc' out
init --plugin rsync source="$tmp/gone" targets="popen:$tmp/to"
check_equal "a source that is not there is an error" 1 "$?"
check_grep "that says so" "^source $tmp/gone: nothing is there" out
check_none "and nothing was written" etc
odd='a "b" \c ${HOME} $d * e'\''#'
init --plugin rsync source="$tmp/src" targets="popen:$tmp/$odd" \
    targets="popen:$tmp/two"
check_equal "the first job is written" 0 "$?"
check_grep "the gateway was opened" '^gateway popen: open, ' out
check_grep "and it was looked what is there" \
    "^targets popen:$tmp/two: nothing is there, so far" out
check_grep "what comes next is said" \
    "^    syncgate run -c $tmp/etc/a.conf --once --dry-run src\$" out
check_equal "the configuration is the job, and an include" \
    'job src {|	plugin = rsync|include("conf.d/*.conf")|' \
    "$(sed -n '1p;2p;$p' etc/a.conf | tr '\n' '|')"
echo new >src/file
check "it runs" "$SYNCGATE" run --once -c etc/a.conf src
check_equal "and values are what was given, however odd" new \
    "$(cat "$odd/file")"
cp etc/a.conf before

# ---- One more
init --plugin rsync source="$tmp/src" targets="popen:$tmp/three"
check_equal "a name that is taken is refused" 2 "$?"
check_grep "with the place of the other" \
    "there is a job src already, at $tmp/etc/a.conf:" out
init --plugin fileproc --job proc data-in="$tmp/in" data-out="$tmp/out.d" \
    remotes=popen "command=tr a-z A-Z"
check_equal "another job gets a file of its own" 0 "$?"
check "in conf.d" test -f etc/conf.d/proc.conf
check "the configuration was not touched" cmp before etc/a.conf
check "both are jobs" "$SYNCGATE" check -c etc/a.conf src proc
check_equal "nothing else is left there" "a.conf conf.d proc.conf" \
    "$(find etc -mindepth 1 -printf '%f\n' | sort | tr '\n' ' ' |
    sed 's/ $//')"
init --plugin rsync --job ../x source="$tmp/src" targets="popen:$tmp/x"
check_equal "a name that is a path is refused" 2 "$?"
init --plugin rsync --job x "source=$tmp/s
rc" targets="popen:$tmp/x"
check_grep "a control character is refused" 'there is a control character' out
ln -s loop loop
init --plugin rsync --job x source="$tmp/src" targets="$tmp/loop"
check_equal "a target that cannot be looked at is an error" 1 "$?"
check_grep "that says why" "^targets $tmp/loop: Too many levels" out
init --plugin rsync --job x source="$tmp/src" targets="popen:$tmp/x" odd=1
check_grep "an option that is none is refused" 'unknown option "odd"' out
check_none "none of them was written" etc/conf.d/x.conf
echo '# no include' >etc/b.conf
"$SYNCGATE" init -c etc/b.conf --plugin rsync --job x source="$tmp/src" \
    targets="popen:$tmp/x" >out 2>&1
check_grep "a file that would not be read is not written" \
    'would not be read: add include\("conf.d/\*.conf"\) to etc/b.conf' out
echo 'job {' >etc/b.conf
"$SYNCGATE" init -c etc/b.conf --plugin rsync --job x source="$tmp/src" \
    targets="popen:$tmp/x" >out 2>&1
check_equal "nor is one beside a configuration that is wrong" 2 "$?"
rm -f etc/b.conf

# ---- A connection that fails
init --plugin rsync --job far source="$tmp/src" targets=127.0.0.1:/x
check_equal "a gateway that does not open is an error" 1 "$?"
check_grep "with what ssh needs" 'a key that is let in without a password' out
check_none "and nothing is written" etc/conf.d/far.conf
init --plugin rsync --job far --no-connect source="$tmp/src" \
    targets=127.0.0.1:/x
check_equal "unless nobody looks" 0 "$?"
check "then it is" test -f etc/conf.d/far.conf

# ---- At a terminal
at_terminal <<END
plugin [svnhotsync]:|rsycn
plugin [svnhotsync]:|rsync
the folder to keep in step:|
the folder to keep in step:|$tmp/src
where to|popen:$tmp/four
another one|
each change over|no
the name of the job [src]:|four
[yes]:|
END
check_equal "at a terminal it asks" 0 "$?"
check_grep "again, if there is no such plugin" "none of that name" out
check_grep "and shows what it writes" '^    	plugin = rsync' out
check_grep "an answer is an option" '^	follow = "no"' etc/conf.d/four.conf
check "what it asked for works" "$SYNCGATE" run --once -c etc/a.conf four
check_equal "as it was answered" new "$(cat four/file)"
at_terminal --plugin rsync source="$tmp/src" targets="popen:$tmp/x" <<END
each change over|^D
END
check_equal "the end of the input ends it" 1 "$?"
check_grep "and nothing is written" 'init: nothing was written' out
at_terminal --plugin svnhotsync source="$tmp/gone" mirror="$tmp/m" <<END
the name of the job|gone
all the same [no]:|
END
check_equal "what is not there is written only if that is wished" 1 "$?"
check_none "and that is not the default" etc/conf.d/gone.conf

at_terminal --plugin rsync <<END
the folder to keep in step:|ssh=me@host//nonsense=1:/x
the folder to keep in step:|$tmp/src
where to|popen:relative
where to|popen:$tmp/five
another one|ssh=@:/x
another one|popen:$tmp/six
another one|
each change over|perhaps
each change over|no
the name of the job [src]:|five
[yes]:|
END
check_equal "what was mistyped is asked again" 0 "$?"
check_grep "with what is wrong" 'nonsense' out
check_equal "and no other answer is lost" \
    'source = "S"|targets = {"popen:T/five", "popen:T/six"}|follow = "no"|' \
    "$(sed -n "s|$tmp/src|S|; s|$tmp|T|g; s/^	\(source\|targets\|follow\)/\1/p" \
    etc/conf.d/five.conf | tr '\n' '|')"

# ---- By ssh, through a gateway that is configured
sshd_start || exit 1
mkdir kept
echo there >kept/file
printf 'gateway near { xspec = "%s" }\ninclude("conf.d/*.conf")\n' \
    "$SSHD_XSPEC" >etc/near.conf
rm -rf etc/conf.d
"$SYNCGATE" init -c etc/near.conf --plugin svnhotsync --job one \
    source="near:$tmp/gone" mirror="$tmp/m" >out 2>&1
check_equal "a source over there that is not there is an error, too" 1 "$?"
check_grep "told by who looked there" \
    "^source near:$tmp/gone: nothing is there" out
"$SYNCGATE" init -c etc/near.conf --plugin rsync --job one \
    source="$tmp/src" targets="near:$tmp/kept" follow=no >out 2>&1
check_equal "a job by ssh is written" 0 "$?"
check_grep "what is over there is told" \
    "^targets near:$tmp/kept: a folder\$" out
check "and it runs" "$SYNCGATE" run --once -c etc/near.conf one
check_equal "over there" new "$(cat kept/file)"
finish
