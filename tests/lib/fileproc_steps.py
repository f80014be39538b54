"""fileproc, killed at every single step of one item's life.

    fileproc_steps.py FOLDER SYNCGATE KILL_AT FORM SIDE EVERY

runs a job of one item again and again, in which kill_at kills a process of SIDE
(one of SIDES) at its first step, then at its second, ... until the item has come
through: at every step, or with EVERY above 1, at one of so many.  After each
kill (and after half of those of syncgate another one, somewhere in the next run)
a run that nobody kills must bring all to its end.  FORM is one of FORMS; those
of ACTIONS begin with an item that was given up, and kill that command.  MARK is as for fileproc_torture.py, and so is what it prints.
"""
import os
import random
import shutil
import subprocess
import sys

import fileproc_left as left

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
TEXT = "".join("this is line %d of the item\n" % i for i in range(3000))
SIDES = ("main", "syncgate-agent", "syncgate-keeper", "syncgate-exec", "sh")
UPPER = "command=set -e; cat >a; tr a-z A-Z <a"
FILES = ["answer=files", "input=stdin", "shell=yes", "command=set -e; "
         "cat >a; mkdir \"$SYNCGATE_OUT/f\"; tr a-z A-Z <a >\"$SYNCGATE_OUT/f/one\"; "
         "cp a \"$SYNCGATE_OUT/two\""]
FORMS = {
    # What the job is told, and what there is at its end.
    "command": (["shell=yes", UPPER], {"out/sub/item": TEXT.upper()}),
    "c": (["processor=" + TOP + "/conf/examples/fileproc-uppercase.c"],
          {"out/sub/item": TEXT.upper()}),
    "keep": (["shell=yes", UPPER, "done=keep"],
             {"out/sub/item": TEXT.upper(), "in.done/sub/item": TEXT}),
    "replace": (["shell=yes", UPPER, "duplicates=replace"],
                {"out/sub/item": TEXT.upper()}),
    "folder": (FILES + ["outputs=folder"],
               {"out/sub/item/f/one": TEXT.upper(), "out/sub/item/two": TEXT}),
    "flat": (FILES + ["outputs=flat", "output-name=%n.%o"],
             {"out/sub/item.f/one": TEXT.upper(), "out/sub/item.two": TEXT,
              "out/sub/item.done": ""}),
    "failing": (["shell=yes", "command=cat >a; echo sorry >&2; exit 7",
                 "retries=1"],
                {"in.failed/sub/item": TEXT, "in.failed/sub/item.error": None}),
    "retry": (["shell=yes", UPPER], {"out/sub/item": TEXT.upper()}),
    "discard": (["shell=yes", UPPER], {}),
}
ACTIONS = {"retry": ["retry", "j", "--all"],
           "discard": ["discard", "j", "--all", "--failed"]}


class Steps:
    def __init__(self, folder, syncgate, kill_at, form, side, every):
        self.folder = folder
        self.syncgate = syncgate
        self.kill_at = kill_at
        self.form = form
        self.side = side
        self.every = int(every)
        self.words, self.wanted = FORMS[form]
        self.mark = os.environ["MARK"]
        self.template = folder + ".new"
        self.kills = 0

    def path(self, *names):
        return os.path.join(self.folder, *names)

    def command(self, form=None):
        form = form or self.form
        words = FORMS[form][0]
        if form != "failing":
            words = words + ["retries=5"]
        return [self.syncgate, "run", "--once",
                "--store=sqlite:" + self.path("store.db"), "--plugin",
                "fileproc", "data-in=" + self.path("in"),
                "data-out=" + self.path("out"), "backoff=20ms",
                "settle=20ms", "concurrency=1"] + words

    def run(self, words, seconds=60):
        """The exit status; what it says goes to the log."""
        with open(self.path("log"), "ab") as log:
            return subprocess.run(words, stdout=log, stderr=log, check=False,
                                  timeout=seconds,
                                  stdin=subprocess.DEVNULL).returncode

    def action(self):
        """The command that is killed, of ACTIONS; None: a run."""
        if self.form not in ACTIONS:
            return None
        with open(self.path("conf"), "w") as f:
            f.write("store = \"sqlite:%s\"\njob j {\n plugin = \"fileproc\"\n"
                    % self.path("store.db"))
            for word in self.command()[6:]:
                name, value = word.split("=", 1)
                f.write(" %s = \"%s\"\n" % (name, value))
            f.write("}\n")
        return [self.syncgate, ACTIONS[self.form][0], "-c",
                self.path("conf")] + ACTIONS[self.form][1:]

    def write_item(self):
        with open(self.path("in", "sub", "item"), "w") as f:
            f.write(TEXT)

    def prepare(self):
        """A folder whose job has run, so that there are queue and store."""
        os.makedirs(self.path("in", "sub"))
        form = "command"
        if self.form in ACTIONS:
            self.write_item()
            form = "failing"
        if self.run(self.command(form)) != 0:
            raise SystemExit("FAILED: a first run")
        os.rename(self.folder, self.template)

    def renew(self):
        shutil.rmtree(self.folder, ignore_errors=True)
        shutil.copytree(self.template, self.folder)
        if self.form not in ACTIONS:
            self.write_item()

    def killed(self, number, command):
        """What was killed, or None; and the exit status of the run."""
        report = self.path("report")
        status = self.run([self.kill_at, self.side, str(number), report] +
                          command)
        with open(report) as f:
            what, detail = f.read().split()
        return (detail if what == "killed" else None), status

    # ---- What must hold ----------------------------------------------------

    def wrong_content(self):
        found = sorted(p for folder in ("out", "in.failed", "in.done")
                       for p in left.files(self.folder, folder))
        if found != sorted(self.wanted):
            return "there are %s" % found
        for name, text in self.wanted.items():
            with open(self.path(name)) as f:
                got = f.read()
            if text is not None and got != text:
                return "%s is wrong: %d bytes" % (name, len(got))
            if text is None and [("\n" + got).count("\ntry %d," % n) for n in
                                 (1, 2, 3)] != [1, 1, 0]:
                return "%s does not tell all: %s" % (name, got)
        return None

    def left_over(self):
        folder = self.folder
        return left.claims(folder) + left.staged(folder) + left.rooms(folder)

    def wrong_records(self):
        records = left.records(self.folder)
        wanted = 1 if self.form == "failing" else 0
        return None if len(records) == wanted else "records: %s" % records

    def sweep(self):
        """What a killed agent left goes when its remote is used again."""
        if self.side == "main" or not left.within(
                1, lambda: left.rooms(self.folder)):
            return
        with open(self.path("in", "last"), "w") as f:
            f.write(TEXT)
        self.run(self.command())
        for folder in ("out", "in.done", "in.failed"):
            for name in left.files(self.folder, folder):
                if name.startswith(folder + "/last"):
                    os.unlink(self.path(name))
        shutil.rmtree(self.path("out", "last"), ignore_errors=True)

    def look(self):
        """What is wrong, or None."""
        wrong = self.wrong_content() or self.wrong_records()
        if wrong:
            return wrong
        self.sweep()
        left_over = left.within(10, self.left_over) or left.within(
            10, lambda: left.processes(self.mark))
        return "left: %s" % left_over if left_over else None

    def complete(self):
        """What nobody kills any more; what is wrong with it."""
        if self.form in ACTIONS:
            self.run(self.action())     # fails if there is nothing to do
        status = self.run(self.command())
        return "the next run ended with %d" % status if status else None

    def one_kill(self, number):
        """What was killed, and what is wrong."""
        call, status = self.killed(number, self.action() or self.command())
        if call is not None and self.side == "main":
            if self.form not in ACTIONS and random.random() < 0.5:
                again = random.randint(1, 100)
                second, _ = self.killed(again, self.command())
                call = "%s, then %d, %s" % (call, again, second)
            return call, self.complete()
        # Where we live on, the item must come through at once.
        if status != 0:
            return call, "it ended with %d" % status
        wrong = None
        if self.form not in ACTIONS:
            wrong = self.wrong_content() or self.wrong_records()
        return call, wrong or self.complete()

    def one(self, number):
        """1 when it was killed; what was wrong is said."""
        self.renew()
        try:
            call, wrong = self.one_kill(number)
            wrong = wrong or self.look()
        except subprocess.TimeoutExpired:
            call, wrong = "?", "it does not end"
        if wrong:
            print("FAILED: %s, %s: step %d, %s: %s" % (
                self.form, self.side, number, call, wrong), flush=True)
            self.show_log()
            kept = self.folder + ".failed.%d" % number
            shutil.move(self.folder, kept)
        self.kills += call is not None
        return call is not None

    def show_log(self):
        with open(self.path("log")) as log:
            for line in log.readlines()[-15:]:
                print("    | " + line, end="")

    def all(self):
        self.prepare()
        number = random.randint(1, self.every)
        while self.one(number):
            number += self.every
        print("ok: %s: %d kills of %s, and the item came through" % (
            self.form, self.kills, self.side), flush=True)


Steps(*sys.argv[1:]).all()
