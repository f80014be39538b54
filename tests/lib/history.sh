# history.sh: what tests of the history of runs need.  Source it behind
# daemon.sh.

# write STORE [RUNS]: a configuration with that store, which keeps so many runs.
write() {
	cat >conf <<END
store = "$1"
daemon {
	socket = "$tmp/sock"
	memory = "$tmp/memory"
	stop-within = 3s
	history-runs = ${2:-100}
}
job good { plugin = testplugin  place = "/x"  every = 1s }
job stays { plugin = testplugin  place = "/x"  end = follow }
job bad {
	plugin = testplugin
	place = "/x"
	end = evil
	hold-after = 2
	retry-after = 50ms
}
END
}
# begin: the daemon, with the configured store.
begin() {
	: >log
	# (9 is what a server lives by.)
	"$SYNCGATE" daemon --foreground -c conf 2>log 9>&- &
	daemon=$!
	at_exit "kill_child $daemon"
	wait_until 10 daemon_answers
}
# past [OPTION...]: `history`.
past() {
	"$SYNCGATE" history -c conf "$@" 2>&1
}
# outcomes JOB: of its runs, the newest first.
outcomes() {
	past --json "$1" | python3 -c '
import json, sys
print(*[json.loads(line)["outcome"] for line in sys.stdin])'
}
has() {
	case $(outcomes "$1") in
	$2) ;;
	*) return 1 ;;
	esac
}
end() {
	kill "$daemon"
	wait "$daemon"
}
