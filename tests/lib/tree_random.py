#!/usr/bin/env python3
"""tree_random.py FOLDER SEED STEPS [PAUSE]: change a tree at random, STEPS times
(with up to PAUSE milliseconds between): files, folders, links, fifos that are
made, written, renamed over others, linked, deleted, or become something else;
modes, times, attributes, ACLs.  The same tree by the same seed.

With a PAUSE it is for who watches: no file has two names, since what is written
by one of them, which is removed then, is no event of the other."""
import os
import random
import stat
import sys
import time

from tree_fs import ACCESS, DEFAULT, Tree, acl, look

NAMES = ["a", "b", "c", "d", "e", "new\nline", "\udcff", "-x", " ", "long" * 60]
SIZES = [0, 1, 700, 5000, 40000, 140000, 300000]


class Random:
    def __init__(self, root, seed, single):
        self.single = single
        self.rand = random.Random(seed)
        self.t = Tree(root, 1600000000 * 10 ** 9 + seed * 10 ** 12)
        self.files, self.others, self.folders = [], [], [""]
        self.scan(self.t.fd, "")

    def scan(self, fd, where):
        for name in sorted(os.listdir(fd)):
            path = where + name
            mode = look(fd, name).st_mode
            if stat.S_ISDIR(mode):
                self.folders.append(path + "/")
                deeper = os.open(name, os.O_RDONLY | os.O_DIRECTORY,
                                 dir_fd=fd)
                self.scan(deeper, path + "/")
                os.close(deeper)
            elif stat.S_ISREG(mode):
                self.files.append(path)
            else:
                self.others.append(path)

    def again(self):
        self.files, self.others, self.folders = [], [], [""]
        self.scan(self.t.fd, "")

    def place(self):
        return self.rand.choice(self.folders) + self.rand.choice(NAMES)

    def free(self, path):
        """Nothing is at PATH any more."""
        try:
            self.t.remove(path)
        except FileNotFoundError:
            pass

    def data(self):
        return self.rand.randbytes(self.rand.choice(SIZES))

    # ---- Steps ---------------------------------------------------------------

    def make_file(self):
        path = self.place()
        self.free(path)
        self.t.file(path, self.data(), self.rand.choice([0o644, 0o600, 0o4755,
                                                         0o444]))

    def make_folder(self):
        path = self.place()
        if path.count("/") < 6:
            self.free(path)
            self.t.folder(path, self.rand.choice([0o755, 0o700, 0o1777]))

    def make_other(self):
        path = self.place()
        self.free(path)
        if self.rand.random() < 0.6:
            self.t.link(path, self.rand.choice(NAMES + ["/", "../a"]))
        else:
            self.t.special(path, self.rand.choice("ps"))

    def write(self):
        if self.files:
            path = self.rand.choice(self.files)
            data = bytearray(self.t.read(path))
            at = self.rand.randrange(len(data) + 1)
            data[at:at + self.rand.choice([0, 0, 100])] = \
                self.rand.randbytes(self.rand.choice([1, 100, 3000]))
            self.t.file(path, bytes(data))

    def sparse(self):
        path = self.place()
        self.free(path)
        self.t.file(path, [(8192 * self.rand.randrange(50),
                            self.rand.randbytes(9000)), 1000000])

    def rename(self):
        things = self.files + self.others + self.folders[1:]
        if not things:
            return
        old, new = self.rand.choice(things).rstrip("/"), self.place()
        if old == new or (new + "/").startswith(old + "/") or \
                (old + "/").startswith(new + "/"):
            return
        if self.rand.random() < 0.5:
            self.free(new)
        try:
            self.t.rename(old, new)
        except OSError:
            pass        # a folder that is not empty is in the way

    def link(self):
        things = self.files + self.others
        if things and not self.single:
            old, new = self.rand.choice(things), self.place()
            if old != new and not old.startswith(new + "/"):
                self.free(new)
                self.t.hard(old, new)

    def delete(self):
        things = self.files + self.others + self.folders[1:]
        if things:
            self.t.remove(self.rand.choice(things).rstrip("/"))

    def metadata(self):
        things = self.files + self.folders[1:]
        if not things:
            return
        path = self.rand.choice(things).rstrip("/")
        what = self.rand.randrange(6)
        if what == 0:
            self.t.chmod(path, self.rand.choice([0o755, 0o700, 0o750]))
        elif what == 1:
            self.t.stamp(path)
        elif what == 2:
            self.t.xattr(path, "user.%d" % self.rand.randrange(3),
                         self.rand.randbytes(self.rand.randrange(30)))
        elif what == 3:
            self.t.xattr(path, ACCESS, acl(
                ("u", 7), ("u", 5, self.rand.randrange(1, 5)), ("g", 5),
                ("m", 7), ("o", 5)))
        elif what == 4 and path + "/" in self.folders:
            self.t.xattr(path, DEFAULT, acl(
                ("u", 7), ("u", 6, 2), ("g", 5), ("m", 7), ("o", 1)))
        elif self.t.is_root:
            self.t.chown(path, self.rand.choice([0, 1, 12345]), 2)

    def copy(self):
        if self.files:
            path, data = self.place(), self.t.read(
                self.rand.choice(self.files))
            if b"\0" * 4096 not in data:    # no holes: they would be lost
                self.free(path)
                self.t.file(path, data)

    def step(self):
        self.rand.choice([self.make_file] * 3 + [
            self.make_folder, self.make_folder, self.make_other, self.write,
            self.write, self.sparse, self.rename, self.rename, self.rename,
            self.link, self.link, self.delete, self.delete, self.metadata,
            self.metadata, self.copy])()
        self.again()


def main():
    pause = float(sys.argv[4]) / 1000 if len(sys.argv) > 4 else 0
    tree = Random(sys.argv[1], int(sys.argv[2]), pause > 0)
    for _ in range(int(sys.argv[3])):
        tree.step()
        if pause:
            time.sleep(random.random() * pause)


main()
