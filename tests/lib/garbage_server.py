"""A server on loopback that speaks no ssh, in the way that its argument says.

It prints its port, and answers until it is killed.
"""
import os
import socket
import sys
import threading
import time


def silent(c):
    time.sleep(60)


def close(c):
    pass


def garbage(c):
    while True:
        c.send(os.urandom(1000))


def lines(c):
    while True:
        c.send(b"hello there\r\n" * 100)


def long_line(c):
    while True:
        c.send(b"x" * 1000)


def slow(c):
    for i in range(100):
        c.send(b"S")
        time.sleep(0.3)


def banner(c):
    c.send(b"SSH-2.0-x\r\n")
    time.sleep(60)


def banner_close(c):
    c.send(b"SSH-2.0-x\r\n")


def banner_garbage(c):
    c.send(b"SSH-2.0-x\r\n")
    while True:
        c.send(os.urandom(1000))


def huge_packet(c):
    c.send(b"SSH-2.0-x\r\n\x7f\xff\xff\xff\x04\x14" + b"A" * 100000)
    time.sleep(60)


def http(c):
    c.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")


def serve(c, mode):
    try:
        globals()[mode](c)
    except OSError:
        pass
    c.close()


listener = socket.socket()
listener.bind(("127.0.0.1", 0))
listener.listen(5)
print(listener.getsockname()[1], flush=True)
while True:
    connection, _ = listener.accept()
    threading.Thread(target=serve, args=(connection, sys.argv[1]),
                     daemon=True).start()
