# What hop_side.c does, where the gateway that is gone through runs Python: our
# worker or execnet's.


def hop(channel, what, timeout, host="", port=0, path="", argv=b""):
    import os
    import socket
    import subprocess
    import threading

    child = None
    if what == "run":
        try:
            child = subprocess.Popen(
                argv.split(b"\0"), stdin=subprocess.PIPE,
                stdout=subprocess.PIPE, bufsize=0)
        except OSError as why:
            raise RuntimeError("cannot start %s: %s" % (
                argv.split(b"\0")[0].decode("utf-8", "replace"),
                why.strerror))
        source, sink = child.stdout.fileno(), child.stdin.fileno()
    else:
        place = path if what == "unix" else "%s port %d" % (host, port)
        try:
            if what == "unix":
                stream = socket.socket(socket.AF_UNIX)
                stream.settimeout(timeout / 1000.0)
                stream.connect(path)
            else:
                stream = socket.create_connection((host, port),
                                                  timeout / 1000.0)
                stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except OSError as why:
            raise RuntimeError("cannot connect to %s: %s" % (
                place, why.strerror or why))
        stream.settimeout(None)
        source = sink = stream.fileno()

    def end_of_sink():
        if child is not None:
            child.stdin.close()
            if channel.isclosed():
                child.kill()
            return
        try:
            stream.shutdown(socket.SHUT_RDWR if channel.isclosed()
                            else socket.SHUT_WR)
        except OSError:
            pass                        # it has ended already

    def outward():
        try:
            for data in channel:
                while data:
                    data = data[os.write(sink, data):]
        except (OSError, channel.RemoteError):
            pass                        # the other direction sees it, too
        finally:
            end_of_sink()

    channel.send(True)
    thread = threading.Thread(target=outward)
    thread.daemon = True
    thread.start()
    while True:
        data = os.read(source, 65000)
        if not data:
            break
        channel.send(data)
    if child is not None and child.wait() > 0:
        raise RuntimeError("%s ended with exit status %d" % (
            argv.split(b"\0")[0].decode("utf-8", "replace"),
            child.returncode))
