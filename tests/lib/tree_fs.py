"""What tree_make.py, tree_next.py and tree_compare.py share: a tree is reached
by descriptors of folders, so that its paths may be longer than PATH_MAX, and
names are any bytes (str with surrogates)."""
import contextlib
import errno
import os
import stat
import struct
import sys

FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
ACCESS = "system.posix_acl_access"
DEFAULT = "system.posix_acl_default"
SECOND = 1000 * 1000 * 1000


def acl(*entries):
    """The value of an ACL's attribute: entries are (tag, perms[, id]) with tag
    one of u (owner, or a user), g, m, o."""
    tags = {"u": (1, 2), "g": (4, 8), "m": (16, 16), "o": (32, 32)}
    value = struct.pack("<I", 2)
    for tag, perms, *who in entries:
        value += struct.pack("<HHI", tags[tag][len(who)], perms,
                             who[0] if who else 0xffffffff)
    return value


def shown(path):
    """PATH in printable ASCII."""
    return "".join(chr(b) if 32 <= b < 127 and b != 92 else "\\%03o" % b
                   for b in os.fsencode(path))


def brief(path):
    """The same for a person: long names are cut."""
    return "/".join(shown(name) if len(name) < 60 else
                    "%s...(%d)" % (shown(name[:20]), len(name))
                    for name in path.split("/"))


def look(fd, name):
    return os.stat(name, dir_fd=fd, follow_symlinks=False)


def by_fd(fd, name):
    """A path of any thing in a folder, however deep that lies."""
    return "/proc/self/fd/%d/%s" % (fd, name)


class Tree:
    """A tree that is being made or changed.  Paths are relative to its root."""

    def __init__(self, root, base):
        os.makedirs(root, exist_ok=True)
        self.fd = os.open(root, FOLDER)
        self.is_root = os.geteuid() == 0
        self.clock = base       # the next mtime, in ns
        self.missing = set()

    @contextlib.contextmanager
    def at(self, path):
        """(descriptor of the folder, name in it)"""
        *folders, name = path.split("/")
        fd = os.dup(self.fd)
        try:
            for folder in folders:
                deeper = os.open(folder, FOLDER, dir_fd=fd)
                os.close(fd)
                fd = deeper
            yield fd, name
        finally:
            os.close(fd)

    def tick(self):
        self.clock += 61 * SECOND + 7919
        return self.clock

    # ---- Making --------------------------------------------------------------

    def file(self, path, data=b"", mode=0o644, mtime=None):
        """DATA: bytes, or a list of (offset, bytes) and a size at its end."""
        with self.at(path) as (fd, name):
            f = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC |
                        os.O_NOFOLLOW, 0o600, dir_fd=fd)
            try:
                if isinstance(data, bytes):
                    data = [(0, data), len(data)]
                for offset, some in data[:-1]:
                    while some:
                        n = os.pwrite(f, some, offset)
                        some, offset = some[n:], offset + n
                os.ftruncate(f, data[-1])
            finally:
                os.close(f)
        self.chmod(path, mode)
        self.stamp(path, mtime)

    def folder(self, path, mode=0o755):
        with self.at(path) as (fd, name):
            os.mkdir(name, 0o700, dir_fd=fd)
        self.chmod(path, mode)

    def link(self, path, text, mtime=None):
        with self.at(path) as (fd, name):
            os.symlink(text, name, dir_fd=fd)
        self.stamp(path, mtime)

    def special(self, path, kind, mode=0o644, device=(1, 3), mtime=None):
        kinds = {"p": stat.S_IFIFO, "s": stat.S_IFSOCK, "c": stat.S_IFCHR,
                 "b": stat.S_IFBLK}
        with self.at(path) as (fd, name):
            os.mknod(name, kinds[kind] | 0o600, os.makedev(*device)
                     if kind in "cb" else 0, dir_fd=fd)
        self.chmod(path, mode)
        self.stamp(path, mtime)

    def hard(self, old, new):
        with self.at(old) as (a, x), self.at(new) as (b, y):
            os.link(x, y, src_dir_fd=a, dst_dir_fd=b, follow_symlinks=False)

    # ---- Changing --------------------------------------------------------------

    def stamp(self, path, mtime=None):
        mtime = self.tick() if mtime is None else mtime
        with self.at(path) as (fd, name):
            os.utime(name, ns=(mtime, mtime), dir_fd=fd,
                     follow_symlinks=False)

    def mtime(self, path):
        with self.at(path) as (fd, name):
            return look(fd, name).st_mtime_ns

    def chmod(self, path, mode):
        with self.at(path) as (fd, name):
            os.chmod(name, mode, dir_fd=fd)

    def chown(self, path, uid, gid):
        """As root only; takes bits of the mode away."""
        with self.at(path) as (fd, name):
            os.chown(name, uid, gid, dir_fd=fd, follow_symlinks=False)

    def xattr(self, path, name, value):
        """Where the file system has no such attributes that is noted."""
        with self.at(path) as (fd, last):
            try:
                os.setxattr(by_fd(fd, last), name, value,
                            follow_symlinks=False)
            except OSError as e:
                if e.errno not in (errno.EOPNOTSUPP, errno.EPERM):
                    raise
                self.missing.add(name)

    def no_xattr(self, path, name):
        with self.at(path) as (fd, last):
            try:
                os.removexattr(by_fd(fd, last), name, follow_symlinks=False)
            except OSError as e:
                if e.errno not in (errno.EOPNOTSUPP, errno.ENODATA):
                    raise

    def rename(self, old, new):
        with self.at(old) as (a, x), self.at(new) as (b, y):
            os.rename(x, y, src_dir_fd=a, dst_dir_fd=b)

    def read(self, path):
        with self.at(path) as (fd, name):
            with os.fdopen(os.open(name, os.O_RDONLY | os.O_NOFOLLOW,
                                   dir_fd=fd), "rb") as f:
                return f.read()

    def remove(self, path):
        with self.at(path) as (fd, name):
            self._remove(fd, name)

    def _remove(self, fd, name):
        if not stat.S_ISDIR(look(fd, name).st_mode):
            os.unlink(name, dir_fd=fd)
            return
        os.chmod(name, 0o700, dir_fd=fd)
        deeper = os.open(name, FOLDER, dir_fd=fd)
        try:
            for inside in os.listdir(deeper):
                self._remove(deeper, inside)
        finally:
            os.close(deeper)
        os.rmdir(name, dir_fd=fd)

    def stamp_folders(self):
        """Every folder gets a time, the deepest first."""
        self._stamp_folders(self.fd)
        os.utime(self.fd, ns=(self.tick(),) * 2)

    def _stamp_folders(self, fd):
        for name in sorted(os.listdir(fd)):
            st = look(fd, name)
            if not stat.S_ISDIR(st.st_mode):
                continue
            deeper = os.open(name, FOLDER, dir_fd=fd)
            self._stamp_folders(deeper)
            os.close(deeper)
            os.utime(name, ns=(self.tick(),) * 2, dir_fd=fd)

    def say_missing(self):
        for name in sorted(self.missing):
            print("this file system or user cannot have %s" % name,
                  file=sys.stderr)
