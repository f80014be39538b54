#!/usr/bin/env python3
"""tree_mixture.py OLD NEW TREE: is each file of TREE as it is in OLD or as it is
in NEW, whole, and each link?  Says what is a mixture, in a line each, and exits
with 1; and how many files are which.  Names of a run that was killed are not
looked at, but there may be some."""
import os
import stat
import sys

from tree_fs import FOLDER, brief, look


class Side:
    """A folder of OLD or NEW; one that is not there has nothing in it."""

    def __init__(self, fd):
        self.fd = fd

    def deeper(self, name):
        if self.fd is None:
            return Side(None)
        try:
            return Side(os.open(name, FOLDER, dir_fd=self.fd))
        except OSError:
            return Side(None)

    def close(self):
        if self.fd is not None:
            os.close(self.fd)


def content(fd, name):
    """What a file holds or where a link shows; None if it is neither."""
    try:
        st = look(fd, name)
        if stat.S_ISLNK(st.st_mode):
            return "link", os.readlink(name, dir_fd=fd)
        if not stat.S_ISREG(st.st_mode):
            return None
        with os.fdopen(os.open(name, os.O_RDONLY | os.O_NOFOLLOW, dir_fd=fd),
                       "rb") as f:
            if st.st_size < 1 << 24:
                return "file", f.read()
            # A sparse one: what is not null in it.
            return "file", st.st_size, [(i, p) for i, p in enumerate(
                iter(lambda: f.read(1 << 20), b"")) if p.count(0) != len(p)]
    except OSError:
        return None


class Check:
    def __init__(self):
        self.counts = {"old": 0, "new": 0, "both": 0, "mixture": 0}

    def one(self, path, fd, name, old, new):
        mine = content(fd, name)
        is_old = old.fd is not None and content(old.fd, name) == mine
        is_new = new.fd is not None and content(new.fd, name) == mine
        kind = "both" if is_old and is_new else "old" if is_old else \
            "new" if is_new else "mixture"
        self.counts[kind] += 1
        if kind == "mixture":
            print("%s is neither the old one nor the new one" % brief(path))

    def folder(self, path, fd, old, new):
        for name in sorted(os.listdir(fd)):
            st = look(fd, name)
            inside = path + "/" + name if path else name
            if stat.S_ISDIR(st.st_mode):
                deeper = os.open(name, FOLDER, dir_fd=fd)
                sides = old.deeper(name), new.deeper(name)
                self.folder(inside, deeper, *sides)
                for side in sides:
                    side.close()
                os.close(deeper)
            elif content(fd, name) is not None and \
                    not name.startswith(".syncgate-tmp-"):
                self.one(inside, fd, name, old, new)


def main():
    old, new, tree = (os.open(path, os.O_RDONLY | os.O_DIRECTORY)
                      for path in sys.argv[1:])
    check = Check()
    check.folder("", tree, Side(old), Side(new))
    print("%(old)d old, %(new)d new, %(both)d both" % check.counts)
    return 1 if check.counts["mixture"] else 0


sys.exit(main())
