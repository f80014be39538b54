# lines.py: the channels of a gateway.


class Lines:
    """The channels of a gateway, their life, and writing."""

    id = "worker"

    def __init__(self, reader, out, ours):
        self.reader = reader            # a buffered binary file
        self.out = out                  # a descriptor
        self.ours = ours                # else execnet's: types 0 to 7 only
        self.pid = os.getpid()
        self.lock = threading.Lock()
        self.room = threading.Condition(self.lock)
        self.writing = threading.Lock()
        self.lines = {}                 # by id: those not closed
        self.next_id = 2
        self.strings = (True, False)    # for new channels
        self.queued = 0                 # bytes that wait in all of them
        self.early = 0                  # of them, what was paid for early
        self.hungry = 0                 # receivers that wait
        self.running = 0                # programs
        self.main_idle = True
        self.tasks = queue.Queue()      # for the main thread; None ends it
        self.calls = queue.Queue()      # Lines whose callback has work
        self.calling = None             # the thread that does it
        self.adopted = False
        self.finished = False           # nothing more arrives
        self.dropped = collections.deque()  # Handles without a Channel
        self.burying = threading.Lock()
        self.noticed = threading.Lock()  # released when there are new ones
        self.noticed.acquire()

    def newchannel(self):
        """A new channel; the other end knows it when it is sent there."""
        with self.lock:
            id = self.next_id
            self.next_id += 2
            return self.channel(id)

    def channel(self, id):
        """The Channel of an id, made if there is none; locked."""
        line = self.lines.get(id)
        if line is None:
            if self.finished:
                raise OSError("the connection has ended")
            if len(self.lines) >= LINES_MAX:
                raise LoadError("more than %d channels" % LINES_MAX)
            line = self.lines[id] = Line(self, id)
        channel = line.handle() if line.handle is not None else None
        if channel is None:
            channel = Channel(self, line)
            line.handle = Handle(channel, self.note)
            line.handle.line = line
        return channel

    def note(self, handle):
        """A Channel is gone.  Any thread, any moment: no locks here."""
        self.dropped.append(handle)
        try:
            self.noticed.release()
        except RuntimeError:            # it was released already
            pass

    def bury(self):
        """Close the channels that nobody holds any more."""
        while self.dropped:
            with self.burying:
                try:
                    handle = self.dropped.popleft()
                except IndexError:
                    continue
                self.bury_one(handle, handle.line)

    def bury_one(self, handle, line):
        with self.lock:
            if line.handle is not handle:
                return                  # there is a new Channel
            say = None
            if not line.closed and not (line.received_all and not self.ours):
                say = LAST if line.callback is not None else CLOSE
            line.handle = None
            if line.callback is None:
                line.closed = line.received_all = True
                self.lines.pop(line.id, None)
                self.forget_items(line)
        if say is not None:
            self.write_quietly(say, line.id)

    def bury_always(self):
        while True:
            self.noticed.acquire()
            self.bury()

    def forget_items(self, line):
        self.queued -= line.queued
        self.early -= line.early + sum(item[3] for item in line.items)
        line.queued = line.early = line.owed = 0
        line.items.clear()
        del line.parts[:]
        self.room.notify()

    def close(self, line, error=None, ours=None):
        """Close, for the other end with a text; receivers here get OURS."""
        self.bury()
        with self.lock:
            if line.closed:
                return
            line.error = line.error if ours is None else ours
            say = self.ours or not line.received_all
            line.closed = True
            self.lines.pop(line.id, None)
            self.end_line(line)
        if say and error is not None:
            self.write_quietly(CLOSE_ERROR, line.id,
                               Encoder(self).dump(cut(str(error))))
        elif say:
            self.write_quietly(CLOSE, line.id)

    def end_line(self, line):
        """Nothing more arrives on it; locked."""
        rest = sum(map(len, line.parts))
        line.queued -= rest
        self.queued -= rest
        self.early -= line.early
        line.early = line.owed = 0
        del line.parts[:]
        line.received_all = True
        line.changed.notify_all()
        if line.callback is not None:
            self.calls.put(line)

    def waitclose(self, line, timeout):
        with self.lock:
            if not line.changed.wait_for(lambda: line.received_all, timeout):
                raise TimeoutError("not closed after %r seconds" % timeout)
            self.raise_error(line)

    def raise_error(self, line):
        error, line.error = line.error, None
        if error is not None:
            raise RemoteError(error)

    def write(self, type, id, payload=b""):
        """Write a frame; waits while the connection takes no more."""
        frame = memoryview(HEADER.pack(type, id, len(payload)) + payload)
        with self.writing:
            while len(frame) > 0:
                frame = frame[os.write(self.out, frame):]

    def write_quietly(self, type, id, payload=b""):
        try:
            self.write(type, id, payload)
        except OSError:                 # the connection is gone: others see it
            pass
