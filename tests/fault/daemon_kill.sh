#!/bin/sh
# Twelve jobs of three plugins under one daemon, while what they keep changes
# and kill -9 strikes: workers, agents, the daemon itself.  At the end
# everything is equal, each item came once, and no process is left.
#
# 8 seconds of that, by --long 10 minutes.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib/lib.sh"
. "$top_srcdir/tests/lib/hotsync.sh"
. "$top_srcdir/tests/lib/daemon.sh"
need python3 svnadmin svnmucc

[ -n "${SYNCGATE_LONG:-}" ] && seconds=600 || seconds=8
mark=syncgate-daemon-$$-$(od -An -N4 -tx4 /dev/urandom | tr -d ' ')
echo "daemon { socket = \"$tmp/sock\"  memory = \"$tmp/memory\" }" >conf
for i in 1 2 3 4; do
	mkdir "from$i" "in$i" "out$i"
	svnadmin create "repo$i"
	[ "$i" -gt 2 ] && far=popen: || far=
	cat >>conf <<END
job tree$i {
	plugin = rsync
	source = "$tmp/from$i"
	targets = "$far$tmp/to$i"
	$([ "$i" = 4 ] && echo every = 1s || echo follow = yes)
	retry-after = 100ms
	hold-after = 0
}
job svn$i {
	plugin = svnhotsync
	source = "$far$tmp/repo$i"
	mirror = "$tmp/mirror$i"
	retry-after = 100ms
	hold-after = 0
}
job items$i {
	plugin = fileproc
	data-in = "$tmp/in$i"
	data-out = "$tmp/out$i"
	command = "cat"
	ready = closed
	retry-after = 100ms
	hold-after = 0
}
END
done

# Each process of the daemon, but for itself.
below() {
	marked "$mark" | tr ' ' '\n' | grep -vx "$daemon"
}
begin() {
	MARK=$mark "$SYNCGATE" daemon --foreground -c conf \
	    --store "sqlite:$tmp/store.db" 2>>log &
	daemon=$!
	at_exit "kill_child $daemon"
}

begin
all_run() {
	"$SYNCGATE" status --daemon -c conf >said
	[ "$(grep -c ' running ' said)" -ge 11 ]
}
check "twelve jobs run" wait_until 20 all_run
python3 - "$seconds" <<'END' &
import os, random, subprocess, sys, time
random.seed(7)
end = time.time() + float(sys.argv[1])
n = 0
while time.time() < end:
    i = n % 4 + 1
    name = "from%d/%d" % (i, random.randrange(30))
    with open(name + ".new", "wb") as f:
        f.write(os.urandom(random.randrange(20000)))
    os.rename(name + ".new", name)
    with open("in%d/item%d" % (i, n), "w") as f:
        f.write("item %d" % n)
    if n % 5 == 0:
        subprocess.run(["svnmucc", "-m", "m", "mkdir",
            "file://%s/repo%d/d%d" % (os.getcwd(), i, n)], check=True,
            stdout=subprocess.DEVNULL)
    n += 1
    time.sleep(0.02)
print(n)
END
writer=$!
struck=0
daemons=0
ends=$(($(date +%s) + seconds))
while [ "$(date +%s)" -lt "$ends" ]; do
	sleep "0.$((struck * 7 % 10))3"
	if [ $((struck % 8)) = 7 ]; then
		kill -9 "$daemon"
		wait "$daemon" 2>/dev/null
		daemons=$((daemons + 1))
		wait_until 10 nothing_marked "$mark" ||
		    fail "processes outlive the daemon"
		begin
		wait_until 10 test -S sock
	else
		victim=$(below | shuf -n 1)
		[ -z "$victim" ] || kill -9 "$victim" 2>/dev/null
	fi
	struck=$((struck + 1))
done
check "the writer ends well" wait "$writer"
echo "# $struck times kill -9, $daemons of them the daemon"

same() {
	for k in 1 2 3 4; do
		diff -r "from$k" "to$k" >/dev/null || return 1
		[ "$(cat "repo$k/db/current")" = \
		    "$(cat "mirror$k/db/current")" ] || return 1
		[ -z "$(ls "in$k")" ] || return 1
	done
}
check "all is equal at the end" wait_until 30 same
for k in 1 2 3 4; do
	ls "out$k"
done | sort >came
sort -u came >once
check "each item came once" cmp came once
check "and whole" sh -c 'for f in out?/*; do
	[ "$(cat "$f")" = "item ${f##*/item}" ] || exit 1
done'
check "all of them" [ "$(grep -c . came)" -gt 20 ]
for k in 1 2 3 4; do
	check "mirror $k is well" svnadmin verify -q "mirror$k"
done
ask status --daemon
check_not "no job is held" grep -q ' held ' said
kill "$daemon"
wait "$daemon"
check_equal "the daemon ends with 0" 0 "$?"
check "no process is left" wait_until 5 nothing_marked "$mark"
check_none "nor its socket" sock sock.lock
check_none "nor a file that is not whole" to?/.[!.]*
check_equal "nor a staged one" "" "$(find out?/.syncgate -name 'item*')"
finish
