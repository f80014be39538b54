"""log_listener.py SOCKET FILE [stream]: a syslog or a journald.

Each record that comes to the unix socket becomes a line of JSON in FILE: of
syslog {"line": ...}, of journald's own protocol its fields.  It reads that
protocol as journald does, so a value can end no field but its own.
"""
import json
import os
import socket
import sys


def fields(data):
    found = {}
    while data:
        head, _, rest = data.partition(b"\n")
        if b"=" in head:
            name, _, value = head.partition(b"=")
            data = rest
        else:
            name, length = head, int.from_bytes(rest[:8], "little")
            value = rest[8:8 + length]
            assert len(value) == length and rest[8 + length:9 + length] == \
                b"\n", data
            data = rest[9 + length:]
        found[name.decode()] = value.decode()
    return found


def records(listener, stream):
    if not stream:
        while True:
            yield listener.recv(1 << 20)
    while True:
        connection, _ = listener.accept()
        rest = b""
        while more := connection.recv(1 << 16):
            *whole, rest = (rest + more).split(b"\0")
            yield from whole


path, out = sys.argv[1:3]
as_stream = sys.argv[3:] == ["stream"]
listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM if as_stream else
                         socket.SOCK_DGRAM)
listener.bind(path + ".new")
if as_stream:
    listener.listen()
os.rename(path + ".new", path)
with open(out, "a") as file:
    for record in records(listener, as_stream):
        if record.startswith(b"<"):
            record = {"line": record.decode()}
        else:
            record = fields(record)
        print(json.dumps(record), file=file, flush=True)
