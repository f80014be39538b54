"""What a job of fileproc with FOLDER/in, FOLDER/out and FOLDER/store.db has
left where nothing should be left, and the like."""
import glob
import os
import sqlite3
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
