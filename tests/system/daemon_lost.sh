#!/bin/sh
# A job that runs all the time and cannot reach the other machine: that is seen,
# and somebody is told, when it goes on for a while; and when it is over.
# sanitize: yes
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib/lib.sh"
. "$top_srcdir/tests/lib/daemon.sh"

cat >told.sh <<'END2'
#!/bin/sh
echo "$SYNCGATE_JOB_EVENT:$SYNCGATE_JOB_REASON" >>"$0.told"
END2
chmod 755 told.sh
cat >conf <<END2
daemon { socket = "$tmp/sock"  memory = "$tmp/memory" }
job lost {
	plugin = testplugin
	place = "/x"
	fail = 14
	healthy = no
	steps = 1
	lag = yes
	end = follow
	on-failure = "$tmp/told.sh"
	on-recovery = "$tmp/told.sh"
}
END2
daemon
check "who cannot get through is failing" wait_until 10 is lost failing
ask status --daemon lost
check_equal "and status says so" 1 "$?"
check_grep "with why" 'the connection was lost, attempt .*trying again' said
check_not "nobody is told at once" [ -e told.sh.told ]
for attempt in $(seq 40); do
	is lost failing || break
	ask poke lost
	sleep 1
done
check "it gets through" wait_until 20 is lost running
ask status --daemon lost
check_equal "and status says that, too" 0 "$?"
check "somebody is told that" wait_until 5 grep -q recovery told.sh.told
wait_until 5 grep -q failure told.sh.told
check_grep "when it had failed for a while" \
    'failure:the connection was lost, attempt [0-9]+; trying again' \
    told.sh.told
check_equal "once each" "failure recovery " \
    "$(cut -d: -f1 told.sh.told | sort | tr '\n' ' ')"
kill "$daemon"
wait "$daemon"
check_equal "the daemon ends well" 0 "$?"
"$SYNCGATE" history -c conf --store "sqlite:$tmp/store.db" lost >said
check_grep "what it did is counted, one as one" ' stopped  1 step, 0 bytes$' \
    said

# ---- It is taken out before anybody was told: what it says at its end tells nobody
cat >conf <<END2
daemon { socket = "$tmp/sock"  memory = "$tmp/memory" }
job stays { plugin = testplugin  place = "/x"  end = follow }
END2
cp conf without
cat >>conf <<END2
job away {
	plugin = testplugin  place = "/x"  fail = 1000  healthy = no
	end = follow  on-failure = "$tmp/told.sh"
}
END2
rm -f told.sh.told
daemon
wait_until 10 logged 'job away: .*attempt 1'
sleep 10.5
mv without conf
ask reload
check "it ends" wait_until 10 logged 'job away: stopped'
check "the daemon goes on" is stays running
check_not "and has told nobody" [ -e told.sh.told ]
kill "$daemon"
wait "$daemon"
check_equal "and ends well" 0 "$?"
finish
