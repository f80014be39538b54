"""Items for fileproc's torture, and those who write them into data-in.

What item INDEX is and contains follows from the seed alone.  Its writer is one
of KINDS:

    place    writes it in place, in one go
    slow     writes it in place, in pieces, with pauses
    append   opens it for appending and keeps it open, some for megabytes
    hidden   writes a hidden file in data-in and renames that
    outside  writes it elsewhere and renames it in
    again    as outside, but with the name of an earlier item, once that is
             taken
"""
import ctypes
import os
import random
import time

KINDS = ("place", "slow", "append", "hidden", "outside", "again")
AT_FDCWD = -100
RENAME_NOREPLACE = 1


class Item:
    def __init__(self, seed, index, names):
        chance = random.Random("%s/%d" % (seed, index))
        self.index = index
        self.seed = "%s/%d" % (seed, index)
        self.kind = chance.choice(KINDS)
        if self.kind == "again" and not names:
            self.kind = "outside"
        size = int(2 ** chance.uniform(0, 14))
        if self.kind == "append" and chance.random() < 0.3:
            size = chance.randrange(1000000, 4000000)
        if chance.random() < 0.03:
            size = 0
        self.size = size
        slowly = chance.random() < 0.15
        self.name = "%04d %s%s" % (index, self.kind, " lasts" if slowly else "")
        if chance.random() < 0.2:
            self.name = "sub %d/%s" % (chance.randrange(3), self.name)
        self.first = index      # of its name
        if self.kind == "again":
            self.first = chance.choice(list(names))
            self.name = names[self.first]
        self.pauses = chance.randrange(1, 8)
        self.pause = chance.uniform(0.01, 0.15)

    def content(self):
        body = random.Random(self.seed).randbytes(self.size)
        return b"item %d\n" % self.index + body


def make_items(seed, count):
    items, names = [], {}
    for index in range(count):
        items.append(Item(seed, index, names))
        if items[-1].kind != "again":
            names[index] = items[-1].name
    return items


def write_slowly(item, path, mode):
    content = item.content()
    step = len(content) // item.pauses + 1
    with open(path, mode, buffering=0) as f:
        for at in range(0, len(content), step):
            f.write(content[at:at + step])
            time.sleep(item.pause)


def rename_new(old, new):
    """Rename without replacing; False: the name is taken."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.renameat2(AT_FDCWD, os.fsencode(old), AT_FDCWD, os.fsencode(new),
                      RENAME_NOREPLACE) == 0:
        return True
    if ctypes.get_errno() == 17:
        return False
    raise OSError(ctypes.get_errno(), "renameat2", new)


def write_item(item, data_in, outside):
    path = os.path.join(data_in, item.name)
    folder, base = os.path.split(path)
    os.makedirs(folder, exist_ok=True)
    if item.kind == "place":
        with open(path, "wb", buffering=0) as f:
            f.write(item.content())
    elif item.kind == "slow":
        write_slowly(item, path, "wb")
    elif item.kind == "append":
        write_slowly(item, path, "ab")
    elif item.kind == "hidden":
        hidden = os.path.join(folder, "." + base)
        write_slowly(item, hidden, "wb")
        os.rename(hidden, path)
    else:
        aside = os.path.join(outside, str(item.index))
        write_slowly(item, aside, "wb")
        # Whoever has the name now is taken sooner or later.
        while not rename_new(aside, path):
            time.sleep(0.02)


def write_all(items, data_in, outside, done, ahead, written):
    """Write ITEMS; DONE.value is how many results there are of all: no more
    than AHEAD are before them.  WRITTEN[index] becomes 1: who has the same name
    waits for that, or it would be overwritten."""
    for item in items:
        while item.index > done.value + ahead or (
                item.first != item.index and not written[item.first]):
            time.sleep(0.02)
        write_item(item, data_in, outside)
        written[item.index] = 1
