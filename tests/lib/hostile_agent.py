#!/usr/bin/python3
"""An agent that breaks the protocol in the way that XN_HOSTILE names.

Started instead of the real one (SYNCGATE_AGENT_DIR), it says a proper hello
and then, when the client has sent its first message, misbehaves.
"""
import os
import struct
import sys
import time

DATA, CLOSE, CLOSE_ERROR, WINDOW, PART, SETUP = 4, 5, 6, 32, 34, 37
mode = os.environ["XN_HOSTILE"]
out = sys.stdout.buffer


def frame(kind, channel, payload=b"", length=None):
    size = len(payload) if length is None else length
    return struct.pack("!bii", kind, channel, size) + payload


def say(data):
    out.write(data)
    out.flush()


MODES = {
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
say(b"XN1 " + sys.argv[1].encode() + b" c,window,part,ping,setup,log\n")
os.read(0, 65536)
try:
    say(MODES[mode])
    if mode != "cut":
        time.sleep(5)
except BrokenPipeError:
    pass
os._exit(0)
