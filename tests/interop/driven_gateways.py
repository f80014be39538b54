"""Gateways of execnet to the agent: status, many at once, their end."""
import os
import random
import threading
import time

import execnet
from execnet import gateway_base
from driven import AGENT, ECHO, MAIN, SPIN, WAIT, WAITS, WILD, case, \
    error_of, gateway, nothing_left


@case
def status_counts_what_there_is(group):
    gw = gateway(group)
    status = gw.remote_status()
    assert (status.numchannels, status.numexecuting) == (0, 0)
    channels = [gw.remote_exec(WAITS) for _ in range(3)]
    for channel in channels:
        channel.receive(WAIT)
    status = gw.remote_status()
    assert (status.numchannels, status.numexecuting) == (3, 3)
    for channel in channels:
        channel.send(0)
        channel.waitclose(WAIT)
    end = time.time() + WAIT
    while gw.remote_status().numexecuting and time.time() < end:
        time.sleep(.01)
    status = gw.remote_status()
    assert (status.numchannels, status.numexecuting) == (0, 0)


@case
def strings_are_coerced_as_configured(group):
    gw = gateway(group)
    source = MAIN + '''{
	for (;;) {
		const xn_value *v = xn_receive_value(ch, -1);
		xn_send(ch, "s", v->kind == XN_BYTES ? "bytes" :
		    v->kind == XN_STR ? "str" : "?");
	}
}'''
    data = gateway_base.Message.CHANNEL_DATA

    def kinds(channel):
        answers = []
        for payload in (b"M\0\0\0\1aQ", b"N\0\0\0\1aQ", b"S\0\0\0\1aQ"):
            gw._send(data, channel.id, payload)
            answers.append(channel.receive(WAIT))
        return answers

    first = gw.remote_exec(source)
    assert kinds(first) == ["str", "str", "str"]
    first.reconfigure(py2str_as_py3str=False, py3str_as_py2str=False)
    assert kinds(first) == ["bytes", "str", "str"]
    gw.reconfigure(py2str_as_py3str=False, py3str_as_py2str=True)
    second = gw.remote_exec(source)
    assert kinds(second) == ["bytes", "bytes", "str"]
    assert kinds(first) == ["bytes", "str", "str"]


@case
def many_channels_at_once(group):
    for _ in range(3):
        gateway(group)
    multi = group.remote_exec(MAIN + '''{ int n;
	xn_receive(ch, -1, "i", &n);
	xn_send(ch, "i", n + 1);
	xn_receive(ch, -1, "i", &n);
	if (n == 3)
		xn_fail("three");
	xn_send(ch, "i", n);
}''')
    multi.send_each(41)
    assert multi.receive_each() == [42, 42, 42]
    for i, channel in enumerate(multi):
        channel.send(i + 1)
    queue, ended, got = multi.make_receive_queue(endmarker=None), 0, []
    while ended < 3:
        channel, item = queue.get(timeout=WAIT)
        ended += item is None
        if item is not None:
            got.append((multi._channels.index(channel), item))
    assert sorted(got) == [(0, 1), (1, 2)]
    try:
        multi.waitclose()
        assert False
    except execnet.RemoteError as error:
        assert error.formatted == "three"


@case
def threads_may_send_at_once(group):
    gw = gateway(group)
    channels = [gw.remote_exec(ECHO) for _ in range(8)]
    wrong = []

    def run(channel, seed):
        rng = random.Random(seed)
        for _ in range(100):
            value = rng.randbytes(rng.randrange(5000))
            channel.send(value)
            if channel.receive(WAIT) != value:
                wrong.append(seed)

    threads = [threading.Thread(target=run, args=(channel, i))
               for i, channel in enumerate(channels)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


@case
def a_program_that_does_not_receive_holds_up_nobody(group):
    """Within 8 MiB: more than that is not taken, for all of the gateway."""
    gw = gateway(group)
    deaf = gw.remote_exec(MAIN + '''{ xn_channel *c;
	xn_receive(ch, -1, "c", &c);
	xn_receive_value(c, -1);
	int n = 0;
	while (xn_wait(ch, -1) == XN_READY_VALUE) {
		xn_receive_value(ch, -1);
		n++;
	}
	xn_send(c, "i", n);
}''')
    go = gw.newchannel()
    deaf.send(go)
    for _ in range(80):
        deaf.send(bytes(100000))
    echo = gw.remote_exec(ECHO)
    for i in range(100):
        echo.send(i)
        assert echo.receive(WAIT) == i
    assert gw.remote_status().numexecuting == 2
    go.send(0)
    deaf.close()
    assert go.receive(WAIT) == 80


@case
def a_lost_worker_is_the_end_of_every_channel(group):
    gw = gateway(group)
    channel = gw.remote_exec(WILD)
    assert channel.receive(WAIT) == 1
    gw._io.popen.kill()
    try:
        channel.receive(WAIT)
        assert False
    except EOFError:
        pass


@case
def termination_ends_what_spins(group):
    channels = [gateway(group).remote_exec(s) for s in (SPIN, WILD, WAITS)]
    for channel in channels:
        assert channel.receive(WAIT) == 1
    # Without a limit execnet kills nobody: the agent has to do it.
    group.terminate()
    nothing_left()
    for channel in channels:
        try:
            channel.waitclose(WAIT)
        except EOFError:
            pass


@case
def termination_with_a_limit_and_by_exit(group):
    gw = gateway(group)
    channel = gw.remote_exec(WILD)
    assert channel.receive(WAIT) == 1
    gw.exit()
    gw.exit()
    gw.join()
    group.terminate(timeout=5)
    nothing_left()


@case
def twenty_gateways_at_once(group):
    gateways = [gateway(group) for _ in range(20)]
    channels = [gw.remote_exec(ECHO) for gw in gateways]
    for i, channel in enumerate(channels):
        channel.send(i)
    assert [c.receive(WAIT) for c in channels] == list(range(20))


@case
def over_ssh(group):
    """AGENT's words are the far ones here; the login is in the environment."""
    gw = group.makegateway("ssh=%s//python=%s" % (os.environ["SSH_WORDS"],
                                                  AGENT))
    channel = gw.remote_exec(ECHO)
    for value in ({"a": [1, None]}, bytes(10**6)):
        channel.send(value)
        assert channel.receive(WAIT) == value
    text = error_of(gw.remote_exec(MAIN + "{\n\tint x = nosuch;\n}"))
    assert ":4: error: 'nosuch' undeclared" in text, text
    wild = gw.remote_exec(WILD)
    assert wild.receive(WAIT) == 1
