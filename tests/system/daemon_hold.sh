#!/bin/sh
# What looks like a mistake is held until somebody approves it: what is said of
# it, what approves it and what does not, and what is remembered.
# sanitize: yes
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib/lib.sh"
. "$top_srcdir/tests/lib/daemon.sh"
need python3

# ---- Without a daemon
by_hand() {
	"$SYNCGATE" run --once --plugin testplugin place=/x "$@" >said 2>&1
}
lost='lose=one lose=two lose=three lose=four lose=five lose=six'
by_hand $lost
check_equal "more than half is held" 1 "$?"
check_grep "with the reason, and what approves it" \
    '6 of 10 would be lost; .*syncgate run --approve [0-9a-f]{20}' said
check_grep "and what it would do" 'would: three' said
check_not "which it does not" grep -q ' lost$' said
token=$(sed -n 's/.*--approve \([0-9a-f]*\).*/\1/p' said)
by_hand $lost --dry-run
check_equal "a dry run is not" 0 "$?"
by_hand $lost --approve "$token"
check_equal "with the token it is done" 0 "$?"
check_grep "which is said" 'goes on, as was approved .loss.: 6 of 10' said
check_grep "and it is" '6 lost' said
by_hand $lost lose=seven --approve "$token"
check_equal "the token is not one for anything else" 1 "$?"
check_grep "which is another" '7 of 10 would be lost.*--approve' said
check_not "as it says" grep -q "$token" said
by_hand $lost --approve 00000000000000000000
check_equal "a wrong token approves nothing" 1 "$?"
by_hand $lost --approve nonsense
check_equal "what is no token is refused" 1 "$?"
check_grep "with the kinds that there are" 'loss, empty, back or other' said
by_hand $lost --approve empty
check_equal "another kind approves nothing" 1 "$?"
by_hand $lost --approve loss
check_equal "its kind does" 0 "$?"
by_hand lose=one lose=two lose=three lose=four lose=five
check_equal "half is not more than half" 0 "$?"
by_hand $lost hold-over=6
check_equal "nor is 6 more than 6" 0 "$?"
by_hand $lost hold-over=5
check_equal "it is more than 5" 1 "$?"
by_hand $lost hold-over=no
check_equal "nothing is more than no" 0 "$?"
by_hand $lost hold-over=150%
check_equal "more than all there is cannot be meant" 2 "$?"
check_grep "as is said" 'hold-over: "150%" is neither' said
"$SYNCGATE" run --json --once --plugin testplugin place=/x $lost >said 2>&1
check_equal "the same in JSON" "loss 6 of 10 would be lost one six $token" \
    "$(python3 -c '
import json
for line in open("said"):
    if line[0] != "{": continue
    line = json.loads(line)
    if line["event"] == "hold":
        sample = line["sample"]
        print(line["kind"], line["text"], sample[0], sample[-1], line["approve"])
')"

# ---- Before and after a run
cat >around <<'END'
#!/bin/sh
echo "says $1"
echo "$SYNCGATE_JOB $SYNCGATE_JOB_EVENT ${SYNCGATE_JOB_RESULT-none}" \
    "${SYNCGATE_JOB_DONE-none} $SYNCGATE_JOB_ERROR" >>"$2"
sleep "$1"
exit "${3:-0}"
END
chmod +x around
by_hand before-run="$tmp/around" before-run=0 before-run="$tmp/was" \
    after-run="$tmp/around" after-run=0 after-run="$tmp/was"
check_equal "a run with something before and after" 0 "$?"
check_equal "both are told what they are for" \
    "testplugin before-run none none testplugin after-run ok 3 " \
    "$(tr '\n' ' ' <was | sed 's/  */ /g')"
check_grep "what they say is logged" 'before-run: says 0' said
rm was
by_hand before-run="$tmp/around" before-run=0 before-run="$tmp/was" \
    before-run=3 after-run="$tmp/around" after-run=0 after-run="$tmp/was"
check_equal "one that fails before it" 1 "$?"
check_grep "is the failure of the run" 'before-run ended with status 3' said
check_not "which did not begin" grep -q 'pid ' said
check_equal "nor is it said to have ended" 1 "$(wc -l <was)"
by_hand before-run="$tmp/around" before-run=60 before-run="$tmp/was" \
    hooks-within=300ms
check_equal "one that does not end" 1 "$?"
check_grep "is killed" 'before-run did not end within 0.3 s' said
by_hand before-run="$tmp/around" before-run=61.37 before-run="$tmp/was" \
    hooks-within=300ms
no_sleep() {
	! pgrep -f "^sleep $1"
}
check "what it has started is killed as well" wait_until 5 no_sleep 61.37
by_hand after-run="$tmp/around" after-run=61.38 after-run="$tmp/was" \
    hooks-within=300ms
check_grep "behind a run, too" 'after-run did not end within 0.3 s' said
check "with what it has started" wait_until 5 no_sleep 61.38
by_hand before-run=/none
check_grep "one that is not there is said" 'cannot start /none' said
rm was
by_hand end=error after-run="$tmp/around" after-run=0 after-run="$tmp/was"
check_grep "after a failure its reason is told" \
    'after-run failed 3 .*it did not want to' was
rm was
by_hand end=long after-run="$tmp/around" after-run=0 after-run="$tmp/was"
check_grep "also one longer than the kernel takes, as far as there is room" \
    '^testplugin after-run failed 3 x{8192}[.]{3}$' was
by_hand $lost after-run="$tmp/around" after-run=0 after-run="$tmp/was"
check_grep "as is that it is held" 'after-run held none 6 of 10' was
by_hand after-run="$tmp/around" after-run=0 after-run="$tmp/was" after-run=2
check_equal "one that fails after it is no failure of the run" 0 "$?"
check_grep "but said" 'warning: after-run ended with status 2' said
rm was
by_hand --dry-run after-run="$tmp/around" after-run=0 after-run="$tmp/was"
check_none "a dry run has neither" was

# ---- By the daemon
cat >hook <<'END'
#!/bin/sh
echo "$SYNCGATE_JOB $SYNCGATE_JOB_EVENT $SYNCGATE_JOB_REASON" \
    "$SYNCGATE_JOB_APPROVE $SYNCGATE_JOB_SAMPLE" >>"$1"
END
chmod +x hook
conf() {
	cat >conf <<END
daemon { socket = "$tmp/sock"  memory = "$tmp/memory"  stop-within = 3s }
job a {
	plugin = testplugin
	place = "/x"
	lose = {$1}
	every = 1h
	on-hold = {"$tmp/hook", "$tmp/told"}
}
job b { plugin = testplugin  place = "/x"  every = 1h }
END
}
six='"one", "two", "three", "four", "five", "six"'
hold() {
	"$SYNCGATE" status --daemon --json -c conf a | python3 -c '
import json, sys
hold = json.load(sys.stdin).get("hold", {})
print(hold.get("reason"), len(hold.get("sample", [])), hold.get("approve"))'
}
approve() {
	"$SYNCGATE" approve -c conf "$@" >said 2>&1
}
conf "$six"
daemon
check "a job is held" wait_until 10 is a held
check "another one is not" wait_until 10 is b waiting
first=$(hold)
check_grep "status has the reason, the sample and the token" \
    '^6 of 10 would be lost 6 [0-9a-f]{20}$' - <<END
$first
END
ask why a
check_grep "why says what to type" \
    'is held: 6 of 10 would be lost; `syncgate approve a`' said
check_grep "and what it would do" '^  would: six$' said
check "the hook is told all of it" wait_until 5 grep -q \
    "^a hold 6 of 10 would be lost ${first##* } one" told
check "and the log" logged 'would: three'
ask resume a
check "resume looks again" wait_until 5 logged 'held: 6 of 10' 2
check "and finds the same" wait_until 5 is a held
approve --token 00000000000000000000 a
check_equal "another token is no approval" 1 "$?"
check_grep "as is said" 'another thing by now: 6 of 10' said
approve b
check_equal "what is not held cannot be approved" 1 "$?"
kill -9 "$daemon"
wait "$daemon" 2>/dev/null
daemon
check "after a restart it is held" wait_until 5 is a held
check_equal "for the same" "$first" "$(hold)"
approve a
check_equal "it is approved" 0 "$?"
check "and done" wait_until 5 logged '6 lost'
check "and well" wait_until 5 is a waiting
ask start a
check "which counted once" wait_until 5 is a held
approve --always a
check "always, then" wait_until 5 is a waiting
ask flush a
check_equal "it is not held any more" 0 "$?"
kill "$daemon"
wait "$daemon"
daemon
ask flush a
check_equal "nor after a restart" 0 "$?"
conf "$six, \"seven\""
ask reload
ask start a
check "with other options it is" wait_until 5 is a held
check "which the log says" logged 'approved always is not any more'
approve --always a
check "until that is approved, too" wait_until 5 is a waiting
kill "$daemon"
wait "$daemon"
conf "$six"
daemon
ask start a
check "also with others since the daemon ran" wait_until 5 is a held
approve --always a
check "approved once more" wait_until 5 is a waiting
ask reset a
ask flush a
check_equal "but after reset" 1 "$?"
check_grep "with the reason" 'job a: is held: 6 of 10' said
# Another thing is found than was approved: the plugin's is that of its run.
conf "$six, \"seven\""
kill -STOP "$daemon"
approve --token "${first##* }" a &
approving=$!
kill -HUP "$daemon"
kill -CONT "$daemon"
wait "$approving"
# (What was approved may have been done before the other options counted.)
looked_anew() {
	grep -q 'held: 7 of 10' log && return
	ask start a
	return 1
}
check "other options are looked at anew" wait_until 5 looked_anew
check "and held" wait_until 5 is a held
ask reset a
check "reset of one that is held looks again" wait_until 5 logged \
    'held: 7 of 10' 2
check "and holds it again" wait_until 5 is a held
conf '"one"'
ask reload
check "a configuration that loses less lets it go on" wait_until 5 \
    is a waiting
check_equal "with nothing asked for" "None 0 None" "$(hold)"
check_none "and nothing remembered" memory

# ---- Levels
cat >>conf <<'END'
job talks {
	plugin = testplugin
	place = "/x"
	text = "a warning"
	tags = {"some"}
	log-level = warning
}
END
ask reload
check "of a job what its level says is logged" wait_until 5 logged \
    'job talks: warning: a warning'
check_not "and nothing else" logged 'job talks: tag some'
"$SYNCGATE" loglevel -c conf talks debug >said 2>&1
check_equal "the level can be changed" "0 job talks: is logged from debug on" \
    "$? $(cat said)"
wait_until 5 is talks done
ask start talks
check "to one that has more" wait_until 5 logged 'job talks: tag some'
"$SYNCGATE" loglevel -c conf talks loud >said 2>&1
check_equal "not to one that is none" 1 "$?"
check_grep "as is said" '"loud" is none: debug, info, warning' said
"$SYNCGATE" loglevel -c conf --all default >said 2>&1
check_equal "and all back to what is configured" 0 "$?"

# ---- Who may ask
kill "$daemon"
wait "$daemon"
if [ "$(id -u)" -eq 0 ] && have setpriv && getent group adm >/dev/null; then
	sed -i "s/stop-within = 3s/&  control-group = \"adm\"/" conf
	chmod 755 "$tmp"
	chmod 644 conf
	daemon
	check_equal "the socket is the group's" "660 adm" \
	    "$(stat -c '%a %G' sock)"
	# as GROUP: asked by nobody as a member of that.
	as() {
		setpriv --reuid nobody --regid nogroup --groups "$1" \
		    "$SYNCGATE" why -c conf b >said 2>&1
	}
	if setpriv --reuid nobody --regid nogroup --clear-groups \
	    test -x "$SYNCGATE" -a -r conf; then
		as adm
		check_equal "a member may ask" 0 "$?"
		as nogroup
		check_equal "another may not" 1 "$?"
		# A socket that anybody can write to is not enough.
		chmod 666 sock
		as nogroup
		check_equal "whatever the socket's mode is" 1 "$?"
	fi
	kill "$daemon"
	wait "$daemon"
	sed -i 's/"adm"/"no-such-group"/' conf
	"$SYNCGATE" daemon --foreground -c conf >said 2>&1
	check_grep "a group that is not there is refused" \
	    'control-group: there is no group "no-such-group"' said
fi
finish
