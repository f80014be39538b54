# daemon.sh: what tests of the daemon need, in the folder $tmp, where its
# configuration is conf and its socket sock.  Source it behind lib.sh.

SYNCGATE_PLUGIN_DIR=$top_builddir/tests/lib/.libs:$SYNCGATE_PLUGIN_DIR
cd "$tmp" || exit 2

# gone PID...: none of them runs any more.
gone() {
	for one in "$@"; do
		case $(ps -o stat= -p "$one" 2>/dev/null) in
		'' | Z*) ;;
		*) return 1 ;;
		esac
	done
}
# daemon [OPTION...]: begin it, and wait until it has.  Its store is not that of
# whoever runs the test.
daemon() {
	: >log
	"$SYNCGATE" daemon --foreground -c conf --store "sqlite:$tmp/store.db" \
	    "$@" 2>log &
	daemon=$!
	at_exit "kill_child $daemon"
	wait_until 10 daemon_answers
}
# daemon_answers: a socket may be there at which nobody listens, or not yet.
daemon_answers() {
	"$SYNCGATE" status --daemon -c conf 2>/dev/null | grep -q '^JOB '
}
# ask WORD...: `syncgate WORD... -c conf`; what it said is in said.
ask() {
	"$SYNCGATE" "$1" -c conf ${2:+"$2"} >said 2>&1
}
# is JOB STATE, by `status`.
is() {
	"$SYNCGATE" status --daemon -c conf "$1" 2>&1 |
	    grep -Eq "^$1 +(-|in step|[0-9].*) +$2 "
}
# tell JOB KEY: what `status --json` has there.
tell() {
	"$SYNCGATE" status --daemon --json -c conf "$1" | python3 -c '
import json, sys
print(json.loads(sys.stdin.readline())[sys.argv[1]])' "$2"
}
# logged TEXT [TIMES]
logged() {
	[ "$(grep -c "$1" log)" -ge "${2:-1}" ]
}
# url: where the status page listens, by the log.
url() {
	sed -n 's/.*status page: listens at \([^;]*\)\/;.*/\1/p' log |
	    tail -n 1
}
workers() {
	pgrep -P "$daemon"
}
