#!/usr/bin/python3
"""An agent that breaks the protocol in the way that XN_HOSTILE names.

Started instead of the real one (SYNCGATE_AGENT_DIR), it says a proper hello
and then, when the client has sent its first message, misbehaves.
"""
import os
import struct
import sys
import threading
import time

STATUS, RECONFIGURE, EXEC, DATA, CLOSE, CLOSE_ERROR, LAST = 0, 1, 3, 4, 5, 6, 7
WINDOW, COMPRESSED, PART, PING, SETUP, LOG, LINK = 32, 33, 34, 35, 37, 38, 39
OWN, PART_MAX, START = 64, 65536, 256 * 1024
mode = os.environ["XN_HOSTILE"]
out = sys.stdout.buffer


def frame(kind, channel, payload=b"", length=None):
    size = len(payload) if length is None else length
    return struct.pack("!bii", kind, channel, size) + payload


def say(data):
    out.write(data)
    out.flush()


def channels(ids):
    """A value: a tuple of channels."""
    ids = list(ids)
    return b"".join(b"B" + struct.pack("!i", i) for i in ids) + \
        b"@" + struct.pack("!i", len(ids)) + b"Q"


credit = threading.Condition()
left = START


def read_grants():
    """What a client of channel 1 grants, from now on."""
    global left
    data = b""
    while True:
        more = os.read(0, 65536)
        if not more:
            return
        data += more
        while len(data) >= 9:
            kind, channel, n = struct.unpack("!bii", data[:9])
            if len(data) < 9 + n:
                break
            if kind == WINDOW and channel == 1:
                with credit:
                    left += struct.unpack("!I", data[9:13])[0]
                    credit.notify()
            data = data[9 + n:]


def value(payload):
    """On channel 1, in parts, for credit."""
    global left
    threading.Thread(target=read_grants, daemon=True).start()
    for at in range(0, len(payload), PART_MAX):
        piece = payload[at:at + PART_MAX]
        with credit:
            while left < len(piece) + 64:
                credit.wait()
            left -= len(piece) + 64
        last = at + PART_MAX >= len(payload)
        yield frame(DATA if last else PART, 1, piece)


def on_many(count, kind, payload, times):
    """The same on COUNT channels that come in a value first."""
    ids = range(2, 2 + 2 * count, 2)
    yield frame(DATA, 1, channels(ids))
    for i in ids:
        yield frame(kind, i, payload) * times


def unread(rounds):
    """Values with a channel each, as fast as they are taken."""
    for i in range(rounds):
        yield b"".join(frame(DATA, 1, channels([4000 * i + 2 * j + 2]))
                       for j in range(1500))
        time.sleep(0.02)


def cut_id(kind=None):
    """The first bytes of a channel's id, and no more: KIND, or the end."""
    yield frame(PART, 1, b"B\0\0")
    time.sleep(0.5)
    if kind is not None:
        yield frame(kind, 1)


def bytewise(data, pause):
    for byte in data:
        time.sleep(pause)
        yield bytes([byte])


def integer(n):
    return b"F" + struct.pack("!i", n)


CLOSES = frame(CLOSE, 1) + frame(CLOSE, 3) + frame(LAST, 2) + \
    frame(CLOSE_ERROR, 5, b"N\0\0\0\1xQ") + frame(CLOSE, -1)
STORMS = {
    "data on a closed channel": lambda: [frame(CLOSE, 1)] +
        [frame(DATA, 1, b"LQ") * 10000] * 100,
    "data on unknown channels": lambda: (
        b"".join(frame(PART, i + k, b"x" * 50) for k in range(1000))
        for i in range(-100000, 300000, 1000)),
    "closes": lambda: [CLOSES * 2000] * 100,
    "grants": lambda: [frame(WINDOW, 1, bytes(4)) * 5000 +
                       frame(WINDOW, 9, b"\x80\0\0\0") * 5000] * 50,
    "pings": lambda: [frame(PING, 0, b"x" * 256) * 1000] * 300,
    "questions": lambda: [frame(STATUS, 2) * 1000] * 300,
    "programs": lambda: [frame(EXEC, 2, b"x" * 500) * 1000] * 300,
    "log lines": lambda: [frame(LOG, 1, b"a line") * 1000] * 300,
    "marks and answers": lambda: [frame(LINK, 1) * 1000 +
                                  frame(LINK, 1, b"x" * 4000)] * 100,
    "unread closes": lambda: unread(400),
    "empty values": lambda: on_many(600, DATA, b"LQ", 3900),
    "parts without end": lambda: on_many(600, PART, bytes(60000), 4),
    "too many channels": lambda: value(channels(range(2, 80002, 2))),
    "one channel in many values": lambda: on_many(
        800, DATA, channels([2] * 12000), 4),
    "many channels in many values": lambda: on_many(
        6000, DATA, channels(range(2, 12002, 2)), 4),
    "too many values": lambda: value(b"L" * 1000001 + b"@" +
                                     struct.pack("!i", 1000001) + b"Q"),
    "the same key": lambda: value(b"J" + (integer(7) + b"LP") * 330000 +
                                  b"Q"),
    "keys that collide": lambda: value(b"J" + b"".join(
        b"F" + struct.pack("!i", i << 12) + b"LP"
        for i in range(330000)) + b"Q"),
    "an id, cut by a close": lambda: cut_id(CLOSE),
    "an id, cut by a last message": lambda: cut_id(LAST),
    "an id, cut by the end": cut_id,
    "as many channels as there may be": lambda: value(
        channels(range(2, 32768, 2))),
    "a byte at a time": lambda: bytewise(frame(DATA, 1, b"x" * 500), 0.1),
}

# Whose end is for who reads them, which may take a while.
REFUSED = ("too many channels", "too many values", "the same key")

MODES = {
    "our parity": frame(DATA, 1, channels([1, 3])),
    "our parity, cut": frame(PART, 1, b"B\0\0") + frame(PART, 1, b"\7\1"),
    "compressed": frame(COMPRESSED, 1, b"x"),
    "between an executor and its router": frame(OWN, 2),
    "coercion": frame(RECONFIGURE, 0, b"LQ"),
    "a large answer": frame(LINK, 1, bytes(5000)),
    "a large line": frame(LOG, 0, b"x" * (1 << 24)),
    "a large error": frame(CLOSE_ERROR, 1, b"N\0\xff\xff\xfa" +
                           b"x" * 0xfffffa + b"Q"),
    "a large frame": frame(DATA, 1, bytes(PART_MAX + 1)),
    "unknown type": frame(99, 1),
    "negative type": frame(-3, 1),
    "negative length": frame(DATA, 1, length=-1),
    "huge length": frame(DATA, 1, length=0x7FFFFFFF),
    "undecodable value": frame(DATA, 1, b"\xff\xff"),
    "huge list": frame(DATA, 1, b"K\x0f\xff\xff\xffQ"),
    "nested": frame(DATA, 1, b"@\0\0\0\0" + b"@\0\0\0\1" * 200 + b"Q"),
    "above credit": frame(DATA, 1, b"A\0\0\xff\0" + b"x" * 0xFF00 + b"Q") * 9,
    "endless parts": frame(PART, 1, b"x" * 65536) * 300,
    "absurd window": frame(WINDOW, 1, struct.pack("!I", 0xFFFFFFFF)) * 9,
    "short window": frame(WINDOW, 1, b"\0"),
    "error without text": frame(CLOSE_ERROR, 1, b"LQ"),
    "setup from below": frame(SETUP, 1, b"JQ"),
    "unknown channel": frame(DATA, 77, b"LQ") + frame(CLOSE, 2) +
                       frame(DATA, 1, b"F\0\0\0\7Q"),
    "cut": frame(DATA, 1, b"abc", length=100),
}

if mode == "no hello":
    sys.exit(3)
if mode == "noise":
    say(b"hello there\n" * 10000)
    time.sleep(5)
    sys.exit(3)
if mode == "silent":
    time.sleep(20)
    sys.exit(3)
if mode == "slow hello":
    for byte in b"XN1 " + sys.argv[1].encode() * 100:
        say(bytes([byte]))
        time.sleep(0.1)
say(b"XN1 " + sys.argv[1].encode() + b" c,window,part,ping,setup,log\n")
os.read(0, 65536)
try:
    if mode in STORMS:
        for piece in STORMS[mode]():
            say(piece)
        time.sleep(60 if mode in REFUSED else 0.3)
    else:
        say(MODES[mode])
        if mode != "cut":
            time.sleep(60)
except BrokenPipeError:
    pass
os._exit(0)
