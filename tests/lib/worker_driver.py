"""Speaks to the Python worker byte by byte, as a client that lies.

    worker_driver.py WORKER.py [CASE...]

runs the cases, or all, and says "ok: CASE" or "FAILED: CASE: why" for each.
"""
import os
import select
import struct
import subprocess
import sys
import time

STATUS, RECONFIGURE, TERMINATE, EXEC, DATA, CLOSE, CLOSE_ERROR, LAST = range(8)
WINDOW, PART, PING, PONG, SETUP, LOG = 32, 34, 35, 36, 37, 38
KIB = 1024


def I(n):
    return struct.pack("!i", n)


def text(s):
    s = s.encode()
    return b"N" + I(len(s)) + s


def program(source, limits=b""):
    """CHANNEL_EXEC's tuple: source, no name, no entry, no kwargs."""
    return text(source) + b"LLJ" + limits + b"@" + I(5 if limits else 4) + b"Q"


class Worker:
    def __init__(self, path, nonce="0123"):
        with open(path) as file:
            source = file.read() + "\nserve_stdio(%r)\n" % nonce
        self.process = subprocess.Popen(
            ["python3", "-u", "-c",
             "import sys;exec(eval(sys.stdin.readline()))"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)
        self.write((repr(source) + "\n").encode())
        self.input = b""
        hello = self.until(lambda: self.input.endswith(b"\n"))
        assert hello.startswith(b"XN1 %s python," % nonce.encode()), hello
        self.input = b""
        self.log = ""

    def write(self, data):
        data = memoryview(data)
        while data:
            data = data[self.process.stdin.write(data):]

    def send(self, type, channel, payload=b""):
        try:
            self.write(struct.pack("!bii", type, channel, len(payload)) +
                       payload)
        except BrokenPipeError:
            pass

    def until(self, done, seconds=20):
        end = time.monotonic() + seconds
        while not done():
            left = end - time.monotonic()
            assert left > 0, "nothing came"
            if select.select([self.process.stdout], [], [], left)[0]:
                data = os.read(self.process.stdout.fileno(), 1 << 16)
                if not data:
                    raise EOFError
                self.input += data
        return self.input

    def next(self):
        """The next message; what is logged is remembered."""
        while True:
            self.until(lambda: len(self.input) >= 9)
            type, channel, n = struct.unpack("!bii", self.input[:9])
            self.until(lambda: len(self.input) >= 9 + n)
            payload = self.input[9:9 + n]
            self.input = self.input[9 + n:]
            if type != LOG:
                return type, channel, payload
            self.log += payload.decode() + "\n"

    def expect(self, *wanted):
        got = self.next()
        assert got[:len(wanted)] == wanted, "wanted %r, got %r" % (
            wanted, got[:2] + (got[2][:300],))
        return got[2]

    def ends(self, why):
        """It ends by itself, saying WHY."""
        try:
            while True:
                self.next()
        except EOFError:
            pass
        assert self.process.wait(20) == 0
        assert why in self.log, "wanted %r, it said %r" % (why, self.log)

    def works(self, channel=99):
        """It runs programs still."""
        self.send(EXEC, channel, program("channel.send(1)"))
        self.expect(DATA, channel, b"F" + I(1) + b"Q")
        self.expect(CLOSE, channel)

    def peak(self):
        """MiB, at most so far."""
        with open("/proc/%d/status" % self.process.pid) as file:
            for line in file:
                if line.startswith("VmHWM:"):
                    return int(line.split()[1]) // KIB

    def start(self, source, channel=1):
        self.send(EXEC, channel, program(source))


CASES = {}


def case(function):
    CASES[function.__name__] = function
    return function


def breach(name, why, *frames):
    def run(worker):
        worker.start("channel.send(0)\nother = channel.gateway.newchannel()\n"
                     "other.receive()")
        worker.expect(DATA, 1)
        for frame in frames:
            worker.send(*frame)
        worker.ends(why)
    CASES["%s is a breach of the protocol" % name] = run


breach("an unknown type", "a message of type 99", (99, 1))
breach("a type of execnet's that there is not", "of type 8", (8, 1))
breach("a reserved type", "of type 33", (33, 1))
breach("a log line", "of type 38", (LOG, 0, b"x"))
breach("a program on an even channel", "CHANNEL_EXEC on channel 2",
       (EXEC, 2, program("pass")))
breach("a program on channel 0", "CHANNEL_EXEC on channel 0",
       (EXEC, 0, program("pass")))
breach("a program on a channel in use", "CHANNEL_EXEC on channel 1",
       (EXEC, 1, program("pass")))
breach("a large frame", "a frame of 65537 bytes on channel 1",
       (DATA, 1, b"A" + I(65536 - 5) + bytes(65536 - 5) + b"Q"))
breach("more than the credit", "more data on channel 1 than was granted",
       *[(DATA, 1, b"A" + I(50000) + bytes(50000) + b"Q")] * 6)
breach("no number in a window", "CHANNEL_WINDOW without a number",
       (WINDOW, 1, b"123"))
breach("endless credit", "too much credit on channel 1",
       *[(WINDOW, 1, b"\x00\x7f\xff\xff")] * 2)
breach("a large ping", "a PING of 257 bytes", (PING, 0, bytes(257)))
breach("a reconfiguration of numbers", "RECONFIGURE without two bools",
       (RECONFIGURE, 0, b"F" + I(1) + b"F" + I(0) + b"@" + I(2) + b"Q"))
breach("no reconfiguration", "RECONFIGURE: ", (RECONFIGURE, 0, b""))
breach("an error without text", "CHANNEL_CLOSE_ERROR: ",
       (CLOSE_ERROR, 1, b"\xff"))
breach("a set-up on an even channel", "SETUP on channel 4", (SETUP, 4, b"JQ"))
breach("a set-up on a channel in use", "SETUP on channel 1",
       (SETUP, 1, b"JQ"))


@case
def a_negative_length_ends_it(worker):
    worker.write(struct.pack("!bii", DATA, 1, -1))
    worker.ends("a message of -1 bytes")


@case
def a_length_above_the_maximum_is_not_waited_for(worker):
    worker.write(struct.pack("!bii", EXEC, 1, 0x7fffffff))
    worker.ends("a message of 2147483647 bytes")

@case
def a_payload_above_the_maximum_ends_it(worker):
    """In parts, each of which is granted again at once."""
    worker.start("channel.send(0)\nchannel.receive()")
    worker.expect(DATA, 1)
    credit, sent = 256 * KIB, 0
    while sent <= 16 << 20:
        while credit < 64 * KIB:
            credit += struct.unpack("!I", worker.expect(WINDOW, 1))[0]
        worker.send(PART, 1, bytes(60 * KIB))
        credit -= 60 * KIB + 64
        sent += 60 * KIB
    worker.ends("a payload above 16777216 bytes")


VALUES = {
    "a list of 268 million": b"K\x0f\xff\xff\xffQ",
    "a negative list": b"K\xff\xff\xff\xffQ",
    "lists in each other": (b"K" + I(1) + b"F" + I(0)) * 3000 + b"L" +
        b"P" * 3000 + b"Q",
    "tuples in each other": b"@" + I(0) + (b"@" + I(1)) * 10000 + b"Q",
    "sets in each other": b"E" + I(0) + (b"E" + I(1)) * 10000 + b"Q",
    "a tuple of more than there is": b"L@" + I(2) + b"Q",
    "an unhashable key": b"JJLPQ",
    "an unhashable item": b"JO" + I(1) + b"Q",
    "text beyond the end": b"N\x7f\xff\xff\xffabcQ",
    "bytes of negative length": b"A\xff\xff\xff\xffabcQ",
    "text that is not UTF-8": b"N" + I(1) + b"\xffQ",
    "a number of 5000 digits": b"H" + I(5000) + b"7" * 5000 + b"Q",
    "a number without digits": b"H" + I(2) + b"--Q",
    "an index from the end": b"K" + I(2) + b"F" + I(-1) + b"LPQ",
    "an opcode that there is not": b"ZQ",
    "nothing": b"",
    "no end": b"L",
    "two values": b"LLQ",
    "something behind the end": b"LQL",
    "a stack of 60000 dicts": b"J" * 60000 + b"Q",
}


@case
def what_is_no_value_is_an_error_of_its_receiver(worker):
    channel = 1
    for name, payload in VALUES.items():
        worker.start("channel.receive()", channel)
        worker.send(DATA, channel, payload)
        assert b"LoadError" in worker.expect(CLOSE_ERROR, channel), name
        worker.works(channel + 2)
        channel += 4
    assert worker.peak() < 64, "it took %d MiB" % worker.peak()


@case
def what_nobody_receives_has_a_maximum(worker):
    """200 channels with 250 KiB each: the last ones are refused."""
    source = "all = channel.receive()\nchannel.send(len(all))\n" \
        "channel.receive()"
    worker.start(source)
    ids = range(3, 403, 2)
    worker.send(DATA, 1, b"".join(b"B" + I(i) for i in ids) + b"@" +
                I(len(ids)) + b"Q")
    worker.expect(DATA, 1)
    refused = 0
    piece = b"A" + I(60000) + bytes(60000) + b"Q"
    for i in ids:
        for _ in range(4):
            worker.send(DATA, i, piece)
    worker.send(PING, 0, b"done?")
    while True:
        got = worker.next()
        if got[0] == PONG:
            break
        assert got[0] == CLOSE_ERROR and b"nobody receives" in got[2]
        refused += 1
    assert refused > 20, refused
    assert worker.peak() < 80, worker.peak()
    worker.works(1001)


@case
def there_is_a_maximum_of_channels(worker):
    worker.start("channel.receive()\nchannel.receive()")
    for first in (3, 10003, 20003, 30003):
        ids = range(first, first + 10000, 2)
        worker.send(DATA, 1, b"".join(b"B" + I(i) for i in ids) + b"@" +
                    I(len(ids)) + b"Q")
    worker.ends("more than 16384 channels")


@case
def a_storm_of_closes_is_nothing(worker):
    worker.start("channel.receive()")
    for i in range(20000):
        worker.send((CLOSE, LAST, DATA)[i % 3], i % 7919 + 3, b"")
    worker.works(99999)
    assert worker.peak() < 64


@case
def a_byte_at_a_time_is_a_message(worker):
    for byte in struct.pack("!bii", PING, 7, 2) + b"hi":
        worker.write(bytes([byte]))
        time.sleep(0.005)
    worker.expect(PONG, 7, b"hi")


@case
def limits_are_refused(worker):
    worker.send(EXEC, 1, program("channel.send(1)", b"J" + text("memory") +
                                 b"F" + I(1) + b"P"))
    assert b"limits (memory) cannot be had" in worker.expect(CLOSE_ERROR, 1)
    worker.send(EXEC, 3, program("channel.send(1)", b"J"))
    worker.expect(DATA, 3)


@case
def a_program_that_is_none_is_refused(worker):
    worker.send(EXEC, 1, b"LQ")
    assert b"cannot run this program" in worker.expect(CLOSE_ERROR, 1)
    worker.send(EXEC, 3, b"\xff")
    assert b"cannot run this program" in worker.expect(CLOSE_ERROR, 3)
    worker.send(EXEC, 5, b"F" + I(1) + b"LLJ@" + I(4) + b"Q")
    assert b"cannot run this program" in worker.expect(CLOSE_ERROR, 5)
    worker.send(EXEC, 7, program("a\0b"))
    worker.expect(CLOSE_ERROR, 7)
    worker.works()


@case
def a_wrong_setup_is_an_error(worker):
    for channel, payload, why in (
            (1, b"LQ", b"not a dict"),
            (3, b"J" + text("what") + b"LPQ", b"unknown key 'what'"),
            (5, b"J" + text("chdir") + text("/no/such") + b"PQ",
             b"cannot change to '/no/such'"),
            (7, b"J" + text("nice") + text("x") + b"PQ", b""),
            (9, b"J" + text("env") + b"F" + I(1) + b"PQ", b""),
            (11, b"J" + text("chdir") + text("a\0b") + b"PQ", b"")):
        worker.send(SETUP, channel, payload)
        assert why in worker.expect(CLOSE_ERROR, channel)
    worker.send(SETUP, 13, b"J" + text("env") + b"J" + text("XN") +
                text("1") + b"PPQ")
    worker.expect(CLOSE, 13)
    worker.works()


@case
def a_program_that_is_killed_closes_its_channel(worker):
    worker.start("import time\nchannel.send(0)\nwhile True:\n    try:\n"
                 "        time.sleep(1000)\n"
                 "    except BaseException: pass")
    worker.expect(DATA, 1)
    worker.send(TERMINATE, 0)
    worker.expect(CLOSE, 1)
    worker.ends("")


@case
def nothing_is_sent_without_credit(worker):
    worker.start("for i in range(100): channel.send(bytes(60000))")
    sent = 0
    for _ in range(4):          # 256 KiB hold four of them
        sent += len(worker.expect(DATA, 1)) + 64
    time.sleep(0.3)
    worker.send(PING, 0, b"2")
    seen = set()
    while (PONG, 0, b"2") not in seen:
        got = worker.next()
        assert got[0] == PONG, got[:2]
        seen.add(got)
    assert sent <= 256 * KIB
    worker.send(WINDOW, 1, struct.pack("!I", 130000))
    worker.expect(DATA, 1)
    worker.expect(DATA, 1)


@case
def a_client_that_does_not_read_holds_up_its_own_worker_only(worker):
    """It ends when its client goes, though it is writing just then."""
    worker.start("while True: channel.send(bytes(60000))")
    worker.send(WINDOW, 1, struct.pack("!I", 4 << 20))
    time.sleep(0.3)
    worker.process.stdin.close()
    worker.process.stdout.close()
    assert worker.process.wait(20) == 0


def run(path, name):
    worker = Worker(path)
    try:
        CASES[name](worker)
    except Exception as error:
        return "FAILED: %s: %s" % (name, error or type(error).__name__)
    finally:
        worker.process.kill()
        worker.process.wait()
    return "ok: " + name


def main(path, *names):
    lines = [run(path, name) for name in names or CASES]
    print("\n".join(lines).replace("_", " "))
    sys.exit(any(line.startswith("FAILED") for line in lines))


main(*sys.argv[1:])
