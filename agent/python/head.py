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
import sys
in_folder = sys.path[:1] == [""]
if in_folder:                           # a queue.py in it is not the one meant
    del sys.path[0]
import collections
import os
import queue
import signal
import struct
import threading
import time
import weakref
if in_folder:
    sys.path.insert(0, "")

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
EARLY_MAX = 8 << 20                     # paid for before they are taken
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
