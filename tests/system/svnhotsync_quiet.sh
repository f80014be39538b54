#!/bin/sh
# No temp or spool file at either end: every file that syncgate, its agent or
# the sshd session makes or opens for writing lies in one of the two
# repositories.  strace looks at all of them.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib/lib.sh"
. "$top_srcdir/tests/lib/sshd.sh"
. "$top_srcdir/tests/lib/ssh_tests.sh"
. "$top_srcdir/tests/lib/hotsync.sh"
need svnadmin svn python3 strace
if [ -n "${sanitize:-}" ]; then
	skip_all "a sanitizer writes files of its own"
fi
strace -o /dev/null true 2>/dev/null || skip_all "strace may not trace here"

cd "$tmp" || exit 2
mkdir -m 700 run home
HOME=$tmp/home
export HOME
mkrepo source 300 20000000 4 50 || exit 1
calls=open,openat,openat2,creat,rename,renameat,renameat2,mkdir,mkdirat
calls=$calls,link,linkat,symlink,symlinkat,mknod,mknodat

# The paths that were made or opened for writing, by a trace on stdin.
cat >written.py <<'EOT'
import os, re, sys
# dirfd<path> comes before the quoted path it is the base of.
WORD = re.compile(r'(?:(?:AT_FDCWD|\d+)<([^>]*)>, )?"((?:[^"\\]|\\.)*)"')
seen = set()
calls = 0
for line in sys.stdin:
    m = re.match(r'\d+ +(\w+)\((.*)', line)
    if not m:
        continue
    calls += 1
    name, rest = m.groups()
    if re.search(r'\) += -1 ', rest):
        continue
    if name.startswith("open") and not re.search(
            r'O_(WRONLY|RDWR|CREAT|TMPFILE|TRUNC|APPEND)', rest):
        continue
    for base, path in WORD.findall(rest):
        seen.add(os.path.normpath(os.path.join(base or "/?", path)))
print("calls", calls)
for path in sorted(seen):
    print(path)
EOT

# strange TRACE MIRROR: written paths that are in no repository of the job.
strange() {
	python3 written.py <"$1" >"$1.paths"
	grep -v -E -e '^calls ' -e '^/(dev|proc|sys)/' \
	    -e "^$2(/|$)" "$1.paths" | grep -v -x -F -f login.paths
}
# check_quiet SENTENCE TRACE MIRROR
check_quiet() {
	strange "$2" "$3" >strange.out
	check "$1: the trace has what was written to the mirror" \
	    grep -q "^$3/db/current" "$2.paths"
	check_equal "$1: and nothing was written elsewhere" "" \
	    "$(head -n 10 strange.out)"
}
nothing_lies() {
	# The test's own svn has its folder there.
	[ -z "$(ls -A run; ls -A home | grep -v '^\.subversion$')" ]
}
traced() {
	trace=$1
	shift
	env XDG_RUNTIME_DIR="$tmp/run" strace -f -y -s 4096 -o "$trace" \
	    -e trace="$calls" "$SYNCGATE" run --plugin svnhotsync "$@" \
	    >"$out" 2>"$err" </dev/null
}

: >login.paths
# ---- By popen: the agent is syncgate's child
traced t1 source="$tmp/source" mirror="$tmp/m1" --once
check_equal "a run by popen" 0 "$?"
check_quiet "by popen" t1 "$tmp/m1"
same_repo "the mirror is the same" source m1
check_not "the source was not written to" grep -q "^$tmp/source" t1.paths

# ---- One that is killed in the middle, and one that is refused
timeout -s KILL 0.6 env XDG_RUNTIME_DIR="$tmp/run" strace -f -y -s 4096 \
    -o t2 -e trace="$calls" "$SYNCGATE" run --plugin svnhotsync \
    source="$tmp/source" mirror="$tmp/m2" >"$out" 2>"$err" </dev/null
strange t2 "$tmp/m2" >strange.out
check_equal "one that is killed wrote nothing elsewhere" "" "$(cat strange.out)"
mkdir m3
echo mine >m3/file
traced t3 source="$tmp/source" mirror="$tmp/m3" --once
check_equal "one that is refused fails" 1 "$?"
strange t3 "$tmp/none" >strange.out
check_equal "and wrote nothing at all" "" "$(cat strange.out)"
check_equal "also not to what was there" mine "$(cat m3/file && rm m3/file &&
    ls -A m3)"

# ---- Following
traced t4 source="$tmp/source" mirror="$tmp/m1" &
tracer=$!
at_exit "kill_child $tracer"
wait_until 20 grep -q following "$out"
svn mkdir -q -m more "file://$tmp/source/more"
check "a commit follows under strace" wait_until 20 has_revision m1 301
kill $(process_tree "$tracer" | while read -r one; do
	[ "$(cat "/proc/$one/comm")" = syncgate ] && echo "$one"
done)
wait "$tracer"
check_quiet "while it follows" t4 "$tmp/m1"

# ---- Over ssh: the listener and all of its sessions
sshd_start || exit 1
login quiet <<EOT
export XDG_RUNTIME_DIR=$tmp/run HOME=$tmp/home
exec dash -c "\$SSH_ORIGINAL_COMMAND"
EOT
SSHD_XSPEC=$login
# attach TRACE; detach
attach() {
	: >attached
	strace -f -y -s 4096 -o "$1" -e trace="$calls" -p "$SSHD_PID" \
	    2>attached &
	tracer=$!
	wait_until 10 grep -q attached attached
}
detach() {
	sleep 0.3
	kill "$tracer"
	wait "$tracer" 2>/dev/null
}
# What a login itself writes: the startup files of the user's shell may.
attach t0
ssh -p "$SSHD_PORT" -i key-quiet -F /dev/null -o IdentitiesOnly=yes \
    -o BatchMode=yes -o UserKnownHostsFile="$SSHD_KNOWN_HOSTS" \
    "$SSHD_USER@127.0.0.1" true || fail "a login"
detach
python3 written.py <t0 | grep -v '^calls' >login.paths

# over_ssh SENTENCE TRACE SOURCE MIRROR MIRRORPATH
over_ssh() {
	attach "$2"
	traced "$2.here" source="$3" mirror="$4" --once
	check_equal "$1" 0 "$?"
	detach
	cat "$2.here" >>"$2"
	# The bootstrap's own folder is there while it is needed.
	sed -i "\,$tmp/run/\.xn,d" "$2"
	check_quiet "$1" "$2" "$5"
	wait_until 5 nothing_lies
	check "$1: the bootstrap's folder is gone" nothing_lies
}
over_ssh "there to here" t5 "$(hot_over_ssh "$tmp/source")" "$tmp/m5" "$tmp/m5"
over_ssh "here to there" t6 "$tmp/source" "$(hot_over_ssh "$tmp/m6")" "$tmp/m6"
same_repo "the mirror there is the same" source m6
finish
