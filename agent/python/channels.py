# channels.py: what programs hold of channels.


class Handle(weakref.ref):
    """A Line's reference to its Channel."""

    __slots__ = ("line",)


class Line:
    """The state of a channel; guarded by Gateway.lock."""

    def __init__(self, gateway, id):
        self.id = id
        self.handle = None              # to its Channel
        self.changed = threading.Condition(gateway.lock)
        self.sending = threading.Lock()  # keeps the parts of a payload together
        self.strings = gateway.strings  # (py2str_as_py3str, py3str_as_py2str)
        # (payload, channels in it, cost, paid early)
        self.items = collections.deque()
        self.queued = 0                 # bytes in items and parts
        self.parts = []                 # of the payload that is arriving
        self.callback = None
        self.endmarker = None           # a tuple of it, if one is wanted
        self.received_all = False       # the other end sends no more
        self.closed = False             # for both directions
        self.error = None               # why, given to one receiver
        self.credit = WINDOW_START      # what we may still send
        self.size = WINDOW_START        # the window that we have opened
        self.granted = WINDOW_START     # of it, what has not yet arrived
        self.consumed = 0               # taken, and not yet granted again
        self.starved = False            # a receiver has waited
        self.hungry = 0                 # receivers that wait
        self.owed = 0                   # what the parts cost, not yet consumed
        self.early = 0                  # and what was

    def take(self):
        """The next item; who calls has made sure that there is one."""
        payload, channels, cost, early = self.items.popleft()
        self.queued -= len(payload)
        return payload, channels, cost, early


class Channel:
    """One end of a channel, as execnet's."""

    __slots__ = ("gateway", "id", "_line", "_executing", "__weakref__")
    RemoteError = RemoteError
    TimeoutError = TimeoutError

    def __init__(self, gateway, line):
        self.gateway = gateway
        self.id = line.id
        self._line = line
        self._executing = False

    def __repr__(self):
        return "<Channel id=%d %s>" % (self.id, "closed" if self.isclosed()
                                       else "open")

    def isclosed(self):
        return self._line.closed

    def send(self, item):
        """Send a value; waits while the other end has granted no credit."""
        self.gateway.send(self._line, Encoder(self.gateway).dump(item))

    def receive(self, timeout=None):
        """The next value.  EOFError at the end, RemoteError with the text of
        the other end's error, TimeoutError after so many seconds."""
        return self.gateway.receive(self._line, timeout)

    def __iter__(self):
        return self

    def __next__(self):
        try:
            return self.receive()
        except EOFError:
            raise StopIteration

    def close(self, error=None):
        if self._executing:
            raise OSError("cannot explicitly close channel within remote_exec")
        self.gateway.close(self._line, error)

    def waitclose(self, timeout=None):
        """Wait until the other end sends no more; raises its error."""
        self.gateway.waitclose(self._line, timeout)

    def setcallback(self, callback, *endmarker, **named):
        """Call callback(item) for what arrives from now on, and
        callback(endmarker) at the end, in a thread for all callbacks."""
        if "endmarker" in named:
            endmarker = (named.pop("endmarker"),)
        if named or len(endmarker) > 1:
            raise TypeError("setcallback(callback, endmarker)")
        self.gateway.setcallback(self._line, callback, endmarker)

    def makefile(self, mode="w", proxyclose=False):
        """A file whose write() sends, or whose read(n) and readline() receive
        str or bytes; with proxyclose its close() closes the channel."""
        if mode == "w":
            return FileWrite(self, proxyclose)
        if mode == "r":
            return FileRead(self, proxyclose)
        raise ValueError("mode %r is neither 'w' nor 'r'" % (mode,))

    def reconfigure(self, py2str_as_py3str=True, py3str_as_py2str=False):
        """How both ends of this channel read strings of Python 2."""
        self._line.strings = (bool(py2str_as_py3str), bool(py3str_as_py2str))
        self.gateway.write(RECONFIGURE, self.id,
                           Encoder(self.gateway).dump(self._line.strings))


Encoder.SAVE[Channel] = Encoder.put_channel


class ChannelFile:
    def __init__(self, channel, proxyclose):
        self.channel = channel
        self._proxyclose = proxyclose

    def isatty(self):
        return False

    def close(self):
        if self._proxyclose:
            self.channel.close()


class FileWrite(ChannelFile):
    def write(self, out):
        self.channel.send(out)

    def writelines(self, lines):
        for line in lines:
            self.write(line)

    def flush(self):
        pass


class FileRead(ChannelFile):
    def __init__(self, channel, proxyclose):
        ChannelFile.__init__(self, channel, proxyclose)
        self._buffer = None             # str or bytes, as the items are

    def _more(self):
        try:
            item = self.channel.receive()
        except EOFError:
            self.close()
            return False
        self._buffer = item if self._buffer is None else self._buffer + item
        return True

    def _cut(self, n):
        if self._buffer is None:
            return ""
        out, self._buffer = self._buffer[:n], self._buffer[n:]
        return out

    def read(self, n=-1):
        while (n < 0 or self._buffer is None or len(self._buffer) < n) and \
                self._more():
            pass
        return self._cut(n if n >= 0 else sys.maxsize)

    def readline(self):
        while True:
            if self._buffer is not None:
                newline = b"\n" if isinstance(self._buffer, bytes) else "\n"
                at = self._buffer.find(newline)
                if at >= 0:
                    return self._cut(at + 1)
            if not self._more():
                return self._cut(sys.maxsize)

    def __iter__(self):
        while True:
            line = self.readline()
            if not line:
                return
            yield line
