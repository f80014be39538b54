"""fileproc's torture: writers, kills, and what must hold afterwards.

    fileproc_torture.py FOLDER SYNCGATE SSHD_PID REMOTE...

runs a job of FOLDER/in and FOLDER/out, while items are written and processes
are killed, until each item has its result.  From the environment: SEED, ITEMS,
KILLS, MODE (how items are processed: one of modes() below), MARK (a word that
is in the environment of all processes of the job, with `MARK=`), AT_ONCE, STORE
(another one than FOLDER/store.db).  It prints what it checked, a sentence a line, "ok: ..." or "FAILED: ...".
"""
import hashlib
import multiprocessing
import os
import random
import signal
import subprocess
import sys
import time
import zlib

import fileproc_left as left
import fileproc_writers as writers

HERE = os.path.dirname(os.path.abspath(__file__))
SUM = 'printf "\\nsum %s\\n" "$(sha256sum <item | cut -d" " -f1)"'
LASTS = 'case $SYNCGATE_ITEM in *lasts*) sleep 0.4 ;; esac'


def modes():
    """What the job is told about the processor, and how a result is named."""
    body = "cat >item; %s; " % LASTS
    files = body + "cd \"$SYNCGATE_OUT\"; mv ../item body; " \
        "sha256sum <body | cut -d' ' -f1 >sum"
    return {
        "command": ["shell=yes", "command=" + body + "cat item; " + SUM],
        "c": ["processor=" + os.path.join(HERE, "fileproc_torture.c")],
        "folder": ["shell=yes", "answer=files", "outputs=folder",
                   "input=stdin", "command=" + files],
        "flat": ["shell=yes", "answer=files", "outputs=flat", "input=stdin",
                 "output-name=%n.%o", "command=" + files],
    }


class Torture:
    def __init__(self, folder, syncgate, sshd, remotes):
        env = os.environ
        self.folder = folder
        self.syncgate = syncgate
        self.sshd = int(sshd)
        self.remotes = remotes
        self.mark = env["MARK"]
        self.seed = env["SEED"]
        self.mode = env.get("MODE", "command")
        self.kills = int(env["KILLS"])
        self.chance = random.Random(self.seed)
        self.items = writers.make_items(self.seed, int(env["ITEMS"]))
        self.wanted = [None] * len(self.items)
        self.seen = {}          # index: name of its result
        self.looked = {}        # name in data-out: what it was
        self.struck = {}
        self.wrong = []
        self.process = None
        self.starts = 0
        self.done = multiprocessing.Value("i", 0)
        self.store = env.get("STORE") or "sqlite:" + self.path("store.db")
        for name in ("in", "out", "aside", "taken"):
            os.mkdir(self.path(name))

    def path(self, *names):
        return os.path.join(self.folder, *names)

    def complain(self, text):
        if len(self.wrong) < 30:
            print("    at %.1f s: %s" % (time.time() - self.began, text),
                  flush=True)
        self.wrong.append(text)

    # ---- The job -----------------------------------------------------------

    def start(self):
        words = [self.syncgate, "run", "--verbose",
                 "--store=" + self.store,
                 "--plugin", "fileproc", "data-in=" + self.path("in"),
                 "data-out=" + self.path("out"), "retries=100",
                 "backoff=50ms", "backoff-max=1s", "settle=200ms",
                 "concurrency=" + os.environ.get("AT_ONCE", "3")]
        words += ["remotes=" + one for one in self.remotes]
        words += modes()[self.mode]
        with open(self.path("log"), "ab") as log:
            self.process = subprocess.Popen(words, stdout=log, stderr=log,
                                            stdin=subprocess.DEVNULL)
        self.starts += 1

    def is_running(self):
        """Nobody but us ends it."""
        if self.process.poll() is None:
            return
        self.complain("syncgate ended by itself, with %d" %
                      self.process.returncode)
        time.sleep(0.5)
        self.start()

    # ---- Results -----------------------------------------------------------

    def want(self, index):
        """What the result of the item is: a list of contents."""
        if self.wanted[index] is None:
            content = self.items[index].content()
            total = hashlib.sha256(content).hexdigest().encode()
            if self.mode == "c":
                total = b"%08x" % zlib.crc32(content)
            if self.mode in ("command", "c"):
                parts = [content + b"\nsum " + total + b"\n"]
            else:
                parts = [content, total + b"\n"]
            self.wanted[index] = [hashlib.sha256(p).digest() for p in parts]
        return self.wanted[index]

    def parts_of(self, name):
        path = self.path("out", name)
        if self.mode in ("command", "c"):
            return [path]
        if self.mode == "folder":
            return [os.path.join(path, "body"), os.path.join(path, "sum")]
        return [path + ".body", path + ".sum"]

    def look_at(self, name):
        """A result has appeared: is it whole at once?"""
        self.looked[name] = None
        contents = []
        for part in self.parts_of(name):
            try:
                with open(part, "rb") as f:
                    contents.append(f.read())
            except OSError as e:
                return self.complain("%s is not whole: %s" % (name, e))
        line = contents[0].split(b"\n", 1)[0].split()
        if len(line) != 2 or line[0] != b"item" or not line[1].isdigit() or \
                int(line[1]) >= len(self.items):
            return self.complain("%s is no result" % name)
        index = int(line[1])
        if [hashlib.sha256(c).digest() for c in contents] != self.want(index):
            return self.complain("%s is not whole or wrong" % name)
        if name.split("~")[0] != self.items[index].name:
            return self.complain("%s is of item %s" % (
                name, self.items[index].name))
        if index in self.seen:
            return self.complain("item %s came twice: %s and %s" % (
                index, self.seen[index], name))
        self.seen[index] = name
        # A part of them is taken away, as who uses them would.
        if self.mode != "flat" and index % 2:
            os.rename(self.path("out", name), self.path("taken", str(index)))
            del self.looked[name]

    def names(self):
        """Names of results; of flat ones, those whose marker is there."""
        out = self.path("out")
        for folder, folders, files in os.walk(out):
            beneath = os.path.relpath(folder, out)
            if beneath == ".":
                folders[:] = [f for f in folders if f != ".syncgate"]
                beneath = ""
            here = files
            if self.mode == "folder":
                here = [f for f in folders if f[:1].isdigit()]
                folders[:] = [f for f in folders if not f[:1].isdigit()]
            for name in here:
                name = os.path.join(beneath, name)
                if self.mode != "flat":
                    yield name
                elif ".done" in name:
                    yield name.replace(".done", "")

    def look(self):
        for name in list(self.names()):
            if name not in self.looked:
                self.look_at(name)
        self.done.value = len(self.seen)
        self.is_running()

    # ---- Kills -------------------------------------------------------------

    def marked(self, table):
        return [pid for pid in table if left.is_marked(pid, self.mark)]

    def victims(self, who):
        if who == "syncgate":
            return [self.process.pid]
        table = left.table()
        if who == "sshd":
            return [pid for pid in table if table[pid][1].startswith("sshd")
                    and pid != self.sshd and self.is_beneath(pid, table)]
        ours = self.marked(table)
        if who == "processor" and self.mode != "c":
            return [pid for pid in ours if table.get(table[pid][0],
                    (0, ""))[1] == "syncgate-exec"]
        comm = {"processor": "syncgate-exec", "router": "syncgate-agent",
                "keeper": "syncgate-keeper", "executor": "syncgate-exec"}[who]
        return [pid for pid in ours if table[pid][1] == comm]

    def is_beneath(self, pid, table):
        while pid in table and pid > 1:
            pid = table[pid][0]
            if pid == self.sshd:
                return True
        return False

    def strike(self):
        who = self.chance.choice(("syncgate", "syncgate", "router", "executor",
                                  "keeper", "processor", "processor") +
                                 (("sshd",) if self.sshd > 0 else ()))
        for _ in range(40):
            victims = self.victims(who)
            if victims:
                break
            self.look()
            time.sleep(0.02)
        else:
            return False
        pid = self.chance.choice(victims)
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            return False
        self.struck[who] = self.struck.get(who, 0) + 1
        with open(self.path("log"), "a") as log:
            log.write("==== %.3f killed %s, %d\n" % (time.time(), who, pid))
        if who == "syncgate":
            self.process.wait()
            self.start()
        return True

    def wait_for(self, count, seconds):
        """Until there are COUNT results, or nothing has come for SECONDS."""
        last, since = -1, time.time()
        while len(self.seen) < count and time.time() - since < seconds:
            if len(self.seen) != last:
                last, since = len(self.seen), time.time()
            self.look()
            time.sleep(0.02)
        return len(self.seen) >= count

    def run(self):
        self.began = time.time()
        self.start()
        of_each = 6
        written = multiprocessing.RawArray("b", len(self.items))
        children = [multiprocessing.Process(
            target=writers.write_all, args=(
                self.items[n::of_each], self.path("in"), self.path("aside"),
                self.done, int(os.environ.get("AHEAD", "40")), written))
            for n in range(of_each)]
        for child in children:
            child.start()
        n = 0
        while n < self.kills:
            self.wait_for(len(self.items) * n // self.kills -
                          len(self.wrong), 60)
            time.sleep(self.chance.uniform(0, 0.3))
            if self.strike() or len(self.seen) == len(self.items):
                n += 1
        if not self.wait_for(len(self.items) - len(self.wrong), 120):
            self.complain("there are %d results of %d, and no more come" % (
                len(self.seen), len(self.items)))
        for child in children:
            if self.wrong:
                child.terminate()
            child.join()

    # ---- The end -----------------------------------------------------------

    def check(self, sentence, wrong):
        if wrong:
            print("FAILED: %s: %s" % (sentence, str(wrong)[:2000]), flush=True)
        else:
            print("ok: %s" % sentence, flush=True)

    def extra(self):
        """What is in data-out and no result."""
        known = set()
        for name in self.looked:
            known.update(self.parts_of(name))
            if self.mode == "flat":
                known.add(self.path("out", name + ".done"))
        return [p for p in left.files(self.folder, "out")
                if self.path(p) not in known]

    def records(self):
        """What `syncgate items` lists."""
        with open(self.path("conf"), "w") as f:
            f.write("store = \"%s\"\njob j {\n plugin = \"fileproc\"\n"
                    " data-in = \"%s\"\n data-out = \"%s\"\n"
                    " command = \"cat\"\n}\n" % (
                        self.store, self.path("in"), self.path("out")))
        return subprocess.run(
            [self.syncgate, "items", "--json", "-c", self.path("conf"), "j"],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            check=False).stdout.decode()

    def finish(self):
        folder = self.folder
        left.within(20, lambda: self.records() or left.claims(folder))
        # What a kill has left goes when that remote is opened again, which the
        # last kill may have made necessary a moment ago.
        left.within(60, lambda: left.dead_rooms(folder))
        self.process.terminate()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.complain("syncgate does not end after SIGTERM")
            self.process.kill()
            self.process.wait()
        if self.process.returncode != 0:
            self.complain("after SIGTERM it ended with %d" %
                          self.process.returncode)
        seconds = time.time() - self.began
        self.check("%d items came through %s in %.0f s (%s)" % (
            len(self.items), ", ".join("%d kills of %s" % (n, w) for w, n in
                                       sorted(self.struck.items())), seconds,
            self.mode), self.wrong)
        self.check("each of them has one result",
                   [i.name for i in self.items if i.index not in self.seen])
        self.check("nothing else is in data-out", self.extra())
        self.check("nothing is left in data-in and its claims",
                   left.claims(folder))
        self.check("nothing is left staged", left.staged(folder))
        self.check("no item failed", left.files(folder, "in.failed"))
        self.check("the store has no record", self.records())
        if "STORE" not in os.environ:
            self.check("no row", left.records(folder))
        self.check("no room is left",
                   left.within(10, lambda: left.rooms(folder)))
        self.check("no process is left",
                   left.within(10, lambda: left.processes(self.mark)))


def main():
    torture = Torture(*sys.argv[1:4], sys.argv[4:])
    torture.run()
    torture.finish()


main()
