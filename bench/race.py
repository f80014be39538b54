#!/usr/bin/env python3
"""race.py SECONDS WAY...: writers for WAY/in, a taker of WAY/out, a verdict.

See fileproc-race.sh.  Every way gets the same items at the same time.
"""
import os
import random
import sys
import threading
import time

KINDS = ("slow", "in place", "renamed in", "appended to")
DRAIN = 30.0		# seconds at most for what is under way at the end
QUIET = 6.0		# so long nothing came: it will not


def pieces_of(name):
    """The text of an item, in the pieces in which it is written."""
    r = random.Random(name)
    return [("%s piece %d %s\n" % (name, i, "x" * r.randrange(3000)))
            .encode() for i in range(8)]


def write_slow(folder, name):
    with open(os.path.join(folder, name), "wb", buffering=0) as f:
        for piece in pieces_of(name):
            f.write(piece)
            time.sleep(0.25)


def write_in_place(folder, name):
    with open(os.path.join(folder, name), "wb") as f:
        f.write(b"".join(pieces_of(name)))


def write_renamed(folder, name):
    hidden = os.path.join(folder, ".." , "writing-" + name)
    with open(hidden, "wb") as f:
        f.write(b"".join(pieces_of(name)))
    os.rename(hidden, os.path.join(folder, name))


def write_appended(folder, name):
    """Most at once, and the rest, by the same descriptor, when it comes."""
    fd = os.open(os.path.join(folder, name), os.O_WRONLY | os.O_CREAT |
                 os.O_APPEND, 0o666)
    pieces = pieces_of(name)
    os.write(fd, b"".join(pieces[:-2]))
    for piece in pieces[-2:]:
        time.sleep(0.8)
        os.write(fd, piece)
    os.close(fd)


WRITERS = dict(zip(KINDS, (write_slow, write_in_place, write_renamed,
                           write_appended)))


class Taker(threading.Thread):
    """Takes what is in a folder, as soon as it is there."""

    def __init__(self, folder):
        super().__init__(daemon=True)
        self.folder = folder
        self.taken = {}
        self.last = time.time()
        self.stop = False

    def run(self):
        while not self.stop:
            for name in os.listdir(self.folder):
                if not name.startswith("."):
                    self.take(name)
            time.sleep(0.02)

    def take(self, name):
        path = os.path.join(self.folder, name)
        try:
            with open(path, "rb") as f:
                text = f.read()
            os.unlink(path)
        except FileNotFoundError:
            return
        self.taken.setdefault(name.split("~")[0], []).append(text)
        self.last = time.time()


def write_all(ways, seconds):
    """Items of each kind, until the time is over: name -> kind."""
    end = time.time() + seconds
    items, threads = {}, []
    r = random.Random(1)
    while time.time() < end:
        kind = KINDS[len(items) % len(KINDS)]
        name = "item%05d" % len(items)
        items[name] = kind
        for way in ways:
            t = threading.Thread(target=WRITERS[kind],
                                 args=(way + "/in", name))
            t.start()
            threads.append(t)
        time.sleep(r.uniform(0.02, 0.08))
    for t in threads:
        t.join()
    return items


def judge(items, taken):
    """For each kind: items, right, lost, truncated, twice."""
    table = {kind: [0] * 5 for kind in KINDS}
    for name, kind in items.items():
        whole = b"".join(pieces_of(name)).upper()
        results = taken.get(name, [])
        row = table[kind]
        row[0] += 1
        row[1] += results == [whole]
        row[2] += not results
        row[3] += any(text != whole for text in results)
        row[4] += len(results) > 1
    return table


def main():
    seconds, ways = float(sys.argv[1]), sys.argv[2:]
    takers = {way: Taker(way + "/out") for way in ways}
    for taker in takers.values():
        taker.start()
    items = write_all(ways, seconds)
    end = time.time() + DRAIN
    while time.time() < end and any(
            time.time() - taker.last < QUIET for taker in takers.values()):
        time.sleep(0.2)
    print("%-10s %-12s %6s %6s %6s %10s %6s" % ("", "items", "all", "right",
          "lost", "truncated", "twice"))
    faultless = False
    for way in ways:
        takers[way].stop = True
        table = judge(items, takers[way].taken)
        strange = set(takers[way].taken) - set(items)
        for kind, row in list(table.items()) + [
                ("together", [sum(c) for c in zip(*table.values())])]:
            print("%-10s %-12s %6d %6d %6d %10d %6d" % (way, kind, *row))
        if strange:
            print("%-10s what nobody wrote: %s" % (way, sorted(strange)[:3]))
        faultless = not strange and row[1] == row[0]
    sys.exit(0 if faultless else 1)


main()
