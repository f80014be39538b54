"""What a job of fileproc with FOLDER/in, FOLDER/out and FOLDER/store.db has
left where nothing should be left, and the like."""
import fcntl
import glob
import os
import sqlite3
import struct
import time

BASES = ("/dev/shm", "/var/tmp", "/tmp")


def within(seconds, left):
    """What LEFT() says at last: nothing, in time."""
    until = time.time() + seconds
    while left() and time.time() < until:
        time.sleep(0.05)
    return left()


def files(folder, *names):
    """All beneath it, but what tells that data-in and data-out belong
    together."""
    return sorted(os.path.relpath(os.path.join(where, f), folder)
                  for where, _, files in os.walk(os.path.join(folder, *names))
                  for f in files
                  if not where.endswith("/.syncgate")
                  or not (f.endswith(".id") or f == "data-out"))


def claims(folder):
    """In data-in, and what is claimed."""
    own = os.path.join(folder, "in", ".syncgate")
    return [p for p in files(folder, "in") + glob.glob(own + "/*/*") +
            glob.glob(own + "/" + "?" * 32)
            if p not in ("in/.syncgate/lock", "in/.syncgate/queue")]


def staged(folder):
    return glob.glob(os.path.join(folder, "out", ".syncgate", "out", "*", "*"))


def records(folder):
    path = os.path.join(folder, "store.db")
    if not os.path.exists(path):
        return []
    with sqlite3.connect(path) as db:
        if not db.execute("select 1 from sqlite_master where "
                          "name = 'items'").fetchall():
            return []
        return db.execute("select * from items").fetchall()


def rooms(folder):
    with open(os.path.join(folder, "in", ".syncgate", "queue")) as f:
        queue = f.read().strip()
    return [p for base in BASES
            for p in glob.glob("%s/syncgate-*/%s*" % (base, queue))]


def is_dead(room):
    """Was it left by one that was killed?  The lock is asked after, not taken:
    who looks for dead ones would believe that it lives."""
    ask = struct.pack("hhqqi4x", fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
    try:
        with open(os.path.join(room, "lock"), "r+b") as lock:
            said = fcntl.fcntl(lock, fcntl.F_OFD_GETLK, ask)
    except OSError:
        return os.path.exists(room)
    return struct.unpack("hhqqi4x", said)[0] == fcntl.F_UNLCK


def dead_rooms(folder):
    return [room for room in rooms(folder) if is_dead(room)]


# ---- Processes --------------------------------------------------------------

def table():
    """{pid: (parent, comm)} of all that run."""
    found = {}
    for path in glob.glob("/proc/[0-9]*/stat"):
        try:
            with open(path, "rb") as f:
                text = f.read()
        except OSError:
            continue
        comm = text[text.index(b"(") + 1:text.rindex(b")")].decode()
        rest = text[text.rindex(b")") + 2:].split()
        if rest[0] != b"Z":
            found[int(path.split("/")[2])] = (int(rest[1]), comm)
    return found


def is_marked(pid, mark):
    """Is MARK= in its environment, with this word?"""
    try:
        with open("/proc/%d/environ" % pid, "rb") as f:
            return b"MARK=" + mark.encode() in f.read()
    except OSError:
        return False


def processes(mark):
    all_of_them = table()
    return ["%d %s" % (pid, all_of_them[pid][1]) for pid in all_of_them
            if pid != os.getpid() and is_marked(pid, mark)]
