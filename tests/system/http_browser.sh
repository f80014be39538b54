#!/bin/sh
# What a person sees of the status page, in Chromium: while a job runs, fails,
# is held and is approved; by keyboard alone, without a script, on a phone, in the
# dark.  SYNCGATE_PICTURES: a folder to keep pictures of it in.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib/lib.sh"
. "$top_srcdir/tests/lib/daemon.sh"
need python3 node "${CHROMIUM:-chromium}"

# Where `npm ci` has put what tests/browser/package.json wants.
modules=${SYNCGATE_BROWSER:-$top_srcdir/tests/browser}/node_modules
[ -d "$modules/playwright-core" ] ||
    skip_all "playwright-core: npm ci --prefix tests/browser brings it"
NODE_PATH=$modules
CHROMIUM=$(command -v "${CHROMIUM:-chromium}")
export NODE_PATH CHROMIUM

long=and-no-blank-in-it-and-goes-on-and-on-and-on
cat >conf <<END
store = "sqlite:$tmp/store.db"
daemon {
	socket = "$tmp/sock"
	memory = "$tmp/memory"
	stop-within = 3s
	http = "localhost:0"
}
job long {
	plugin = testplugin
	place = "/srv/long"
	steps = 9000
	pause = 20ms
}
job flaky {
	plugin = testplugin
	place = "/srv/flaky"
	end = error
	at = "00:00"
	hold-after = 2
	retry-after = 50ms
}
job risky {
	plugin = testplugin
	place = "/srv/risky"
	lose = {"delete one", "delete <b>two</b>", "delete three", "delete four",
	    "delete five", "delete a-name-that-has-no-end-$long-$long-$long"}
}
job evil {
	plugin = testplugin
	place = "/<img src=x onerror=alert(1)>"
	end = follow
}
END
daemon
wait_until 10 logged 'status page: listens at'
wait_until 5 is risky held
ask token
mkfifo lines
timeout 270 node "$top_srcdir/tests/browser/status.js" "$(url)" \
    "$(cat said)" ${SYNCGATE_PICTURES:+"$SYNCGATE_PICTURES"} >lines 2>err &
node=$!
at_exit "kill_child $node"
while read -r line; do
	case $line in
	"ok: "*) pass "${line#ok: }" ;;
	"FAILED: "*) fail "${line#FAILED: }" ;;
	"end the daemon") kill "$daemon" ;;
	*) echo "$line" ;;
	esac
done <lines
wait "$node"
check_equal "the browser came to its end" "0 " "$? $(cat err)"
wait "$daemon"
check_equal "and so did the daemon" 0 "$?"
finish
