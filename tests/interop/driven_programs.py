"""Values, programs and their errors between execnet and the agent."""
import random

import execnet
from execnet import gateway_base
from driven import ECHO, INCLUDE, MAIN, ONE, WAIT, WAITS, case, error_of, \
    gateway, spec


def random_value(rng, depth=0):
    kind = rng.randrange(14 if depth < 5 else 8)
    if kind == 0:
        return rng.choice([None, True, False])
    if kind == 1:
        return rng.randrange(-2**31, 2**31)
    if kind == 2:
        return rng.randrange(2**31, 2**rng.randrange(32, 300))
    if kind == 3:
        return rng.choice([0.0, float("-inf"), rng.uniform(-1e9, 1e9)])
    if kind == 4:
        return complex(rng.random(), -rng.random())
    if kind == 5:
        return rng.randbytes(rng.randrange(200))
    if kind in (6, 7):
        return "".join(chr(rng.choice([rng.randrange(0, 0xd800),
                       rng.randrange(0xe000, 0x110000)]))
                       for _ in range(rng.randrange(20)))
    items = [random_value(rng, depth + 1) for _ in range(rng.randrange(6))]
    if kind in (8, 9):
        return items
    if kind == 10:
        return tuple(items)
    if kind == 11:
        return {rng.randrange(10**6): item for item in items}
    if kind == 12:
        return {rng.randrange(10**6) for _ in items}
    return frozenset(str(rng.randrange(10**6)) for _ in items)


def same(a, b):
    """Equal, and of the same types all the way down."""
    if type(a) is not type(b):
        return False
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, dict):
        return list(a) == list(b) and all(same(a[k], b[k]) for k in a)
    if isinstance(a, (set, frozenset)):
        return a == b and sorted(map(repr, a)) == sorted(map(repr, b))
    return a == b


# ---- Values ------------------------------------------------------------------

@case
def values_come_back_unchanged(group):
    channel = gateway(group).remote_exec(ECHO)
    for seed in range(5):
        rng = random.Random(seed)
        values = [random_value(rng) for _ in range(1000)]
        for value in values:
            channel.send(value)
        for value in values:
            back = channel.receive(WAIT)
            assert same(back, value), (value, back)
    channel.close()


@case
def large_values_come_back_unchanged(group):
    channel = gateway(group).remote_exec(ECHO)
    for size in (65530, 65531, 65536, 2**20, 20 * 2**20, 2**26 - 6):
        data = random.Random(size).randbytes(size)
        channel.send(data)
        assert channel.receive(WAIT) == data
    text = "\U0001f600" * 10**6
    channel.send(["x" * 100, text])
    assert channel.receive(WAIT) == ["x" * 100, text]


@case
def many_that_are_large_go_both_ways_at_once(group):
    channel = gateway(group).remote_exec(ECHO)
    data = [random.Random(i).randbytes(300000) for i in range(200)]
    for item in data:
        channel.send(item)
    for item in data:
        assert channel.receive(WAIT) == item


@case
def what_is_too_large_is_an_error_of_its_channel(group):
    gw = gateway(group)
    channel = gw.remote_exec(WAITS)
    channel.receive(WAIT)
    channel.send(bytes(2**26))
    assert "at most 67108864" in error_of(channel)
    channel = gw.remote_exec(MAIN + "{ static char big[70000000];\n"
                             'xn_send(ch, "y", big, sizeof(big)); }')
    text = error_of(channel)
    assert "larger than" in text, text
    assert gw.remote_exec(ONE).receive(WAIT) == 42


# ---- Programs ----------------------------------------------------------------

@case
def arguments_arrive_by_the_raw_tuple(group):
    """execnet cannot pass them with source text; its message can."""
    gw = gateway(group)
    channel = gw.newchannel()
    source = INCLUDE + '''void entry(xn_channel *ch, const xn_value *kw)
{ xn_send(ch, "v", kw); xn_send(ch, "i", nosuch); }'''
    good = source.replace("nosuch", "3")
    kwargs = {"a": [1, (2.5, None)], "c": channel}
    exec_ = gateway_base.Message.CHANNEL_EXEC
    gw._send(exec_, channel.id, gateway_base.dumps_internal(
        (good, "mine.c", "entry", kwargs)))
    back = channel.receive(WAIT)
    assert back["a"] == kwargs["a"] and back["c"] is channel
    assert channel.receive(WAIT) == 3
    for text, file, entry, expected in (
            (source, "mine.c", "entry", "mine.c:3: error: 'nosuch'"),
            (source, None, "entry", "<program>:3: error: 'nosuch'"),
            (good, "mine.c", "other", "mine.c: error: no function 'other'")):
        channel = gw.newchannel()
        gw._send(exec_, channel.id, gateway_base.dumps_internal(
            (text, file, entry, {})))
        text = error_of(channel)
        assert expected in text, text


@case
def errors_arrive_with_their_lines(group):
    gw = gateway(group)
    text = error_of(gw.remote_exec(MAIN + "{\n\tint x = nosuch;\n}"))
    assert ":4: error: 'nosuch' undeclared" in text, text
    text = error_of(gw.remote_exec(
        MAIN + '{ xn_fail("cannot open %s: f\u00fc\u00df", "x"); }'))
    assert text == "cannot open x: f\u00fc\u00df", text
    text = error_of(gw.remote_exec(MAIN + "{\n\tint *p = 0;\n\t*p = 1;\n}"))
    assert ":5: in function remote_main: crashed with SIGSEGV" in text, text
    text = error_of(gw.remote_exec(
        MAIN + '{ xn_child c; const char *a[] = { "sh", "-c",\n'
        '"kill -9 $PPID", 0 }; xn_child_start(&c, a, 0);\n'
        "for (;;) ; }"))
    assert "SIGKILL" in text, text
    assert gw.remote_exec(ONE).receive(WAIT) == 42


@case
def python_is_answered_by_one_clear_sentence(group):
    for key in ("//chdir=/tmp", "//nice=3", "//env:A=b"):
        try:
            group.makegateway(spec(key))
        except execnet.RemoteError as error:
            text = error.formatted
        except OSError:
            continue        # it was closed before execnet sent its values
        assert text.startswith("this worker runs C source, not Python: "), text
        assert "\n" not in text and ":2: error: " in text, text
    gw = gateway(group)
    for source in ("channel.send(1)", "import os, sys", "from os import path",
                   "for i in range(3):\n    channel.send(i)"):
        text = error_of(gw.remote_exec(source))
        assert text.startswith("this worker runs C source"), text
    try:
        gw._rinfo()
        assert False
    except gw.newchannel().RemoteError as error:
        assert "_rinfo()" in error.formatted
    text = error_of(gw.remote_exec(INCLUDE + "import os\n"))
    assert text == "<program>:2: error: ';' expected (got \"os\")", text


@case
def what_is_written_to_stdout_is_not_the_wire(group):
    channel = gateway(group).remote_exec(MAIN + '''{
	const char *argv[] = { "sh", "-c", "echo out; echo err >&2", 0 };
	xn_child c;
	if (xn_child_start(&c, argv, 0))
		xn_fail("%m");
	xn_send(ch, "i", xn_child_wait(&c));
	xn_log("a line");
	xn_send(ch, "i", 7);
}''')
    assert [channel.receive(WAIT), channel.receive(WAIT)] == [0, 7]
    channel.waitclose(WAIT)
