#!/usr/bin/env python3
"""tree_compare.py [--ignore KIND,...] [--kinds] A B: compare two trees, and say
each difference in a line: PATH: KIND: what it is in A, what in B.  Exit 0 if
there is none, 1 if there are.  --kinds says how often each kind is there.

Kinds: missing (in B), extra, type, mode, owner, group, mtime (nanoseconds),
size, content, link (its text), links (which names are one file), xattr, acl,
holes (B has data where A has none; zeros may become holes), blocks (B needs
more), device, unreadable.

tree_compare.py --list A: a line for each thing in a tree, with its inode, and
when it was changed last (ctime): the same text twice if nothing was done in
between.  tree_compare.py --names A: nothing but the names."""
import collections
import os
import stat
import sys

from tree_fs import ACCESS, DEFAULT, FOLDER, brief, by_fd, look, shown

PIECE = 1 << 20
BLOCK = 4096
SLACK = 128         # blocks of 512 bytes: trees of extents, attributes

TYPES = {stat.S_IFREG: "file", stat.S_IFDIR: "folder", stat.S_IFLNK: "link",
         stat.S_IFIFO: "fifo", stat.S_IFSOCK: "socket", stat.S_IFCHR:
         "character device", stat.S_IFBLK: "block device"}


def kind_of(st):
    return TYPES[stat.S_IFMT(st.st_mode)]


def data_of(fd, size):
    """[(begin, end)]: where there is data, in whole blocks."""
    found = []
    at = 0
    while at < size:
        try:
            at = os.lseek(fd, at, os.SEEK_DATA)
        except OSError:         # ENXIO: no more
            break
        end = os.lseek(fd, at, os.SEEK_HOLE)
        begin = at // BLOCK * BLOCK
        if found and begin <= found[-1][1]:
            found[-1] = (found[-1][0], -(-end // BLOCK) * BLOCK)
        else:
            found.append((begin, -(-end // BLOCK) * BLOCK))
        at = end
    return found


def is_within(some, extents):
    return any(begin <= some[0] and some[1] <= end for begin, end in extents)


def attrs_of(fd, name):
    path = by_fd(fd, name)
    return {attr: os.getxattr(path, attr, follow_symlinks=False)
            for attr in os.listxattr(path, follow_symlinks=False)}


class Comparison:
    def __init__(self, ignore):
        self.ignore = ignore
        self.kinds = collections.Counter()
        self.files = ({}, {})       # (device, inode): [path]

    def tell(self, path, kind, a, b):
        if kind in self.ignore:
            return
        self.kinds[kind] += 1
        print("%s: %s: %s, %s" % (brief(path), kind, a, b))

    def attrs(self, path, a, b):
        x, y = attrs_of(*a), attrs_of(*b)
        for name in sorted(set(x) | set(y)):
            if x.get(name) != y.get(name):
                self.tell(path, "acl" if name in (ACCESS, DEFAULT) else
                          "xattr", "%s=%r" % (shown(name), x.get(name)),
                          "%r" % y.get(name))

    def content(self, path, a, b, st, mine):
        fds = []
        try:
            for fd, name in (a, b):
                fds.append(os.open(name, os.O_RDONLY | os.O_NOFOLLOW |
                                   os.O_NONBLOCK, dir_fd=fd))
            x, y = (data_of(fd, st.st_size) for fd in fds)
            if any(not is_within(some, x) for some in y):
                self.tell(path, "holes", x[:8], y[:8])
            if mine.st_blocks > st.st_blocks + SLACK:
                self.tell(path, "blocks", st.st_blocks, mine.st_blocks)
            for begin, end in x + (y if y != x else []):
                for at in range(begin, end, PIECE):
                    n = min(PIECE, end - at)
                    if os.pread(fds[0], n, at) != os.pread(fds[1], n, at):
                        self.tell(path, "content", "from %d on" % at, "")
                        return
        except OSError as e:
            self.tell(path, "unreadable", e.strerror, "")
        finally:
            for fd in fds:
                os.close(fd)

    def link(self, path, a, b):
        x, y = (os.readlink(name, dir_fd=fd) for fd, name in (a, b))
        if x != y:
            self.tell(path, "link", brief(x), brief(y))

    def one(self, path, a, b):
        """A and B are (folder, name)."""
        st, mine = look(*a), look(*b)
        if stat.S_IFMT(st.st_mode) != stat.S_IFMT(mine.st_mode):
            self.tell(path, "type", kind_of(st), kind_of(mine))
            return
        if stat.S_IMODE(st.st_mode) != stat.S_IMODE(mine.st_mode):
            self.tell(path, "mode", "%04o" % stat.S_IMODE(st.st_mode),
                      "%04o" % stat.S_IMODE(mine.st_mode))
        for kind, x, y in (("owner", st.st_uid, mine.st_uid),
                           ("group", st.st_gid, mine.st_gid),
                           ("mtime", st.st_mtime_ns, mine.st_mtime_ns)):
            if x != y:
                self.tell(path, kind, x, y)
        self.attrs(path, a, b)
        if stat.S_ISDIR(st.st_mode):
            self.folder(path, a, b)
            return
        if st.st_nlink != mine.st_nlink:
            self.tell(path, "links", st.st_nlink, mine.st_nlink)
        for files, s in zip(self.files, (st, mine)):
            if s.st_nlink > 1:
                files.setdefault((s.st_dev, s.st_ino), []).append(path)
        if stat.S_ISREG(st.st_mode):
            if st.st_size != mine.st_size:
                self.tell(path, "size", st.st_size, mine.st_size)
            else:
                self.content(path, a, b, st, mine)
        elif stat.S_ISLNK(st.st_mode):
            self.link(path, a, b)
        elif st.st_rdev != mine.st_rdev:
            self.tell(path, "device", hex(st.st_rdev), hex(mine.st_rdev))

    def folder(self, path, a, b):
        fds = []
        try:
            for fd, name in (a, b):
                fds.append(os.open(name, FOLDER, dir_fd=fd))
            x, y = (set(os.listdir(fd)) for fd in fds)
        except OSError as e:
            self.tell(path, "unreadable", e.strerror, "")
            for fd in fds:
                os.close(fd)
            return
        for name in sorted(x | y):
            inside = path + "/" + name if path != "." else name
            if name not in y:
                self.tell(inside, "missing", kind_of(look(fds[0], name)), "")
            elif name not in x:
                self.tell(inside, "extra", "", kind_of(look(fds[1], name)))
            else:
                self.one(inside, (fds[0], name), (fds[1], name))
        for fd in fds:
            os.close(fd)

    def groups(self):
        """Names of one file in A are names of one file in B, and no others."""
        x, y = ({path: names for names in files.values() for path in names}
                for files in self.files)
        for path in sorted(set(x) | set(y)):
            if x.get(path, [path]) != y.get(path, [path]):
                self.tell(path, "links", *(", ".join(
                    brief(name) for name in side.get(path, [path])[:6])
                    for side in (x, y)))


def listing(path, fd, name, with_inodes):
    st = look(fd, name)
    if with_inodes:
        print(shown(path), st.st_ino, st.st_ctime_ns, st.st_mtime_ns,
              oct(st.st_mode), st.st_nlink)
    else:
        print(shown(path))
    if not stat.S_ISDIR(st.st_mode):
        return
    deeper = os.open(name, FOLDER, dir_fd=fd)
    for inside in sorted(os.listdir(deeper)):
        listing(path + "/" + inside if path != "." else inside, deeper,
                inside, with_inodes)
    os.close(deeper)


def main(args):
    if args[0] in ("--list", "--names"):
        fd = os.open(args[1], os.O_RDONLY | os.O_DIRECTORY)
        listing(".", fd, ".", args[0] == "--list")
        return 0
    ignore, count = (), False
    while args[0].startswith("--"):
        option = args.pop(0)
        if option == "--ignore":
            ignore = args.pop(0).split(",")
        elif option == "--kinds":
            count = True
        else:
            print(__doc__, file=sys.stderr)
            return 2
    comparison = Comparison(ignore)
    fds = [os.open(root, os.O_RDONLY | os.O_DIRECTORY) for root in args]
    comparison.one(".", (fds[0], "."), (fds[1], "."))
    comparison.groups()
    if count:
        for kind, n in sorted(comparison.kinds.items()):
            print("%d times %s" % (n, kind))
    return 1 if comparison.kinds else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
