"""Channels between execnet and programs of the agent."""
import gc
import threading

from driven import MAIN, ONE, WAIT, WAITS, case, error_of, gateway


@case
def channels_are_passed_both_ways(group):
    gw = gateway(group)
    # one of ours, alone and within a value
    channel = gw.remote_exec(MAIN + '''{
	xn_channel *c, *d; int n;
	xn_receive(ch, -1, "c", &c);
	xn_send(c, "i", 7);
	xn_close(c);
	xn_receive(ch, -1, "(c(i))", &d, &n);
	xn_send(d, "i", n + 1);
	xn_send(ch, "(ccc)", c, d, ch);
	xn_receive_value(ch, -1);
}''')
    first, second = gw.newchannel(), gw.newchannel()
    channel.send(first)
    assert first.receive(WAIT) == 7
    first.waitclose(WAIT)
    assert first.isclosed()
    channel.send((second, (5,)))
    assert second.receive(WAIT) == 6
    back = channel.receive(WAIT)
    assert back[1] is second and back[2] is channel
    channel.send(0)
    channel.waitclose(WAIT)
    # three of its own
    channel = gw.remote_exec(MAIN + '''{
	xn_channel *c[3]; int n;
	for (int i = 0; i < 3; i++)
		c[i] = xn_newchannel();
	xn_send(ch, "(ccc)", c[0], c[1], c[2]);
	for (int i = 0; i < 3; i++) {
		xn_receive(c[i], -1, "i", &n);
		xn_send(c[i], "i", n * 2);
		xn_close(c[i]);
	}
}''')
    three = channel.receive(WAIT)
    assert len({c.id for c in three}) == 3 and all(c.id % 2 == 0
                                                   for c in three)
    for i, c in enumerate(three):
        c.send(i + 20)
    assert [c.receive(WAIT) for c in three] == [40, 42, 44]
    for c in three:
        c.waitclose(WAIT)
    channel.waitclose(WAIT)


@case
def a_channel_of_one_program_is_not_another_ones(group):
    """Unlike execnet, where all programs share a process."""
    gw = gateway(group)
    shared = gw.newchannel()
    first = gw.remote_exec(MAIN + '''{
	xn_channel *c; xn_receive(ch, -1, "c", &c);
	xn_send(ch, "i", 1); xn_receive_value(ch, -1); }''')
    second = gw.remote_exec(MAIN + '''{
	xn_channel *c; xn_receive(ch, -1, "c", &c); xn_send(c, "i", 2); }''')
    first.send(shared)
    assert first.receive(WAIT) == 1
    second.send(shared)
    assert "belongs to another program" in error_of(second)
    first.send(0)
    first.waitclose(WAIT)


@case
def closing_reaches_the_other_side(group):
    gw = gateway(group)
    source = MAIN + '''{
	xn_channel *c; int n = 0;
	xn_receive(ch, -1, "c", &c);
	while (xn_wait(ch, -1) == XN_READY_VALUE) {
		xn_receive_value(ch, -1);
		n++;
	}
	xn_send(c, "(ib)", n, xn_isclosed(ch));
}'''
    # close
    channel, out = gw.remote_exec(source), gw.newchannel()
    channel.send(out)
    channel.send(1)
    channel.close()
    channel.close()
    assert channel.isclosed()
    assert out.receive(WAIT) == (1, True)
    try:
        channel.send(1)
        assert False
    except OSError:
        pass
    # close with an error
    channel, out = gw.remote_exec(source), gw.newchannel()
    channel.send(out)
    channel.close("my error")
    assert error_of(out) == "my error"
    # dropped: CLOSE; dropped with a callback: LAST_MESSAGE, and still received
    channel, out = gw.remote_exec(source), gw.newchannel()
    channel.send(out)
    del channel
    gc.collect()
    assert out.receive(WAIT) == (0, True)
    source = source.replace("xn_send(c", 'xn_send(ch, "i", 5); xn_send(c')
    channel, got = gw.remote_exec(source), []
    out = gw.newchannel()
    channel.send(out)
    channel.setcallback(got.append)
    del channel
    gc.collect()
    assert out.receive(WAIT) == (0, False)
    assert got == [5], got


@case
def ends_are_seen(group):
    gw = gateway(group)
    channel = gw.remote_exec(ONE)
    assert channel.receive(WAIT) == 42
    for _ in range(2):
        try:
            channel.receive(WAIT)
            assert False
        except EOFError:
            pass
    channel.waitclose(WAIT)
    assert channel.isclosed()
    # errors are kept until somebody asks, after the values
    channel = gw.remote_exec(MAIN + '{ xn_send(ch, "i", 1); xn_fail("no"); }')
    assert channel.receive(WAIT) == 1
    for _ in range(2):
        try:
            channel.receive(WAIT)
            assert False
        except (channel.RemoteError, EOFError):
            pass
    # waiting has limits
    channel = gw.remote_exec(WAITS)
    channel.receive(WAIT)
    for wait in (lambda: channel.receive(.05), lambda: channel.waitclose(.05)):
        try:
            wait()
            assert False
        except channel.TimeoutError:
            pass
    channel.send(0)
    channel.waitclose(WAIT)
    channel = gw.remote_exec(MAIN + "{ for (int i = 0; i < 4; i++)\n"
                             'xn_send(ch, "i", i); }')
    assert list(channel) == [0, 1, 2, 3]


@case
def callbacks_are_called(group):
    gw = gateway(group)
    ended, got = threading.Event(), []

    def callback(item):
        got.append(item)
        if item is None:
            ended.set()

    channel = gw.remote_exec(MAIN + "{ for (int i = 0; i < 100; i++)\n"
                             'xn_send(ch, "i", i); }')
    assert channel.receive(WAIT) == 0
    channel.setcallback(callback, endmarker=None)
    assert ended.wait(WAIT)
    assert got == list(range(1, 100)) + [None]
    # the end of one that failed
    ended.clear()
    channel = gw.remote_exec(MAIN + '{ xn_fail("so"); }')
    channel.setcallback(callback, endmarker=None)
    assert ended.wait(WAIT)
    assert error_of(channel) == "so"
    # one that raises is an error over there
    channel, out = gw.remote_exec(MAIN + '''{
	xn_channel *c;
	xn_receive(ch, -1, "c", &c);
	xn_send(ch, "i", 1);
	xn_receive_value(c, -1);
}'''), gw.newchannel()

    def bad(item):
        raise ZeroDivisionError("in the callback")

    out.setcallback(bad)
    channel.send(out)
    assert channel.receive(WAIT) == 1
    out.send(0)
    channel.waitclose(WAIT)
    channel, out = gw.remote_exec(MAIN + '''{
	xn_channel *c;
	xn_receive(ch, -1, "c", &c);
	xn_send(c, "i", 1);
	xn_receive_value(c, -1);
}'''), gw.newchannel()
    out.setcallback(bad)
    channel.send(out)
    assert "in the callback" in error_of(channel)


@case
def files_are_made_of_channels(group):
    gw = gateway(group)
    channel = gw.remote_exec(MAIN + '''{
	xn_send(ch, "s", "hello ");
	xn_send(ch, "s", "world\\n");
	xn_send(ch, "s", "\\nx");
}''')
    f = channel.makefile("r")
    assert f.readline() == "hello world\n" and f.readline() == "\n"
    assert f.read(10) == "x" and f.read(1) == ""
    channel = gw.remote_exec(MAIN + '''{
	const char *s; int n = 0;
	xn_channel *out;
	xn_receive(ch, -1, "c", &out);
	while (xn_wait(ch, -1) == XN_READY_VALUE) {
		xn_receive(ch, -1, "s", &s);
		while (*s)
			n += *s++ == 'a';
	}
	xn_send(out, "i", n);
}''')
    out = gw.newchannel()
    channel.send(out)
    f = channel.makefile("w", proxyclose=True)
    f.write("abca")
    f.write("xaz\n")
    f.flush()
    f.close()
    assert channel.isclosed() and out.receive(WAIT) == 3
