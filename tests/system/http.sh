#!/bin/sh
# The status page as curl sees it: what it shows, who may change something, that
# another site may not, its headers, its limits, its metrics.
# sanitize: yes
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib/lib.sh"
. "$top_srcdir/tests/lib/daemon.sh"
need python3 curl

write() {
	cat >conf <<END
store = "sqlite:$tmp/store.db"
daemon {
	socket = "$tmp/sock"
	memory = "$tmp/memory"
	stop-within = 3s
	$1
}
job good { plugin = testplugin  place = "/x"  every = 1s  steps = 5 }
job stays { plugin = testplugin  place = "/x"  end = follow }
job bad {
	plugin = testplugin
	place = "/<script>&amp;\"'"
	end = evil
	hold-after = 2
	retry-after = 50ms
}
job risky {
	plugin = testplugin
	place = "/x"
	lose = {"delete <b>a</b>", "delete b", "delete c", "delete d",
	    "delete e", "delete f"}
}
END
}
listens() {
	[ "$(grep -c 'status page: listens at' log)" -ge "$1" ]
}
# get PATH [OPTION...]: headers into head, the page into page, the status out.
get() {
	path=$1
	shift
	curl -s -m 10 -o page -D head -w '%{http_code}' "$@" "$base$path"
}
# has PATH TEXT [OPTION...]: TEXT is on the page.
has() {
	path=$1
	text=$2
	shift 2
	get "$path" "$@" >/dev/null
	grep -qF -- "$text" page
}

# ---- What the configuration says
refused() {
	write "$2"
	"$SYNCGATE" check -c conf >said 2>&1
	check_equal "$1: refused" 2 "$?"
	check_grep "and why" "conf:[0-9]*: http.*$3" said
}
refused "an address without a port" 'http = "127.0.0.1"' 'has no port'
refused "a name" 'http = "www.example.org:80"' 'is not an address'
refused "a relative socket" 'http = "unix:http"' 'whole path'
refused "another address without TLS" 'http = "0.0.0.0:8080"' \
    'needs http-cert and http-key'
refused "half of TLS" 'http = "[::1]:0"  http-cert = "/x"' 'go together'
write "http = \"[::1]:0\"  http-cert = \"$tmp/no\"  http-key = \"$tmp/no\""
"$SYNCGATE" check -c conf >said 2>&1
check_equal "a certificate that is not there: refused" 2 "$?"
ask token
check_equal "there is no token yet" 1 "$?"

# ---- What is shown
write 'http = "127.0.0.1:0"'
daemon
check "it listens" wait_until 10 listens 1
base=$(url)
wait_until 5 is risky held
wait_until 5 is bad held
check "the page shows the jobs" wait_until 8 has / '>2 held<'
check_equal "as HTML" "200 text/html; charset=utf-8" "$(get / -o page -w \
    '%{http_code} %{content_type}' | tail -c 28)"
for job in good stays bad risky; do
	check_grep "$job is there" "id=\"job-$job\"" page
done
check_not "what others wrote is no markup" grep -qE '<script>&|<b>a' page
check_grep "but text" '/&lt;script&gt;&amp;amp;&quot;&#39;' page
check_grep "what a terminal would obey is a number" 'x1b\[2Jtext' page
check_grep "what a held job would do is shown" 'delete &lt;b&gt;a&lt;/b&gt;' \
    page
check_grep "with a button to approve it" 'value="approve risky [0-9a-f]{20}"' \
    page
check_equal "a job has a page" 200 "$(get /job/bad)"
check_grep "with its last error, link by link" '<ol class="chain"><li>' page
check "and its runs" wait_until 5 has /job/bad \
    '>held</span></td><td class="text">'
check_equal "a job that is not there" 404 "$(get /job/none)"
check_equal "a page that is not there" 404 "$(get /etc/passwd)"
check_equal "nor is one above" 404 "$(get /../../etc/passwd --path-as-is)"
check_equal "the style" "200 text/css; charset=utf-8" "$(get /page.css -w \
    '%{http_code} %{content_type}')"
tag=$(sed -n 's/^ETag: \(.*\)\r$/\1/p' head)
check_equal "is asked for once" 304 "$(get /page.css -H \
    "If-None-Match: $tag")"
check_equal "the script" "200 text/javascript; charset=utf-8" "$(get \
    /page.js -w '%{http_code} %{content_type}')"
check_equal "health" 200 "$(get /health)"
check_grep "in JSON" '"ok":true,"jobs":4' page

# ---- Headers
secured() {
	get "$1" >/dev/null
	for header in "Content-Security-Policy: default-src 'none'" \
	    "X-Content-Type-Options: nosniff" "Referrer-Policy: no-referrer" \
	    "X-Frame-Options: DENY" "Cross-Origin-Resource-Policy: same-origin"
	do
		grep -qF "$header" head || {
			echo "$1 has no $header"
			return 1
		}
	done
	grep -q "script-src 'self'.*frame-ancestors 'none'" head &&
	    ! grep -q unsafe head
}
for path in / /job/good /page.css /metrics /none /login; do
	check "$path has the headers that a browser minds" secured "$path"
done

# ---- By which name
check_equal "another name is refused" 421 "$(get / -H 'Host: evil.example')"
check_not "and shows nothing" grep -q job-good page
check_equal "one that begins so, too" 421 "$(get / -H \
    'Host: localhost.evil.example')"
check_equal "and none" 421 "$(get / -H 'Host;')"
check_equal "localhost is ours" 200 "$(get / -H 'Host: localhost:80')"

# ---- Changing something
ask token
token=$(cat said)
check_equal "the token has a file for its user alone" "600 33" \
    "$(stat -c '%a %s' sock.token)"
check "which the log does not tell" sh -c "! grep -q '$token' log"
state() {
	check_equal "$1" "$2" "$(tell stays state)"
}
check_equal "without it a form leads to the login" 303 "$(get /do -d \
    'do=stop stays')"
check_grep "where" 'Location: /login' head
check_equal "a script is told so" 401 "$(get /do -d 'do=stop stays' -H \
    'Accept: application/json')"
check_equal "a wrong token is refused" 401 "$(get /do -d 'do=stop stays' \
    -H "Authorization: Bearer ${token}0" -H 'Accept: application/json')"
state "nothing happened" running
check_equal "a wrong one is refused at the login" 403 "$(get /login -d \
    'token=nonsense')"
check_not "and gives no cookie" grep -qi '^set-cookie' head
check_equal "the right one is not" 303 "$(get /login -d "token=$token" -c jar)"
check_grep "its cookie is out of reach" \
    'Set-Cookie: .*HttpOnly; SameSite=Strict' head
check_not "and is not the token" grep -q "$token" head
get / -b jar >/dev/null
mark=$(sed -n 's/.*id="act".*name="mark" value="\([0-9a-f]*\)".*/\1/p' page)
check_equal "a form with the cookie alone is refused" 403 "$(get /do -b jar \
    -d 'do=stop stays')"
check_equal "one with a wrong mark, too" 403 "$(get /do -b jar -d \
    "do=stop stays&mark=$(echo "$mark" | tr 0-9 1-90)")"
check_equal "one that another site sends, too" 403 "$(get /do -b jar -d \
    "do=stop stays&mark=$mark" -H 'Origin: http://evil.example')"
check_equal "as a browser says of it" 403 "$(get /do -b jar -d \
    "do=stop stays&mark=$mark" -H 'Sec-Fetch-Site: same-site')"
check_equal "a link does nothing" 405 "$(get "/do?do=stop+stays&mark=$mark" \
    -b jar)"
state "nothing happened" running
check_equal "ours stops a job" 303 "$(get /do -b jar -d \
    "do=stop+stays&mark=$mark&back=/job/stays" -H "Origin: $base" )"
check_grep "leads back" 'Location: /job/stays\?said=[0-9a-f]{16}' head
check_equal "where it is told" 200 "$(get "$(sed -n \
    's/^Location: \(.*\)\r$/\1/p' head)" -b jar)"
check_grep "what happened" 'class="note">job stays: stops' page
check "the job" wait_until 5 is stays stopped
check_equal "a program has the token itself" 200 "$(get /do -d \
    'do=start stays' -H "Authorization: Bearer $token" -H \
    'Accept: application/json')"
check_equal "and gets JSON" '{"ok":true,"text":"job stays: starts"}' \
    "$(cat page)"
check "the job" wait_until 5 is stays running
check_equal "what the daemon refuses" 409 "$(get /do -d 'do=resume stays' \
    -H "Authorization: Bearer $token" -H 'Accept: application/json')"
check_grep "is told" '"ok":false.*neither held nor paused' page
for what in 'flush good' 'stop' 'stop good more' 'approve risky' 'reload x' \
    'stop a"b' 'approve risky "x' 'stop ../x' 'approve risky x y'; do
	check_equal "no request: $what" 400 "$(get /do --data-urlencode \
	    "do=$what" -H "Authorization: Bearer $token")"
done
check_equal "nor is one that is said twice" 400 "$(get /do -d \
    'do=stop+good&do=stop+good' -H "Authorization: Bearer $token")"
check_equal "another hold is not approved" 409 "$(get /do -H \
    "Authorization: Bearer $token" -H 'Accept: application/json' -d \
    'do=approve risky 00000000000000000000')"
get / >/dev/null
approve=$(grep -oE 'approve risky [0-9a-f]+' page)
check_equal "what was seen is" 200 "$(get /do -d "do=$approve" -H \
    "Authorization: Bearer $token" -H 'Accept: application/json')"
check "and it goes on" wait_until 5 logged 'job risky: done'
check_equal "logging out needs the mark" 403 "$(get /logout -b jar -d x=y)"
check_equal "and" 303 "$(get /logout -b jar -c jar -d "mark=$mark")"
check_grep "forgets the cookie" 'Max-Age=0' head

# ---- Metrics
metrics() {
	get /metrics >/dev/null
	grep -qE "$1" page
}
check "metrics: a state" metrics \
    '^syncgate_job_state\{name="stays",plugin="testplugin",state="running"\} 1$'
check "runs" wait_until 5 metrics \
    '^syncgate_job_runs_total\{name="good",plugin="testplugin"\} ([2-9]|[1-9][0-9]+)$'
check "failures" metrics '^syncgate_job_failures_total\{name="bad",.*\} 2$'
check "the last success" metrics \
    '^syncgate_job_last_success_timestamp_seconds\{name="good",.*\} [0-9]{10}$'
check "that the daemon answers" metrics '^syncgate_up 1$'
check "the build" metrics '^syncgate_build_info\{version="[0-9.]+"\} 1$'
cp page metrics
promtool=${PROMTOOL:-promtool}
if have "$promtool"; then
	check "promtool finds nothing wrong" sh -c \
	    "'$promtool' check metrics <metrics >said 2>&1 && ! [ -s said ]"
else
	skip "promtool: it is not here, and PROMTOOL does not say where"
fi
# Each metric that the dashboard uses is one of ours, and nothing is twice.
cat >dashboard.py <<'END'
import json, re, sys
own = open(sys.argv[1]).read()
board = json.load(open(sys.argv[2]))
text = json.dumps(board)
used = set(re.findall(r"syncgate_[a-z_]+", text))
there = set(re.findall(r'"(\w+)", "(?:counter|gauge)"', own))
there = {"syncgate_job_" + name for name in there} | \
    {"syncgate_" + name for name in there}
if not used or used - there:
    sys.exit("not ours: %s" % (used - there))
panels = [p for p in board["panels"] if p["type"] != "row"]
if len(panels) < 6 or not all(p["targets"] for p in panels):
    sys.exit("panels: %d" % len(panels))
ids = [p["id"] for p in board["panels"]]
if len(ids) != len(set(ids)):
    sys.exit("two panels have one id")
END
check "the dashboard uses what there is" python3 dashboard.py \
    "$top_srcdir/appliance/http/metrics.c" \
    "$top_srcdir/doc/grafana-syncgate.json"

# ---- Live, and limits
curl -sN -m 60 "$base/events" >events 2>&1 &
events=$!
changed() {
	[ "$(grep -c '^data: <tbody id="job-good"' events)" -ge 2 ]
}
wait_until 10 changed
kill "$events"
wait "$events"
cat >hostile.py <<'END'
import socket, sys, time
port = int(sys.argv[1])
def talk(data, wait=12):
    """The first line of the answer, or what there is of it."""
    s = socket.create_connection(("127.0.0.1", port))
    s.settimeout(wait)
    got = b""
    try:
        s.sendall(data)
    except (ConnectionResetError, BrokenPipeError):
        pass
    try:
        while b"\r\n" not in got:
            more = s.recv(65536)
            if not more:
                break
            got += more
    except (ConnectionResetError, BrokenPipeError, socket.timeout):
        pass
    s.close()
    return got
head = b"Host: localhost\r\nConnection: close\r\n"
def status(got):
    return got.split(b" ", 2)[1] if got.startswith(b"HTTP/1.1 ") else b""
tests = [
    (b"POST /do HTTP/1.1\r\n" + head + b"Content-Length: 999999\r\n\r\n",
     b"413"),
    (b"POST /do HTTP/1.1\r\n" + head +
     b"Transfer-Encoding: chunked\r\n\r\n" + b"1000\r\n" + b"x" * 4096 +
     b"\r\n1000\r\n" + b"x" * 4096 + b"\r\n0\r\n\r\n", b"413"),
    (b"GET / HTTP/1.1\r\n" + head + b"X: " + b"x" * 100000 + b"\r\n\r\n",
     b"431"),
    (b"GET / HTTP/1.1\r\n" + head + b"Cookie: a=" + b"x" * 25000 +
     b"\r\n\r\n", b"431"),
    (b"GET /health HTTP/1.1\r\n" + head + b"Cookie: a=" + b"x" * 12000 +
     b"\r\n\r\n", b"200"),
    (b"GET /health HTTP/1.1\r\n" + head + b"Cookie: " + b"; ".join(
     b"a%d=x" % i for i in range(1000)) + b"\r\n\r\n", b"200"),
    (b"GET /" + b"x" * 100000 + b" HTTP/1.1\r\n" + head + b"\r\n", b"414"),
    (b"PUT / HTTP/1.1\r\n" + head + b"Content-Length: 0\r\n\r\n", b"405"),
    (b"POST / HTTP/1.1\r\n" + head + b"Content-Length: 0\r\n\r\n", b"405"),
    (b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", None),
    (b"GET /job/%00good HTTP/1.1\r\n" + head + b"\r\n", b"404"),
    (b"GET /events?job=%00%ff%3c HTTP/1.0\r\nHost: localhost\r\n\r\n", b"200"),
]
for data, want in tests:
    got = status(talk(data, 1 if want is None else 12))
    if want is not None and got != want:
        sys.exit("%r: %r" % (data[:50], got))
# Those that say nothing, and half of something, keep nobody out.
silent = []
for i in range(400):
    s = socket.create_connection(("127.0.0.1", port))
    s.setblocking(False)
    try:
        s.send([b"", b"GET / HT", b"POST /do HTTP/1.1\r\nHost: localhost\r\n"
            b"Content-Length: 100\r\n\r\nx"][i % 3])
    except (BlockingIOError, ConnectionError):
        pass
    silent.append(s)
began = time.time()
got = status(talk(b"GET /health HTTP/1.1\r\n" + head + b"\r\n", 15))
if got != b"200":
    sys.exit("kept out: %r" % got)
for s in silent:
    s.close()
# A reader of events that does not read, and more streams than there are.
streams = []
for i in range(40):
    s = socket.create_connection(("127.0.0.1", port))
    s.sendall(b"GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n")
    streams.append(s)
seen = []
for s in streams:
    s.settimeout(12)
    seen.append(status(s.recv(4096)))
if seen.count(b"503") < 8 or seen.count(b"200") < 30:
    sys.exit("streams: %r" % seen)
if status(talk(b"GET / HTTP/1.1\r\n" + head + b"\r\n")) != b"200":
    sys.exit("streams keep others out")
# Another client has a place all the same, and none gets all of them.
def from_other():
    s = socket.create_connection(("127.0.0.1", port), 5, ("127.0.0.2", 0))
    s.sendall(b"GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n")
    streams.append(s)
    return status(s.recv(4096))
others = [from_other() for i in range(20)]
if others[:16].count(b"200") != 16 or b"503" not in others:
    sys.exit("streams of another client: %r" % others)
# Both: streams have their places, and those that say nothing want all others.
silent = []
for i in range(130):
    s = socket.socket()
    s.setblocking(False)
    s.connect_ex(("127.0.0.1", port))
    silent.append(s)
if status(talk(b"GET /health HTTP/1.1\r\n" + head + b"\r\n", 12)) != b"200":
    sys.exit("streams and those that say nothing keep others out")
print("%.1f s" % (time.time() - began))
END
port=${base##*:}
pid=$(pgrep -P "$daemon" -f syncgate-http)
check "hostile clients are turned away, and keep nobody out" python3 \
    hostile.py "$port"
check_equal "it is the same process" "$pid" "$(pgrep -P "$daemon" -f \
    syncgate-http)"
check_grep "the stream begins with the jobs" '^data: \["good","stays"' events
check_grep "and has each as it is shown" \
    '^data: <tbody id="job-good" class="job' events
check "again when it changed" [ "$(grep -c '^data: <tbody id="job-good"' \
    events)" -ge 2 ]

# ---- It dies, the daemon does not answer, another configuration
kill -9 "$pid"
check "when it is killed another one comes" wait_until 10 listens 2
check_grep "which is told" 'status page: its process was killed by signal 9' log
base=$(url)
check "and it shows the jobs" wait_until 5 has / job-good
get /login -d "token=$token" -c jar >/dev/null
check "who has a session goes on" has / 'Log out' -b jar
kill -STOP "$daemon"
health() {
	[ "$(get /health)" = "$1" ]
}
check "a daemon that is stopped is not well" wait_until 12 health 503
check_grep "which is told why" '"ok":false.*does not answer in time' page
check "metrics tell it, too" metrics '^syncgate_up 0$'
check_not "and nothing of jobs" grep -q syncgate_job page
check_equal "the page is there all the same" 200 "$(get /)"
check_grep "with what was known" 'id="job-good"' page
check_equal "nothing can be done then" 503 "$(get /do -d 'do=stop stays' -H \
    "Authorization: Bearer $token")"
kill -CONT "$daemon"
check "when it goes on it is" wait_until 10 health 200
ask stop --all
write "http = \"unix:$tmp/http\""
ask reload
check "on another configuration it listens elsewhere" wait_until 10 \
    test -S http
check_equal "for its user" 600 "$(stat -c %a http)"
base=http://localhost
check "and shows the jobs there" wait_until 5 has / job-good --unix-socket http

# ---- The address is somebody else's
cat >taken.py <<'END'
import socket, sys
s = socket.create_server(("127.0.0.1", 0))
print(s.getsockname()[1], flush=True)
sys.stdin.read()
END
mkfifo hold
python3 taken.py <hold >port &
taken=$!
exec 9>hold
wait_until 5 test -s port
write "http = \"127.0.0.1:$(cat port)\""
ask reload
check "an address that is taken is told, and tried again" wait_until 10 \
    logged 'cannot listen: Address already in use' 2
check "the jobs go on" is risky stopped
exec 9>&-
wait "$taken"
check "until it is free" wait_until 10 logged \
    "listens at http://127.0.0.1:$(cat port)/"
write ''
ask reload
check "without http it goes" wait_until 5 sh -c \
    "! pgrep -P $daemon -f syncgate-[h]ttp"
check_none "and its socket, too" http

# ---- TLS
if have openssl; then
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 \
	    -nodes -keyout key -out cert -days 2 -subj /CN=localhost \
	    -addext subjectAltName=DNS:localhost,IP:127.0.0.1 >/dev/null 2>&1
	tls="http-cert = \"$tmp/cert\"  http-key = \"$tmp/key\""
	write "http = \"0.0.0.0:0\"  $tls"
	ask reload
	check "another address has TLS" wait_until 10 logged \
	    'listens at https://0.0.0.0:'
	base=https://127.0.0.1:$(url | sed 's/.*://')
	check "with the certificate" wait_until 5 has /login '<h2>Log in' \
	    --cacert cert
	check_equal "reading needs the token there" 303 "$(get / --cacert cert)"
	check_equal "metrics, too" 401 "$(get /metrics --cacert cert)"
	check_equal "which Prometheus has" 200 "$(get /metrics --cacert cert \
	    -H "Authorization: Bearer $token")"
	check_equal "and a browser enters" 303 "$(get /login --cacert cert -c \
	    jar -d "token=$token" -H "Origin: $base")"
	check_grep "its cookie goes by TLS alone" \
	    'Set-Cookie: __Host-syncgate-.*; Secure' head
	check_equal "and is good" 200 "$(get / --cacert cert -b jar)"
	ask start good
	: >events
	curl -sN -m 60 --cacert cert -b jar "$base/events" >events 2>&1 &
	events=$!
	check "a stream goes by TLS, too" wait_until 10 changed
	kill "$events"
	wait "$events"
	check_not "what is no TLS gets nothing" curl -s -m 2 \
	    "http://${base#https://}/"
	touch -d '1 minute' cert
	ask reload
	check "a certificate that was renewed is taken" wait_until 10 \
	    listens 6
else
	skip "TLS: there is no openssl"
fi
kill "$daemon"
wait "$daemon"
check_equal "SIGTERM ends it with 0" 0 "$?"
check "and nothing is left" wait_until 3 sh -c \
    "! pgrep -f 'syncgate-[h]ttp.*$tmp'"
finish
