#!/usr/bin/python3
"""The same figures of py.execnet and of mitogen, for bench/core.sh.

    peers.py execnet|mitogen open|first|trip|bulk
"""
import sys
import time

TRIPS = 2000
PIECE = 1024 * 1024 - 4096
PIECES = 512

ECHO = """
while True:
    channel.send(channel.receive())
"""
BULK = """
size, n = channel.receive()
piece = bytes(size)
for i in range(n):
    channel.send(piece)
"""


def execnet_figure(what):
    import execnet
    begin = time.time()
    gw = execnet.makegateway("popen")
    if what == "open":
        return (time.time() - begin) * 1e3
    channel = gw.remote_exec(BULK if what == "bulk" else ECHO)
    if what == "first":
        channel.send(42)
        channel.receive()
        return (time.time() - begin) * 1e3
    if what == "trip":
        for i in range(-50, TRIPS):
            if i == 0:
                begin = time.time()
            channel.send(i)
            channel.receive()
        return (time.time() - begin) / TRIPS * 1e6
    begin = time.time()
    channel.send((PIECE, PIECES))
    n = 0
    for i in range(PIECES):
        n += len(channel.receive())
    return n / 1e6 / (time.time() - begin)


def identity(value):
    return value


def mitogen_figure(what):
    import mitogen.master
    import mitogen.utils
    broker = mitogen.master.Broker()
    router = mitogen.master.Router(broker)
    try:
        begin = time.time()
        context = router.local(python_path=sys.executable)
        if what == "open":
            return (time.time() - begin) * 1e3
        context.call(identity, 42)
        if what == "first":
            return (time.time() - begin) * 1e3
        if what == "trip":
            begin = time.time()
            for i in range(TRIPS):
                context.call(identity, i)
            return (time.time() - begin) / TRIPS * 1e6
        raise SystemExit("mitogen moves no bulk by calls")
    finally:
        broker.shutdown()
        broker.join()


if __name__ == "__main__":
    figure = {"execnet": execnet_figure, "mitogen": mitogen_figure}
    print("%.3f" % figure[sys.argv[1]](sys.argv[2]))
    sys.stdout.flush()
