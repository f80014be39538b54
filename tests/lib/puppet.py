"""An execnet worker that does what the test says.

It is started as the interpreter of an xspec, "python=python3 .../puppet.py
//worker=execnet", and says the hello that execnet's worker would.  The text
that the test then sends by remote_exec is executed here with these in scope:

    say(type, channel, payload=b"", length=None)   send a message
    take()          the next message of the client: (type, channel, payload)
    text(s)         a str as execnet dumps it
    write(bytes)    anything else
"""
import os
import re
import struct
import time

DATA, CLOSE, CLOSE_ERROR, LAST_MESSAGE = 4, 5, 6, 7


def read(n):
    data = b""
    while len(data) < n:
        piece = os.read(0, n - len(data))
        if not piece:
            os._exit(0)
        data += piece
    return data


def write(data):
    view = memoryview(data)
    while view:
        view = view[os.write(1, view):]


def take():
    kind, channel, length = struct.unpack("!bii", read(9))
    return kind, channel, read(length)


def say(kind, channel, payload=b"", length=None):
    size = len(payload) if length is None else length
    write(struct.pack("!bii", kind, channel, size) + payload)


def text(s):
    data = s.encode()
    return b"N" + struct.pack("!i", len(data)) + data + b"Q"


line = b""
while not line.endswith(b"\n"):
    line += read(1)
nonce = re.search(rb"XN1 ([0-9a-f]+) execnet", line).group(1)
write(b"XN1 " + nonce + b" execnet\n")
kind, channel, payload = take()
size, = struct.unpack("!i", payload[1:5])
try:
    exec(payload[5:5 + size].decode())
except OSError:
    pass
os._exit(0)
