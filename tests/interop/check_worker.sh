#!/bin/sh
# The Python worker as one of execnet's: the conversations that were recorded
# of execnet's own worker, and what its own master does with ours.
. "${top_srcdir:-$(dirname "$0")/../..}/tests/lib/lib.sh"
worker=$top_builddir/agent/worker.py
have python3 || skip_all "no python3 on this machine"
/usr/bin/python3 -c 'import execnet' 2>/dev/null ||
    skip_all "no python3-execnet on this machine"

shared=$top_srcdir/../shared/execnet
if [ -f "$shared/wire_conformance.py" ]; then
	cp "$shared"/wire_conformance.py "$shared"/*.json "$tmp"
	conform="/usr/bin/python3 $tmp/wire_conformance.py check-worker"
	check "it answers as execnet's worker does, frame by frame" \
	    $conform "/usr/bin/python3 $worker --frames" --bootstrap none --python-exec
	check "the same, started as execnet starts a far one" \
	    $conform "/usr/bin/python3 $worker -c" --bootstrap exec --python-exec
else
	skip "no ../shared/execnet here: its checker is not run"
fi

cat >"$tmp/master.py" <<'E2'
"""execnet's master drives our worker."""
import os
import random
import sys
import time

import execnet

gateway = execnet.makegateway("popen//python=/usr/bin/python3 %s" % sys.argv[1])


def ours():
    """Programs of ours run there, in a worker that is not execnet's."""
    channel = gateway.remote_exec(
        "channel.send(type(channel.gateway).__module__)\n"
        "channel.send(sorted(c.__name__ for c in "
        "type(channel.gateway).__mro__))")
    assert channel.receive() == "__main__"
    assert "Traffic" in channel.receive()


def status():
    assert gateway.remote_status().execmodel == "thread"
    assert gateway._rinfo().pid > 0


def functions():
    def add(channel, a, b=1):
        channel.send(a + b)
    assert gateway.remote_exec(add, a=4).receive() == 5
    assert gateway.remote_exec(add, a=4, b=-1).receive() == 3


def values():
    rng = random.Random(7)

    def value(depth=0):
        kind = rng.randrange(10 if depth < 5 else 5)
        if kind < 5:
            return (None, True, rng.randrange(-2**31, 2**90), rng.random(),
                    rng.choice(("\u20ac\0", b"\0B\xff", 1j)))[kind]
        items = [value(depth + 1) for _ in range(rng.randrange(5))]
        if kind < 7:
            return items
        if kind == 7:
            return tuple(items)
        if kind == 8:
            return dict(enumerate(items))
        return set(map(repr, items))
    channel = gateway.remote_exec("for x in channel: channel.send(x)")
    sent = [value() for _ in range(2000)]
    for item in sent:
        channel.send(item)
    assert [channel.receive(10) for _ in sent] == sent
    big = os.urandom(20 << 20)
    channel.send(big)
    assert channel.receive(30) == big


def errors():
    channel = gateway.remote_exec("raise ValueError('gone')")
    try:
        channel.receive(10)
    except channel.RemoteError as error:
        assert "ValueError: gone" in str(error)
    else:
        raise AssertionError("no error came")
    channel = gateway.remote_exec("channel.receive()")
    channel.close("from here")


def passing():
    channel = gateway.remote_exec(
        "other = channel.receive()\n"
        "other.send('by the other')\n"
        "new = channel.gateway.newchannel()\n"
        "channel.send(new)\n"
        "channel.send(new.receive())\n")
    other = gateway.newchannel()
    channel.send(other)
    assert other.receive(10) == "by the other"
    channel.receive(10).send(5)
    assert channel.receive(10) == 5
    other.waitclose(10)


def callbacks():
    got = []
    channel = gateway.remote_exec("for i in range(100): channel.send(i)")
    channel.setcallback(got.append, endmarker="end")
    channel.waitclose(10)
    while len(got) < 101:
        time.sleep(0.01)
    assert got == list(range(100)) + ["end"]


def bounded():
    """execnet knows no credit: what a sleeper does not take waits here."""
    channel = gateway.remote_exec(
        "import os, time\n"
        "channel.send(os.getpid())\n"
        "time.sleep(1)\n"
        "channel.send(sum(len(item) for item in channel))\n")
    pid = channel.receive(10)
    for _ in range(256):
        channel.send(bytes(1 << 20))
    gateway._send(execnet.gateway_base.Message.CHANNEL_LAST_MESSAGE,
                  channel.id)
    assert channel.receive(60) == 256 << 20
    with open("/proc/%d/status" % pid) as status:
        peak = [line for line in status if line.startswith("VmHWM")][0]
    assert int(peak.split()[1]) < 96 << 10, peak


def strings():
    channel = gateway.remote_exec(
        "channel.reconfigure(py2str_as_py3str=False)\n"
        "channel.send(type(channel.receive()).__name__)")
    channel.send("text")
    assert channel.receive(10) == "str"


def rsync():
    """execnet's own use of itself."""
    source, target = sys.argv[2] + "/from", sys.argv[2] + "/to"
    os.makedirs(source + "/deep")
    for name, text in (("a", b"x" * 70000), ("deep/b", b"y")):
        with open(os.path.join(source, name), "wb") as file:
            file.write(text)
    job = execnet.RSync(source, verbose=False)
    job.add_target(gateway, target)
    job.send()
    with open(target + "/deep/b", "rb") as file:
        assert file.read() == b"y"
    assert os.path.getsize(target + "/a") == 70000


def end():
    channel = gateway.remote_exec("import os; channel.send(os.getpid())\n"
                                  "while True: pass")
    pid = channel.receive(10)
    execnet.default_group.terminate(timeout=1.0)
    for _ in range(1000):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return
        time.sleep(0.01)
    raise AssertionError("it lives on")


globals()[sys.argv[3]]()
gateway.exit()
E2
for what in ours status functions values errors passing callbacks bounded strings \
    rsync end; do
	check "execnet's master is served: $what" timeout 60 /usr/bin/python3 \
	    "$tmp/master.py" "$worker" "$tmp" "$what"
done
finish
