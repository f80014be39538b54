#!/usr/bin/env python3
"""svnhotsync_flat.py REVISIONS: a dump on stdout, each of whose revisions costs
the same.

r1 makes 20 folders of 20 files, and each revision after it gives one of them
2,000 other bytes.  (Those of tests/lib/mkdump.py add files and folders, and a
change in a larger folder costs Subversion more.)"""

import random
import sys

FOLDERS = FILES = 20
out = sys.stdout.buffer
random.seed(1)


def properties(*pairs):
    return b"".join(b"K %d\n%s\nV %d\n%s\n" % (len(k), k, len(v), v)
                    for k, v in pairs) + b"PROPS-END\n"


def revision(number):
    text = properties(
        (b"svn:author", b"me"),
        (b"svn:date", b"2020-01-01T%02d:%02d:%02d.000000Z" % (
            number // 3600 % 24, number // 60 % 60, number % 60)),
        (b"svn:log", b"revision %d" % number))
    out.write(b"Revision-number: %d\nProp-content-length: %d\n"
              b"Content-length: %d\n\n%s\n" % (
                  number, len(text), len(text), text))


def node(path, kind, action, text=None):
    out.write(b"Node-path: %s\nNode-kind: %s\nNode-action: %s\n" % (
        path, kind, action))
    if text is not None:
        out.write(b"Text-content-length: %d\nContent-length: %d\n\n%s" % (
            len(text), len(text), text))
    out.write(b"\n\n")


out.write(b"SVN-fs-dump-format-version: 2\n\n"
          b"UUID: 12345678-1234-4234-8234-123456789abc\n\n")
names = [(b"d%d" % d, b"d%d/f%d" % (d, f))
         for d in range(FOLDERS) for f in range(FILES)]
for number in range(1, int(sys.argv[1]) + 1):
    revision(number)
    if number == 1:
        for folder, path in names:
            if path.endswith(b"/f0"):
                node(folder, b"dir", b"add")
            node(path, b"file", b"add", b"")
    else:
        node(random.choice(names)[1], b"file", b"change",
             random.randbytes(2000))
