#!/bin/sh
# When the daemon runs jobs, how many at once, and where it is if nothing is
# said of that.
# sanitize: yes
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib/lib.sh"
. "$top_srcdir/tests/lib/daemon.sh"
need python3

# ---- Times, and places
cat >conf <<END
daemon {
	socket = "$tmp/sock"
	memory = "$tmp/memory"
	at-once = 1
}
job first { plugin = testplugin  place = "/x"  every = 1h  pause = 3s }
job second { plugin = testplugin  place = "/x"  every = 1h }
job timed { plugin = testplugin  place = "/x"
	at = {"$(date -d '+12 seconds' +%T)", "$(date -d '+1 hour' +%T)"} }
job open { plugin = testplugin  place = "/x"  end = follow
	within = "$(date -d '-1 hour' +%H:%M)-$(date -d '+14 seconds' +%T)" }
job closed { plugin = testplugin  place = "/x"  end = follow
	within = {"$(date -d '+2 hours' +%H:%M)-$(date -d '+3 hours' +%H:%M)",
	    "$(date -d '+16 seconds' +%T)-$(date -d '+1 hour' +%T)"} }
job lost { plugin = testplugin  place = "/x"  fail = 1000  end = follow }
END
daemon
check "a job runs in its hours" wait_until 3 is open running
ask why closed
check_grep "another one waits for them" 'waits for its hours, .*-.* and ' said
ask flush closed
check_equal "and is not flushed" 1 "$?"
check "a job that has no place waits" wait_until 5 is second queued
ask why second
check_grep "and says for whom" '1 may run at once, and so do: first$' said
check "its turn comes" wait_until 5 logged 'job second: done'
check "a time of the day comes" wait_until 10 logged 'job timed: done'
check "what runs all the time ends with its hours" wait_until 8 \
    is open waiting
check "and what waited for its own begins" wait_until 8 is closed running
ask why timed
check_grep "and then the next" 'waits for its time, .* in (59 min|1 h 0 min)' \
    said
ask why lost
check_grep "why tells what a job that runs tries again after" \
    'has run for .*the connection was lost, attempt .*trying again' said
kill "$daemon"
wait "$daemon"

# ---- Many with one host
echo "daemon { socket = \"$tmp/sock\"  memory = \"$tmp/memory\" }" >conf
for i in 1 2 3 4 5 6; do
	echo "job j$i { plugin = testplugin  end = follow" \
	    "place = \"ssh=me@host//nice=$i:/x\" }"
done >>conf
echo 'job here { plugin = testplugin  end = follow  place = "/x" }' >>conf
daemon --json --verbose
check "all of many jobs with one host run" wait_until 10 logged \
    '"text":"pid ' 7
# (By the daemon's own clock, which is one for all that begin at once.)
four_first() {
	for i in 1 2 3 4 5 6; do
		"$SYNCGATE" history -c conf --store "sqlite:$tmp/store.db" \
		    --json -n 1 "j$i"
	done | python3 -c '
import json, sys
t = sorted(json.loads(line)["began"] for line in sys.stdin)
sys.exit(not (len(t) == 6 and t[0] == t[3] < t[4]))'
}
check "four of them begin at once, and others later" wait_until 10 four_first
kill "$daemon"
wait "$daemon"

# ---- So many with one host, and days
cat >conf <<END
daemon { socket = "$tmp/sock"  memory = "$tmp/memory"  host-at-once = 1 }
job one { plugin = testplugin  every = 1h  pause = 3s
	place = "ssh=me@host:/x" }
job two { plugin = testplugin  every = 1h  place = "ssh=me@host//nice=1:/x" }
job three { plugin = testplugin  every = 1h  pause = 3s
	place = "ssh=me@other:/x" }
job weekly { plugin = testplugin  place = "/x"
	at = "$(LC_ALL=C date -d '+3 days' +%a) 02:30" }
job cron { plugin = testplugin  place = "/x"
	at = "$(date -d '+40 days' '+30 2 %d %b *')" }
END
daemon
check "one whose host has enough waits" wait_until 5 is two queued
ask why two
check_grep "and says for whom" '1 may run at once with its host, .*: one$' said
check "another host's does not" wait_until 5 is three running
check "its turn comes" wait_until 5 logged 'job two: done'
ask why weekly
check_grep "a day of the week" \
    "waits for its time, $(date -d '+3 days' +%F) 02:30:00" said
ask why cron
check_grep "a day of the year" \
    "waits for its time, $(date -d '+40 days' +%F) 02:30:00" said
kill "$daemon"
wait "$daemon"
for bad in "Mon" "Mon-Fri" "Foo 02:30" "02:30 Mon" "1 2 3 4" "60 2 * * *" \
    "0 2 * * 8" "0 2 */0 * *" "0 0 30 2 *" "* * * * * *"; do
	echo "job a { plugin = testplugin place = \"/x\" at = \"$bad\" }" >bad
	"$SYNCGATE" check -c bad >said 2>&1
	check_equal "not a time: $bad" 2 $?
	check_grep "which is said" 'bad:1: at: ".*" is ' said
done

# ---- Another user's, where nothing is said of places
cat >conf <<END
job mine { plugin = testplugin  place = "/x"  end = follow }
job fails { plugin = testplugin  place = "/x"  end = error  hold-after = 1 }
END
# $user WORD...: as somebody who is not root, with a state of his own, who has no
# /run/syncgate.  (What is root's would be his, to him.)
cat >alone <<'END'
mount -t tmpfs none /run && exec "$@"
END
user="env XDG_STATE_HOME=$tmp/state unshare -U -m --map-user=1000
    --map-group=1000 --keep-caps sh $tmp/alone"
if $user sh -c '[ "$(id -u)" = 1000 ]' 2>/dev/null; then
	: >log
	$user "$SYNCGATE" daemon --foreground -c conf 2>log &
	daemon=$!
	at_exit "kill_child $daemon"
	check "it runs with neither socket nor memory configured" \
	    wait_until 10 logged 'job fails: warning: held'
	wait_until 5 sh -c 'test -s state/syncgate/daemon/*'
	check_equal "in folders for that user" "700 700" \
	    "$(stat -c %a state/syncgate/control state/syncgate/daemon |
	    tr '\n' ' ' | sed 's/ $//')"
	$user "$SYNCGATE" status --daemon -c "$tmp/conf" >said 2>&1
	check_grep "and is found by the configuration's file" '^mine +- +running' \
	    said
	echo x >other.conf
	$user "$SYNCGATE" status --daemon -c other.conf >said 2>&1
	check_not "not by another" grep -q running said
	kill "$daemon"
	wait "$daemon"
	check_none "no socket is left" state/syncgate/control/*
	check_equal "the memory is" 1 "$(ls state/syncgate/daemon | grep -c .)"
else
	skip "another user: no user namespaces on this machine"
fi
finish
