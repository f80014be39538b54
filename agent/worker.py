"""syncgate's worker in Python: it runs Python programs at the other end of a
gateway and carries their channels.

This text is what a gateway with python= ships: the interpreter over there
executes it, and then serve_stdio(nonce) or serve_socket(socket, nonce).  It
needs the standard library and Python 3.6 or later.  doc/protocol.md has the
messages, doc/python.md what programs may use.  As a program,

    python3 worker.py -c ANYTHING    is a worker for execnet's own master,
    python3 worker.py --frames       the same without execnet's bootstrap.

How it works.  One thread reads the connection, and never waits for a program:
what arrives is put into the queue of its channel, as bytes, and the one who
receives decodes it.  Programs write to the connection themselves.  The first
program runs in the main thread, any further one in a thread of its own.

A channel has two halves here.  A Line is its state, in Gateway.lines; Channel
is what a program holds.  When the last reference to a Channel goes, a weak
reference of the Line notes it, and the Channel is closed.  That can happen at
any moment, in any thread, also in one that holds a lock: so it is only noted,
and Gateway.bury() does the work.

Locks: Gateway.lock guards all state and is never held while writing or while a
program's code runs; Gateway.writing keeps frames whole.
"""
import collections
import os
import queue
import signal
import struct
import sys
import threading
import time
import weakref

STATUS, RECONFIGURE, TERMINATE, EXEC, DATA, CLOSE, CLOSE_ERROR, LAST = range(8)
WINDOW, PART, PING, PONG, SETUP, LOG = 32, 34, 35, 36, 37, 38

HEADER = struct.Struct("!bii")          # type, channel, length of the payload
INT4 = struct.Struct("!i")
FLOAT = struct.Struct("!d")
COMPLEX = struct.Struct("!dd")
GRANT = struct.Struct("!I")

MESSAGE_MAX = 16 << 20                  # a payload between our own ends
PLAIN_MESSAGE_MAX = 64 << 20            # one from execnet
PART_MAX = 64 << 10                     # of it in one frame
FRAME_COST = 64                         # what a frame costs besides its payload
WINDOW_START = 256 << 10                # credit that needs no grant
WINDOW_MAX = 8 << 20                    # the most for one channel
WINDOWS_MAX = 32 << 20                  # and for all, above their starts
QUEUED_MAX = 40 << 20                   # bytes that wait in all channels
LINES_MAX = 16384                       # channels
VALUES_MAX = 1000000                    # values in one message
DEPTH_MAX = 64                          # and how deep they may nest
DIGITS_MAX = 4300                       # of an int: more is slow to read
TEXT_MAX = 8000                         # characters kept of both ends of an error
LOG_MAX = 4096                          # bytes of a line for the log
LINE_MAX = 1 << 20                      # of execnet's bootstrap
STALL = 30                              # seconds, see Gateway.make_room()


class DataFormatError(Exception):
    pass


class DumpError(DataFormatError):
    """A value cannot be sent."""


class LoadError(DataFormatError):
    """What arrived is no value."""


class RemoteError(Exception):
    """An error of the other end: its text."""

    def __init__(self, formatted):
        Exception.__init__(self, formatted)
        self.formatted = formatted

    def __str__(self):
        return self.formatted


class TimeoutError(OSError):
    """Nothing came in time."""


class ProtocolError(Exception):
    """The other end did what it may not: that ends the connection."""


# ---- Values: execnet's dump format without its version byte ------------------


class Encoder:
    """Write one value."""

    def __init__(self, gateway):
        self.gateway = gateway
        self.out = []
        self.count = 0

    def dump(self, value):
        self.save(value, 0)
        self.out.append(b"Q")
        return b"".join(self.out)

    def save(self, value, depth):
        save = self.SAVE.get(type(value))
        if save is None:
            raise DumpError("cannot send a %s" % type(value).__name__)
        save(self, value, depth)

    def put_none(self, value, depth):
        self.out.append(b"L")

    def put_bool(self, value, depth):
        self.out.append(b"R" if value else b"C")

    def put_int(self, value, depth):
        if -0x80000000 <= value <= 0x7fffffff:
            self.out.append(b"F" + INT4.pack(value))
        else:
            self.sized(b"H", str(value).encode("ascii"))

    def put_float(self, value, depth):
        self.out.append(b"D" + FLOAT.pack(value))

    def put_complex(self, value, depth):
        self.out.append(b"T" + COMPLEX.pack(value.real, value.imag))

    def put_bytes(self, value, depth):
        self.sized(b"A", value)

    def put_str(self, value, depth):
        try:
            self.sized(b"N", value.encode("utf-8"))
        except UnicodeEncodeError:
            raise DumpError("cannot send a str that is no Unicode: it has a "
                            "lone surrogate")

    def sized(self, op, value):
        if len(value) > PLAIN_MESSAGE_MAX:
            raise DumpError("cannot send %d bytes at once" % len(value))
        self.out.append(op + INT4.pack(len(value)))
        self.out.append(value)

    def enter(self, container, depth):
        self.count += len(container)
        if self.count > VALUES_MAX:
            raise DumpError("cannot send more than %d values at once"
                            % VALUES_MAX)
        if depth >= DEPTH_MAX:
            raise DumpError("cannot send values nested more than %d deep"
                            % DEPTH_MAX)

    def put_list(self, value, depth):
        self.enter(value, depth)
        self.out.append(b"K" + INT4.pack(len(value)))
        for i, item in enumerate(value):
            self.out.append(b"F" + INT4.pack(i))
            self.save(item, depth + 1)
            self.out.append(b"P")

    def put_dict(self, value, depth):
        self.enter(value, depth)
        self.out.append(b"J")
        for key, item in value.items():
            self.save(key, depth + 1)
            self.save(item, depth + 1)
            self.out.append(b"P")

    def items(self, op, value, depth):
        self.enter(value, depth)
        for item in value:
            self.save(item, depth + 1)
        self.out.append(op + INT4.pack(len(value)))

    def put_tuple(self, value, depth):
        self.items(b"@", value, depth)

    def put_set(self, value, depth):
        self.items(b"O", value, depth)

    def put_frozenset(self, value, depth):
        self.items(b"E", value, depth)

    def put_channel(self, value, depth):
        if value.gateway is not self.gateway:
            raise DumpError("cannot send a channel of another gateway")
        self.out.append(b"B" + INT4.pack(value.id))

    SAVE = {type(None): put_none, bool: put_bool, int: put_int,
            float: put_float, complex: put_complex, bytes: put_bytes,
            str: put_str, list: put_list, dict: put_dict, tuple: put_tuple,
            set: put_set, frozenset: put_frozenset}


class Decoder:
    """Read one value: opcodes for a stack machine.  Every count is compared
    with what is there before anything is made of it."""

    def __init__(self, data, channel, py2str_as_py3str=True):
        self.data = data
        self.at = 0
        self.channel_of = channel       # a function of the id
        self.latin = py2str_as_py3str
        self.stack = []
        self.depths = []                # of the values on it
        self.count = 0

    def load(self):
        data, load, stack = self.data, self.LOAD, self.stack
        while self.at < len(data):
            op = load.get(data[self.at])
            self.at += 1
            if op is None:
                raise LoadError("unknown opcode 0x%02x" % data[self.at - 1])
            if op == "stop":
                if len(stack) != 1 or self.at != len(data):
                    raise LoadError("not exactly one value")
                return stack[0]
            op(self)
            if len(stack) > VALUES_MAX + 2 * DEPTH_MAX:
                raise LoadError("more than %d values" % VALUES_MAX)
        raise LoadError("the value has no end")

    def push(self, value, depth=0):
        self.stack.append(value)
        self.depths.append(depth)

    def take(self, n):
        start = self.at
        if n < 0 or n > len(self.data) - start:
            raise LoadError("the value is cut off")
        self.at = start + n
        return self.data[start:start + n]

    def number(self):
        return INT4.unpack(self.take(4))[0]

    def sized(self):
        return self.take(self.number())

    def counted(self, n):
        self.count += n
        if self.count > VALUES_MAX:
            raise LoadError("more than %d values" % VALUES_MAX)

    def nested(self, depth):
        if depth > DEPTH_MAX:
            raise LoadError("values nested more than %d deep" % DEPTH_MAX)
        return depth

    def text(self):
        try:
            self.push(self.sized().decode("utf-8"))
        except UnicodeDecodeError:
            raise LoadError("a str that is not UTF-8")

    def old_text(self):
        text = self.sized()
        self.push(text.decode("latin-1") if self.latin else text)

    def big(self):
        digits = self.sized()
        if len(digits) > DIGITS_MAX:
            raise LoadError("an int of %d digits" % len(digits))
        try:
            self.push(int(digits))
        except ValueError:
            raise LoadError("an int that is no number")

    def newlist(self):
        n = self.number()
        # An item takes 7 bytes at least: its index, itself, SETITEM.
        if n < 0 or n > (len(self.data) - self.at) // 7:
            raise LoadError("a list of %d items that are not there" % n)
        self.counted(n)
        self.push([None] * n, 1)

    def setitem(self):
        if len(self.stack) < 3:
            raise LoadError("nothing to put an item into")
        value, key = self.stack.pop(), self.stack.pop()
        depth = 1 + max(self.depths.pop(), self.depths.pop())
        container = self.stack[-1]
        if type(container) is dict:
            self.counted(2)
        elif type(container) is not list or type(key) is not int or \
                not 0 <= key < len(container):
            raise LoadError("an item that has no place")
        try:
            container[key] = value
        except TypeError:
            raise LoadError("a key that cannot be one")
        self.depths[-1] = self.nested(max(self.depths[-1], depth))

    def build(self, kind):
        n = self.number()
        if n < 0 or n > len(self.stack):
            raise LoadError("a %s of %d items that are not there"
                            % (kind.__name__, n))
        self.counted(n)
        start = len(self.stack) - n
        depth = 1 + max(self.depths[start:]) if n else 1
        try:
            value = kind(self.stack[start:])
        except TypeError:
            raise LoadError("a set with an item that cannot be one")
        del self.stack[start:], self.depths[start:]
        self.push(value, self.nested(depth))

    LOAD = {
        b"@"[0]: lambda self: self.build(tuple),
        b"A"[0]: lambda self: self.push(self.sized()),
        b"B"[0]: lambda self: self.push(self.channel_of(self.number())),
        b"C"[0]: lambda self: self.push(False),
        b"D"[0]: lambda self: self.push(FLOAT.unpack(self.take(8))[0]),
        b"E"[0]: lambda self: self.build(frozenset),
        b"F"[0]: lambda self: self.push(self.number()),
        b"G"[0]: lambda self: self.push(self.number()),
        b"H"[0]: big,
        b"I"[0]: big,
        b"J"[0]: lambda self: self.push({}, 1),
        b"K"[0]: newlist,
        b"L"[0]: lambda self: self.push(None),
        b"M"[0]: old_text,
        b"N"[0]: text,
        b"O"[0]: lambda self: self.build(set),
        b"P"[0]: setitem,
        b"Q"[0]: "stop",
        b"R"[0]: lambda self: self.push(True),
        b"S"[0]: text,
        b"T"[0]: lambda self: self.push(complex(*COMPLEX.unpack(
            self.take(16)))),
    }


# How many bytes follow an opcode; those of text and bytes have a length.
FOLLOW = {b"@"[0]: 4, b"B"[0]: 4, b"D"[0]: 8, b"E"[0]: 4, b"F"[0]: 4,
          b"G"[0]: 4, b"K"[0]: 4, b"O"[0]: 4, b"T"[0]: 16}
FOLLOW_SIZED = frozenset(b"AHIMNS")


def channel_ids(data):
    """The ids of the channels in a value, without making the value."""
    at, ids = 0, []
    while at < len(data):
        op = data[at]
        at += 1
        if op in FOLLOW_SIZED:
            at += 4 + int.from_bytes(data[at:at + 4], "big")
        else:
            if op == b"B"[0] and at + 4 <= len(data):
                ids.append(INT4.unpack_from(data, at)[0])
            at += FOLLOW.get(op, 0)
    return ids


# ---- Channels -----------------------------------------------------------------


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
        self.items = collections.deque()  # (payload, channels in it, cost)
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

    def take(self):
        """The next item; who calls has made sure that there is one."""
        payload, channels, cost = self.items.popleft()
        self.queued -= len(payload)
        return payload, channels, cost


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


# ---- Errors as text --------------------------------------------------------------


def cut(text):
    """TEXT as it may travel: valid, and its middle left out if it is long."""
    text = text.encode("utf-8", "backslashreplace").decode("utf-8")
    if len(text) > 2 * TEXT_MAX:
        text = text[:TEXT_MAX] + "\n[...]\n" + text[-TEXT_MAX:]
    return text


def traceback_text(skip, source=None, name=None):
    """The traceback of the exception that is being handled, without the
    first frames, which are ours."""
    import linecache
    import traceback
    kind, value, tb = sys.exc_info()
    for _ in range(skip):
        tb = tb.tb_next if tb is not None else None
    if source is not None:              # so that it shows the lines
        linecache.cache[name] = (len(source), None,
                                 source.splitlines(True), name)
    try:
        return cut("".join(traceback.format_exception(kind, value, tb)))
    except Exception:
        return "%s: its text cannot be had" % kind.__name__
    finally:
        linecache.cache.pop(name, None)


# ---- The processes that programs leave ---------------------------------------------


def adopt():
    """Make what a program starts stay ours when its parent has ended."""
    try:
        import ctypes
        ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)     # PR_SET_CHILD_SUBREAPER
    except Exception:                   # no Linux: they are children or lost
        pass


def descendants():
    """The process ids below this one, by /proc; none where there is none."""
    children = collections.defaultdict(list)
    try:
        names = os.listdir("/proc")
    except OSError:
        names = []
    for name in filter(str.isdigit, names):
        try:
            with open("/proc/%s/stat" % name, "rb") as stat:
                fields = stat.read().rpartition(b")")[2].split()
        except OSError:                 # it has just ended
            continue
        if fields[0] != b"Z":
            children[int(fields[1])].append(int(name))
    found, look = [], [os.getpid()]
    while look:
        below = children.pop(look.pop(), [])
        found += below
        look += below
    return found


def kill_descendants(number):
    for _ in range(20 if number == signal.SIGKILL else 1):
        pids = descendants()
        for pid in pids:
            try:
                os.kill(pid, number)
            except OSError:
                pass
        if not pids:
            return
        time.sleep(0.005)


# ---- The gateway -------------------------------------------------------------------


class Gateway:
    """The connection and what it carries.  Programs use newchannel()."""

    id = "worker"

    def __init__(self, reader, out, ours):
        self.reader = reader            # a buffered binary file
        self.out = out                  # a descriptor
        self.ours = ours                # else execnet's: types 0 to 7 only
        self.lock = threading.Lock()
        self.room = threading.Condition(self.lock)
        self.writing = threading.Lock()
        self.lines = {}                 # by id: those not closed
        self.next_id = 2
        self.strings = (True, False)    # for new channels
        self.queued = 0                 # bytes that wait in all of them
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

    # -- channels

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
        line.queued = 0
        line.items.clear()
        del line.parts[:]
        self.room.notify()

    def close(self, line, error=None):
        self.bury()
        with self.lock:
            if line.closed:
                return
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

    # -- sending

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

    def send(self, line, payload):
        most = MESSAGE_MAX if self.ours else PLAIN_MESSAGE_MAX
        if len(payload) > most:
            raise DumpError("a value of %d bytes cannot be sent at once: at "
                            "most %d" % (len(payload), most))
        self.bury()
        step = PART_MAX if self.ours else len(payload)
        with line.sending:
            for at in range(0, len(payload), step):
                piece = payload[at:at + step]
                self.spend(line, len(piece) + FRAME_COST)
                self.write(DATA if at + step >= len(payload) else PART,
                           line.id, piece)

    def spend(self, line, cost):
        """Wait for credit, and take it."""
        with self.lock:
            while self.ours and line.credit < cost and not line.closed and \
                    not self.finished:
                line.changed.wait()
            if line.closed or (self.ours and line.credit < cost):
                raise OSError("cannot send to a closed channel")
            line.credit -= cost

    # -- receiving

    def receive(self, line, timeout):
        with self.lock:
            if line.callback is not None:
                raise OSError("cannot receive: the channel has a callback")
            if not line.items and not line.received_all:
                line.starved = True
                self.hungry += 1
                try:
                    line.changed.wait_for(
                        lambda: line.items or line.received_all, timeout)
                finally:
                    self.hungry -= 1
            if not line.items and not line.received_all:
                raise TimeoutError("no item after %r seconds" % timeout)
            if not line.items:
                self.raise_error(line)
                raise EOFError("the channel has ended")
            payload, channels, grant = self.take(line)
        return self.load(line, payload, channels, grant)

    def take(self, line):
        """The first item, and what to grant for it; locked."""
        payload, channels, cost = line.take()
        self.queued -= len(payload)
        self.room.notify()
        return payload, channels, self.consumed(line, cost)

    def load(self, line, payload, channels, grant):
        if grant:
            self.write_quietly(WINDOW, line.id, GRANT.pack(grant))
        return Decoder(payload, channels.__getitem__, line.strings[0]).load()

    def consumed(self, line, cost):
        """A frame was taken: what to grant for it now, or 0; locked."""
        line.consumed += cost
        if not self.ours or line.received_all or \
                line.consumed < line.size // 2:
            return 0
        grant, line.consumed = line.consumed, 0
        if line.starved:                # the line is slower than its receiver
            opened = sum(each.size - WINDOW_START
                         for each in self.lines.values())
            more = max(0, min(line.size, WINDOW_MAX - line.size,
                              WINDOWS_MAX - opened))
            line.size += more
            grant += more
            line.starved = False
        line.granted += grant
        return grant

    # -- callbacks

    def setcallback(self, line, callback, endmarker):
        while True:
            with self.lock:
                if line.callback is not None:
                    raise OSError("the channel has a callback already")
                if not line.items:
                    line.endmarker = endmarker
                    line.callback = callback
                    line.starved = True
                    if self.calling is None:
                        self.calling = self.thread(self.call_always)
                    if line.received_all:
                        self.calls.put(line)
                    return
                item = self.take(line)
            callback(self.load(line, *item))

    def call_always(self):
        while True:
            line = self.calls.get()
            try:
                self.call(line)
            except BaseException:
                text = traceback_text(1)
                self.close(line, text)
                with self.lock:
                    line.error = text
            line = None                 # it may hold the last reference
            self.calls.task_done()

    def call(self, line):
        with self.lock:
            callback, item = line.callback, None
            if callback is None:
                return
            if line.items:
                item = self.take(line)
            elif line.received_all:
                line.callback = None
            else:
                return
        if item is not None:
            callback(self.load(line, *item))
        elif line.endmarker:
            callback(*line.endmarker)

    # -- programs

    def start(self, channel, payload):
        try:
            source, name, entry, kwargs = self.program(payload)
        except (DataFormatError, TypeError, ValueError) as error:
            self.close(channel._line, "cannot run this program: %s" % error)
            return
        task = (channel, source, name or "<remote exec>", entry, kwargs)
        with self.lock:
            self.running += 1
            idle, self.main_idle = self.main_idle, False
        if not self.adopted:
            self.adopted = True
            adopt()
        if idle:
            self.tasks.put(task)
        else:
            self.thread(self.run, *task)

    def program(self, payload):
        with self.lock:
            program = Decoder(payload, self.channel).load()
        if type(program) is not tuple or not 4 <= len(program) <= 5:
            raise TypeError("it is not what CHANNEL_EXEC carries")
        source, name, entry, kwargs = program[:4]
        if program[4:] and program[4]:
            raise ValueError(
                "limits (%s) cannot be had from a Python worker, whose "
                "programs are threads of one process: leave them out, or use "
                "the agent" % ", ".join(map(str, program[4])))
        if type(source) is not str or type(name) not in (str, type(None)) or \
                type(entry) not in (str, type(None)) or \
                type(kwargs) not in (dict, type(None)):
            raise TypeError("it is not what CHANNEL_EXEC carries")
        return source, name, entry, kwargs or {}

    def run(self, channel, source, name, entry, kwargs):
        error = None
        # What the program still holds is closed after its own channel.
        scope = {"channel": channel, "__name__": "__channelexec__"}
        try:
            error = self.execute(scope, source, name, entry, kwargs)
        finally:
            channel._executing = False
            self.close(channel._line, error)
            with self.lock:
                self.running -= 1

    def execute(self, scope, source, name, entry, kwargs):
        """Run a program; its error's text, or None."""
        channel = scope["channel"]
        channel._executing = True
        try:
            exec(compile(source + "\n", name, "exec"), scope)
            if entry:
                if entry not in scope:
                    raise NameError("%s has no function %s" % (name, entry))
                scope[entry](channel, **kwargs)
        except EOFError:                # its channel has ended: so may it
            return None
        except KeyboardInterrupt:
            return "keyboard-interrupted"
        except BaseException:
            return traceback_text(1, source, name)
        return None

    # -- what arrives

    def on_status(self, type, id, payload):
        with self.lock:
            status = {"numchannels": len(self.lines),
                      "numexecuting": self.running, "execmodel": "thread"}
        self.write(DATA, id, Encoder(self).dump(status))
        self.write(CLOSE, id)

    def on_reconfigure(self, type, id, payload):
        strings = self.plain_value(payload, "RECONFIGURE")
        if type_of(strings) is not tuple or \
                list(map(type_of, strings)) != [bool, bool]:
            raise ProtocolError("RECONFIGURE without two bools")
        with self.lock:
            line = self.lines.get(id)
            if id == 0:
                self.strings = strings
            elif line is not None:
                line.strings = strings
        if id != 0 and line is None:    # as if it had been made and dropped
            self.write(CLOSE, id)

    def plain_value(self, payload, what):
        def no_channel(id):
            raise LoadError("a channel in it")
        try:
            return Decoder(payload, no_channel).load()
        except LoadError as error:
            raise ProtocolError("%s: %s" % (what, error))

    def on_exec(self, type, id, payload):
        with self.lock:
            if self.ours and (id <= 0 or id % 2 == 0 or id in self.lines):
                raise ProtocolError("CHANNEL_EXEC on channel %d, which is no "
                                    "new one of the client" % id)
            channel = self.channel(id)
        self.start(channel, payload)

    def on_data(self, type, id, payload):
        if self.ours and len(payload) > PART_MAX:
            raise ProtocolError("a frame of %d bytes on channel %d"
                                % (len(payload), id))
        with self.lock:
            line = self.lines.get(id)
            if line is None or line.received_all:
                return                  # dropped, not even decoded
            cost = len(payload) + FRAME_COST
            if self.ours and cost > line.granted:
                raise ProtocolError("more data on channel %d than was granted"
                                    % id)
            line.granted -= cost
            full = self.queued + len(payload) > QUEUED_MAX
            if full and not self.ours:
                full = self.make_room()
            grant = 0 if full else self.keep(line, type, payload, cost)
        if full:
            self.overflow(line)
        elif grant:
            self.write(WINDOW, id, GRANT.pack(grant))

    def keep(self, line, type, payload, cost):
        """Queue what came; locked.  What to grant at once for a part."""
        self.queued += len(payload)
        line.queued += len(payload)
        line.parts.append(payload)
        if sum(map(len, line.parts)) > MESSAGE_MAX and self.ours:
            raise ProtocolError("a payload above %d bytes" % MESSAGE_MAX)
        if type == PART:
            return self.consumed(line, cost)
        payload = b"".join(line.parts)
        del line.parts[:]
        ids = channel_ids(payload) if b"B" in payload else ()
        line.items.append((payload, {i: self.channel(i) for i in ids}, cost))
        line.changed.notify()
        if line.callback is not None:
            self.calls.put(line)
        return 0

    def make_room(self):
        """execnet knows no credit: stop reading while too much waits; locked.
        True if no receiver takes anything, while one waits elsewhere."""
        stalled = 0
        while self.queued > QUEUED_MAX:
            if self.room.wait(1):
                stalled = 0
            elif self.hung_up():
                raise EOFError
            elif self.hungry > 0:
                stalled += 1
                if stalled >= STALL:
                    return True
        return False

    def hung_up(self):
        import select
        if not hasattr(select, "poll"):
            return False
        poll = select.poll()
        poll.register(self.reader, 0)
        return bool(poll.poll(0))

    def overflow(self, line):
        text = "too much waits in channels of this gateway that nobody " \
            "receives from"
        with self.lock:
            line.error = text
            self.forget_items(line)
        self.close(line, text)

    def on_close(self, type, id, payload):
        text = None
        if type == CLOSE_ERROR:
            text = self.plain_value(payload, "CHANNEL_CLOSE_ERROR")
            text = text if type_of(text) is str else repr(text)
        with self.lock:
            line = self.lines.get(id)
            if line is None:
                return
            if type != LAST:
                line.closed = True
                del self.lines[id]
            if text is not None:
                line.error = text
            self.end_line(line)

    def on_window(self, type, id, payload):
        if len(payload) != GRANT.size:
            raise ProtocolError("CHANNEL_WINDOW without a number")
        with self.lock:
            line = self.lines.get(id)
            if line is None:
                return
            line.credit += GRANT.unpack(payload)[0]
            if line.credit > WINDOW_MAX:
                raise ProtocolError("too much credit on channel %d" % id)
            line.changed.notify_all()

    def on_ping(self, type, id, payload):
        if len(payload) > 256:
            raise ProtocolError("a PING of %d bytes" % len(payload))
        self.write(PONG, id, payload)

    def on_pong(self, type, id, payload):
        pass

    def on_setup(self, type, id, payload):
        if id <= 0 or id % 2 == 0 or id in self.lines:
            raise ProtocolError("SETUP on channel %d, which is no new one of "
                                "the client" % id)
        wanted = self.plain_value(payload, "SETUP")
        try:
            if type_of(wanted) is not dict:
                raise ValueError("set-up: not a dict")
            for key, value in wanted.items():
                set_up(key, value)
        except (OSError, TypeError, ValueError, AttributeError) as error:
            self.write(CLOSE_ERROR, id, Encoder(self).dump(cut(str(error))))
        else:
            self.write(CLOSE, id)

    EXECNET = {STATUS: on_status, RECONFIGURE: on_reconfigure, EXEC: on_exec,
               DATA: on_data, CLOSE: on_close, CLOSE_ERROR: on_close,
               LAST: on_close}
    OURS = dict(EXECNET)
    OURS.update({WINDOW: on_window, PART: on_data, PING: on_ping,
                 PONG: on_pong, SETUP: on_setup})

    # -- the connection

    def read(self, n):
        data = self.reader.read(n)
        if len(data) < n:
            raise EOFError
        return data

    def read_messages(self):
        handlers = self.OURS if self.ours else self.EXECNET
        most = MESSAGE_MAX if self.ours else PLAIN_MESSAGE_MAX
        while True:
            type, id, n = HEADER.unpack(self.read(HEADER.size))
            if not 0 <= n <= most:
                raise ProtocolError("a message of %d bytes" % n)
            if type == TERMINATE:
                return
            if type not in handlers:
                raise ProtocolError("a message of type %d" % type)
            handlers[type](self, type, id, self.read(n))

    def receive_always(self):
        try:
            self.read_messages()
        except (EOFError, OSError):
            pass                        # the other end is gone
        except BaseException as error:
            self.complain(error)
        self.finish()

    def complain(self, error):
        if isinstance(error, (ProtocolError, LoadError)):
            text = "the Python worker ends: the other end sent %s" % error
        else:
            text = traceback_text(1)
        if self.ours:
            self.write_quietly(LOG, 0, cut(text).encode("utf-8"))

    def finish(self):
        """Nothing more arrives: receivers get their end.  Who does not end is
        interrupted, and in the end killed."""
        with self.lock:
            self.finished = True
            for line in list(self.lines.values()):
                self.end_line(line)
        begun = time.monotonic()
        soon, late = (0.3, 0.8) if self.ours else (5, 10)
        if not self.idle_by(begun + soon):
            os.kill(os.getpid(), signal.SIGINT)
            kill_descendants(signal.SIGTERM)
        if self.idle_by(begun + late):
            self.tasks.put(None)        # the main thread ends in its own way,
            time.sleep(2)               # unless a thread of a program lives
        kill_descendants(signal.SIGKILL)
        os._exit(0)

    def idle_by(self, deadline):
        while self.running > 0 or self.calls.unfinished_tasks > 0:
            if time.monotonic() >= deadline:
                return False
            time.sleep(0.01)
        return True

    def thread(self, function, *args):
        thread = threading.Thread(target=function, args=args, daemon=True)
        thread.start()
        return thread

    def log_always(self, pipe):
        """What is written to stderr, as lines for the other end's log."""
        with open(pipe, "rb") as lines:
            for line in iter(lambda: lines.readline(LOG_MAX), b""):
                line = line.rstrip(b"\n").decode("utf-8", "backslashreplace")
                self.write_quietly(LOG, 0, line.encode("utf-8"))

    def serve(self):
        """Run the first of the programs at a time in this thread, until the
        connection ends."""
        log = self.thread(self.log_always, stderr_pipe()) if self.ours else None
        self.thread(self.bury_always)
        self.thread(self.receive_always)
        task = ()
        while task is not None:
            try:
                task = self.tasks.get()
                if task is not None:
                    self.run(*task)
                    task = ()           # it may hold the last reference
                    self.bury()
                    with self.lock:
                        self.main_idle = True
            except KeyboardInterrupt:   # from finish()
                task = ()
        kill_descendants(signal.SIGKILL)
        if log is not None:
            os.dup2(1, 2)               # to nowhere, and the pipe ends
            log.join(0.5)


type_of = type                          # for functions with a "type" of theirs


def set_up(key, value):
    """One key of SETUP."""
    if key == "chdir":
        try:
            try:
                os.chdir(value)
            except FileNotFoundError:   # as execnet: made, one level
                os.mkdir(value)
                os.chdir(value)
        except OSError as error:
            raise OSError("chdir: cannot change to '%s': %s"
                          % (os.fsdecode(value), error.strerror))
    elif key == "nice":
        try:
            os.nice(value)
        except OSError as error:
            raise OSError("nice: cannot add %d: %s" % (value, error.strerror))
    elif key == "env":
        for name, text in value.items():
            os.environ[os.fsdecode(name)] = os.fsdecode(text)
    else:
        raise ValueError("set-up: unknown key %r" % (key,))


# ---- The start -----------------------------------------------------------------------


def stderr_pipe():
    """Lead descriptor 2 into a pipe; its other end."""
    from_programs, to_us = os.pipe()
    os.dup2(to_us, 2)
    os.close(to_us)
    return from_programs


def take_stdio():
    """Keep stdin and stdout for the connection: programs find nothing there."""
    connection = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(nothing, 1)
    os.close(nothing)
    return connection


def serve(connection, ours, hello):
    """Serve the connection, two descriptors; hello is written first."""
    reader, out = connection
    if hasattr(os, "register_at_fork"):  # a child must not keep it open
        os.register_at_fork(after_in_child=lambda: [
            os.close(fd) for fd in set(connection)])
    if hasattr(os, "setsid"):
        try:
            os.setsid()
        except OSError:                 # it leads a session already
            pass
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.write(out, hello)
    Gateway(open(reader, "rb", closefd=False), out, ours).serve()


def hello_line(nonce):
    machine = os.uname().machine if hasattr(os, "uname") else sys.platform
    return ("XN1 %s python,window,part,ping,setup,log,%s\n"
            % (nonce, machine)).encode("ascii")


def serve_stdio(nonce):
    serve(take_stdio(), True, hello_line(nonce))


def serve_socket(sock, nonce):
    """For execnet's socketserver: a process of its own for each connection,
    so that one that ends does not end the server."""
    if hasattr(os, "fork"):
        child = os.fork()
        if child != 0:
            os.waitpid(child, 0)
            sock.close()
            return
        if os.fork() != 0:              # so that nobody needs to wait for it
            os._exit(0)
    try:
        take_stdio()
        connection = os.dup(sock.fileno())
        sock.close()
        serve((connection, connection), True, hello_line(nonce))
    finally:
        os._exit(0)


def main(args):
    """A worker for execnet: see the top."""
    connection = take_stdio()
    if args == ["--frames"]:
        serve(connection, False, b"")
    elif "-c" in args:
        # What follows is execnet's own worker, as text: we are one already.
        while os.read(connection[0], 1) not in (b"\n", b""):
            pass
        serve(connection, False, b"1")
    else:
        sys.exit("usage: worker.py -c ... | --frames")


if __name__ == "__main__" and "__file__" in globals():
    main(sys.argv[1:])
