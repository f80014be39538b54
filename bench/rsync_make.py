#!/usr/bin/env python3
"""rsync_make.py WHAT ...: what bench/rsync.sh copies.  The same each time.

small FOLDER N [DIRS]	N files of 1 to 6 KB of text, 100 a folder
change FOLDER N SEED	write N of the files in FOLDER anew, sizes alike
large FILE MB		bytes that cannot be packed
edit FILE N SEED	N edits of 200 bytes, in place
sparse FILE MB		one of that size, every hundredth 40 KB of it data
tree FOLDER N		N files as sources of a kernel have: sizes, depth, text
update FOLDER SEED	5 % of them edited, 1 % removed, 1 % new
many FOLDER N		N files, most of them empty, 1000 a folder
"""
import os
import random
import sys

WORDS = [b"int", b"return", b"static", b"struct", b"if (ret)", b"goto out;",
         b"the", b"lock", b"device", b"->", b"&&", b"NULL", b"unsigned long",
         b"/* */", b"spin_unlock(&", b"dev", b"0x", b"define", b"\n", b"\n\t",
         b"\n\t\t", b"{", b"}", b";", b"err", b"page", b"queue", b"flags"]


def text(rand, size):
    """Text that packs to a quarter or so."""
    out = bytearray()
    while len(out) < size:
        out += rand.choice(WORDS) + b" "
        if rand.random() < 0.15:
            out += b"%x_%d " % (rand.getrandbits(24), rand.getrandbits(10))
    return bytes(out[:size])


class Texts:
    """Quick ones: pieces of one long text, each with a number at its begin."""

    def __init__(self, rand):
        self.rand = rand
        self.long = text(rand, 4 << 20)
        self.n = rand.getrandbits(40)

    def of(self, size):
        self.n += 1
        at = self.rand.randrange(len(self.long) - size)
        return (b"%016x" % self.n + self.long[at:at + size])[:size]


def write(path, data):
    with open(path, "wb") as f:
        f.write(data)


def small(folder, n):
    rand = random.Random(1)
    texts = Texts(rand)
    for i in range(n):
        where = "%s/%03d/%02d" % (folder, i // 10000, i // 100 % 100)
        if i % 100 == 0:
            os.makedirs(where)
        write("%s/file%06d" % (where, i), texts.of(rand.randrange(1000, 6000)))


def files_in(folder):
    return sorted(os.path.join(where, name)
                  for where, _, names in os.walk(folder) for name in names)


def change(folder, n, seed):
    rand = random.Random(seed)
    texts = Texts(rand)
    for path in rand.sample(files_in(folder), n):
        write(path, texts.of(rand.randrange(1000, 6000)))


def large(path, megabytes):
    rand = random.Random(2)
    with open(path, "wb") as f:
        for _ in range(megabytes):
            f.write(rand.randbytes(1000000))


def edit(path, n, seed):
    rand = random.Random(seed)
    size = os.path.getsize(path)
    with open(path, "r+b") as f:
        for _ in range(n):
            f.seek(rand.randrange(size - 200))
            f.write(rand.randbytes(200))


def sparse(path, megabytes):
    rand = random.Random(3)
    with open(path, "wb") as f:
        for at in range(0, megabytes * 1000000, 4000000):
            f.seek(at // 4096 * 4096)
            f.write(rand.randbytes(40960))
        f.truncate(megabytes * 1000000)


def tree(folder, n):
    rand = random.Random(4)
    texts = Texts(rand)
    folders = [folder]
    os.makedirs(folder)
    for i in range(n // 15):
        # New ones mostly in the last ones: three to six deep.
        parent = folders[max(0, len(folders) - 1 - int(
            rand.expovariate(1 / 40)))]
        if parent.count("/") - folder.count("/") > 6:
            parent = folder
        path = "%s/%s%d" % (parent, rand.choice(["drivers", "net", "arch",
                                                 "fs", "include"]), i)
        os.mkdir(path)
        folders.append(path)
    for i in range(n):
        size = min(int(rand.lognormvariate(8.7, 1.4)) + 1, 2000000)
        write("%s/%s%d.%s" % (rand.choice(folders), rand.choice(
            ["core", "main", "Kconfig", "Makefile", "driver"]), i,
            rand.choice("chcch")), texts.of(size))
    for i in range(n // 1000):
        os.symlink("../core%d.c" % i, "%s/link%d" % (rand.choice(folders), i))


def update(folder, seed):
    rand = random.Random(seed)
    texts = Texts(rand)
    paths = [p for p in files_in(folder) if not os.path.islink(p)]
    for path in rand.sample(paths, len(paths) // 20):
        with open(path, "rb") as f:
            data = f.read()
        at = rand.randrange(len(data))
        write(path, data[:at] + texts.of(rand.randrange(1, 300)) +
              data[at + rand.randrange(100):])
    for path in rand.sample(paths, len(paths) // 100):
        os.unlink(path)
        write("%s/new%d-%d.c" % (os.path.dirname(path), seed,
                                 rand.getrandbits(40)),
              texts.of(rand.randrange(100, 20000)))


def many(folder, n):
    for i in range(n):
        where = "%s/%04d" % (folder, i // 1000)
        if i % 1000 == 0:
            os.makedirs(where)
        write("%s/file-with-a-name-%07d" % (where, i),
              b"%d\n" % i if i % 100 == 0 else b"")


def main():
    what, path, *numbers = sys.argv[1:]
    {"small": small, "change": change, "large": large, "edit": edit,
     "sparse": sparse, "tree": tree, "update": update,
     "many": many}[what](path, *map(int, numbers))


main()
