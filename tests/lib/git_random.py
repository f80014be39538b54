#!/usr/bin/env python3
"""git_random.py REPOSITORY SEED REVISIONS: make a Subversion repository whose
history nobody would have thought of.

Folders and files are made, changed, copied from anywhere at any revision,
replaced, renamed and removed, in branches and beside them, several at once;
they have names that Git has uses for, and properties that mean something.  The
same SEED, the same history.  What Subversion does not take is left out.
"""
import os
import random
import subprocess
import sys

NAMES = ["a", "b", "c", ".git", ".gitignore", ".svnexternals", "x.lock", "f g",
         "%2Egit"]
TOPS = ["trunk", "branches", "tags", "branches/a", "branches/b", "branches/a.b",
        "tags/1", "tags/2", "vendor", "p", "p/trunk", "p/branches",
        "p/branches/a"]
TEXTS = ["link a\n", "link ../b/c", "x\n", "y\nz\n", "", "*.o\n/x\n",
         "long " * 300]
EXTERNALS = ["^/trunk z", "^/trunk@2 z", "-r 3 ^/p@2 a/b\n../x -y\n# c\n\n"
             "/y b", "c/d http://x.example.org/c\n//h/x '.git'",
             "^/q 'a;b #'"]
IGNORE = ["*.o\n!x\n#y  \na/b", "/x y"]


def run(*argv):
    return subprocess.run(argv, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT).stdout.decode()


class History:
    def __init__(self, repository, seed):
        self.random = random.Random(seed)
        self.repository = repository
        self.url = "file://" + os.path.abspath(repository)
        self.trees = [([], [])]     # folders and files of each revision
        self.texts = 0

    def one(self, some):
        return self.random.choice(some)

    def text(self):
        self.texts += 1
        name = "%s.%d" % (self.repository, self.texts % 50)
        with open(name, "w") as f:
            f.write(self.one(TEXTS) + self.one(["", "1", "2\n"]))
        return os.path.abspath(name)

    def inside(self):
        return self.one(self.folders + ["trunk"]) + "/" + self.one(NAMES)

    def copied(self):
        rev = self.one([len(self.trees) - 1, self.random.randrange(
            max(0, len(self.trees) - 11), len(self.trees))])
        folders, files = self.trees[rev]
        if not folders:
            return []
        to = self.one([self.one(TOPS), self.inside()])
        there = to in self.folders or to in self.files
        words = ["rm", to] if there and self.random.random() < .5 else []
        words += ["cp", str(rev), self.one(folders + folders + files), to]
        if self.random.random() < .3:
            words += ["put", self.text(), to + "/" + self.one(NAMES)]
        return words

    def merged(self):
        last = len(self.trees)
        lines = []
        for _ in range(self.random.randint(1, 3)):
            first = self.random.randint(1, last)
            lines.append("/%s:%d-%d%s" % (
                self.one(["trunk", "branches/a", "branches/b", "nowhere"]),
                self.one([1, first]), self.random.randint(first, last + 3),
                self.one(["", "", "*"])))
        return self.one(["\n".join(lines)] * 9 + ["garbage"])

    def prop(self):
        if self.files and self.random.random() < .6:
            name, value, path = self.one(["svn:executable", "svn:special",
                                          "p"]), "*", self.one(self.files)
            if self.random.random() < .3:
                return ["propset", "svn:executable", "", path,
                        "propset", "svn:special", "", path]
        elif self.folders:
            name, value = self.one([("svn:ignore", self.one(IGNORE)),
                                    ("svn:global-ignores", self.one(IGNORE)),
                                    ("svn:externals", self.one(EXTERNALS)),
                                    ("svn:mergeinfo", self.merged())])
            path = self.one(self.folders)
        else:
            return []
        return ["propset", name, value, path] if self.random.random() < .6 \
            else ["propdel", name, path]

    def words(self):
        what = self.random.random()
        if what < .12:
            return ["mkdir", self.one(TOPS)]
        if what < .2:
            return ["mkdir", self.inside()]
        if what < .4 or not self.folders:
            return ["put", self.text(), self.inside()]
        if what < .5 and self.files:
            return ["put", self.text(), self.one(self.files)]
        if what < .6:
            return ["rm", self.one(self.folders + self.files)]
        if what < .76:
            return self.copied()
        if what < .8:
            return ["mv", self.one(self.folders + self.files), self.one(TOPS)]
        return self.prop()

    def step(self):
        self.folders, self.files = self.trees[-1]
        words = []
        for _ in range(self.one([1, 1, 1, 2, 3, 4])):
            words += self.words()
        if words:
            run("svnmucc", "-U", self.url, "-m", "a step", *words)
        if int(run("svnlook", "youngest", self.repository)) < len(self.trees):
            return
        lines = run("svnlook", "tree", "--full-paths",
                    self.repository).splitlines()
        self.trees.append(([line[:-1] for line in lines
                            if line.endswith("/") and line != "/"],
                           [line for line in lines if line[-1:] != "/"]))


def main():
    repository, seed, revisions = sys.argv[1:]
    run("svnadmin", "create", repository)
    history = History(repository, int(seed))
    for _ in range(int(revisions) * 6):
        if len(history.trees) <= int(revisions):
            history.step()


main()
