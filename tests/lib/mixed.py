"""mixed.py: forty jobs of all plugins, for tests/fault/daemon_mixed.sh.

    mixed.py conf HOST		the configuration, on stdout, and the folders
    mixed.py write SECONDS	change all sources, each a little, in turns
    mixed.py strike SECONDS MARK DAEMON CUT	faults by chance, each one a line
    mixed.py compare		say what is not equal; nothing if all is

All in the present folder.  HOST is the xspec of an sshd.  DAEMON is a file with
the daemon's process id, CUT a command that is told "down" or "up".
"""
import filecmp
import os
import random
import signal
import subprocess
import sys
import time

TREES, REPOSITORIES, QUEUES = 14, 13, 13
GIT = 3, 4, 9           # repositories that are converted, too
HERE = os.getcwd()
SMALL = 8               # the first of each kind that many numbers apart are on
                        # the small disk

random.seed(int(os.environ.get("SEED", "1")))


def disk(i):
    """Where number I keeps what arrives."""
    return HERE + ("/small" if i % SMALL == 0 else "/large")


def place(i, path, host):
    """PATH, as number I reaches it."""
    if i % 4 == 1:
        return "%s:%s" % (host, path)
    return ("popen:" if i % 4 == 2 else "") + path


def when(i):
    return ["follow = yes", "every = 3s", "follow = yes",
            "every = 5s\n\tjitter = 2s"][i // 4 % 4]


def job(name, plugin, i, lines):
    print("job %s {\n\tplugin = %s" % (name, plugin))
    for line in lines:
        print("\t" + line)
    # A disk that is full for long, which the test makes on purpose, fails in
    # the same way each time.
    print("\tretry-after = 500ms\n\thold-after = 9\n}")


def conf(host):
    for i in range(TREES):
        os.mkdir("tree%d" % i)
        far = 'source = "%s"', 'targets = "%s"'
        from_, to = "%s/tree%d" % (HERE, i), "%s/tree%d" % (disk(i), i)
        pull = i % 8 > 4
        job("tree%d" % i, "rsync", i, [
            far[0] % (place(i, from_, host) if pull else from_),
            far[1] % (to if pull else place(i, to, host)), when(i)])
    for i in range(REPOSITORIES):
        subprocess.run(["svnadmin", "create", "repo%d" % i], check=True)
        from_, to = "%s/repo%d" % (HERE, i), "%s/repo%d" % (disk(i), i)
        pull = i % 8 < 5
        lines = ['source = "%s"' % (place(i, from_, host) if pull else from_),
                 'mirror = "%s"' % (to if pull else place(i, to, host))]
        if i in GIT:
            lines += ['git = "%s.git"' % to, "layout = none"]
        if i == 7:
            lines.append("method = dump")
        job("svn%d" % i, "svnhotsync", i, lines + [when(i)])
    for i in range(QUEUES):
        os.mkdir("in%d" % i)
        job("items%d" % i, "fileproc", i, [
            'data-in = "%s/in%d"' % (HERE, i),
            'data-out = "%s/out%d"' % (disk(i), i),
            'remotes = "%s"' % (host if i % 4 == 1 else "popen"),
            'command = "cat"', "ready = closed"])
        os.mkdir("%s/out%d" % (disk(i), i))


# ---- What changes ---------------------------------------------------------

def write_tree(i, n):
    name = "tree%d/%d" % (i, random.randrange(40))
    kind = random.randrange(8)
    if kind == 0 and os.path.exists(name):
        os.unlink(name)
    elif kind == 1 and os.path.exists(name):
        os.rename(name, name + "r")
    else:
        with open(name + ".new", "wb") as f:
            f.write(os.urandom(random.randrange(30000)))
        os.rename(name + ".new", name)


def write_repository(i, n):
    with open("put", "w") as f:
        f.write("number %d" % n)
    subprocess.run(["svnmucc", "-m", "commit %d" % n, "-U",
                    "file://%s/repo%d" % (HERE, i), "mkdir", "d%d" % n,
                    "put", "put", "f%d" % (n % 50)], check=True,
                   stdout=subprocess.DEVNULL)


def write_item(i, n):
    with open("in%d/item%d" % (i, n), "w") as f:
        f.write("item %d" % n)


def write(seconds):
    end = time.time() + seconds
    n = 0
    while time.time() < end:
        write_tree(n % TREES, n)
        write_item(n % QUEUES, n)
        if n % 4 == 0:
            write_repository(n // 4 % REPOSITORIES, n)
        n += 1
        time.sleep(0.1)
    with open("written", "w") as f:
        print(n, file=f)


# ---- What strikes ---------------------------------------------------------

class Processes:
    """Those whose environment has the mark."""

    def __init__(self, mark, daemon):
        self.mark, self.file = mark.encode(), daemon

    def daemon(self):
        with open(self.file) as f:
            return int(f.read())

    def all(self):
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open("/proc/%s/environ" % pid, "rb") as f:
                    if self.mark not in f.read():
                        continue
                with open("/proc/%s/stat" % pid) as f:
                    _, name, rest = f.read().replace("(", ")").split(")", 2)
            except OSError:
                continue
            yield int(pid), name, int(rest.split()[1])

    def workers(self):
        daemon = self.daemon()
        return [p for p, name, parent in self.all() if parent == daemon]

    def agents(self):
        return [p for p, name, parent in self.all() if "agent" in name]

    def sessions(self):
        told = subprocess.run(["pgrep", "-f", "^sshd: "], text=True,
                              capture_output=True).stdout.split()
        return [int(p) for p in told if self.is_ours(p)]

    def is_ours(self, pid):
        """An sshd of the test's: below its listener."""
        with open("sshd.pid") as f:
            listener = int(f.read())
        pid = int(pid)
        while pid > 1:
            try:
                with open("/proc/%d/stat" % pid) as f:
                    pid = int(f.read().rsplit(")", 1)[1].split()[1])
            except OSError:
                return False
            if pid == listener:
                return True
        return False


def kill(who):
    if not who:
        return "nobody"
    victim = random.choice(who)
    try:
        os.kill(victim, signal.SIGKILL)
    except ProcessLookupError:
        return "nobody"
    return str(victim)


def fill(path):
    """All of the small disk, for a while."""
    fd = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
    try:
        while True:
            os.write(fd, bytes(65536))
    except OSError:
        os.close(fd)
    time.sleep(random.uniform(1, 3))
    os.unlink(path)
    return "for a while"


def cut(command):
    subprocess.run(["sh", command, "down"], check=True)
    try:
        time.sleep(random.uniform(0.5, 5))
    finally:
        subprocess.run(["sh", command, "up"], check=True)
    return "for a while"


def strike(seconds, mark, daemon, command):
    processes = Processes(mark, daemon)
    faults = (["worker"] * 6 + ["agent"] * 5 + ["session"] * 3 +
              ["network"] * 2 + ["disk"] * 2 + ["daemon"] + ["sshd"])
    end = time.time() + seconds
    todo = []
    while time.time() < end:
        if not todo:    # each of them, in another order
            todo = random.sample(faults, len(faults))
        what = todo.pop()
        if what == "worker":
            met = kill(processes.workers())
        elif what == "agent":
            met = kill(processes.agents())
        elif what == "session":
            met = kill(processes.sessions())
        elif what == "daemon":
            met = kill([processes.daemon()])
        elif what == "sshd":
            with open("sshd.pid") as f:
                met = kill([int(f.read())])
        elif what == "network":
            met = cut(command)
        else:
            met = fill("small/ballast")
        print("%.1f %s %s" % (seconds - (end - time.time()), what, met),
              flush=True)
        time.sleep(random.uniform(0.2, 1.5))


# ---- What is there at the end ---------------------------------------------

def differs(a, b):
    """How folder B is not as folder A; "" if it is."""
    if not os.path.isdir(b):
        return "%s is not there" % b
    found = filecmp.cmpfiles(a, b, os.listdir(a), shallow=False)
    more = set(os.listdir(b)) - set(os.listdir(a))
    wrong = found[1] + found[2] + sorted(more)
    return "%s: %s" % (b, " ".join(wrong)) if wrong else ""


def youngest(path):
    told = subprocess.run(["svnlook", "youngest", path], text=True,
                          capture_output=True)
    return told.stdout.strip() if told.returncode == 0 else told.stderr


def commits(path):
    """How many a repository of Git has: here one each revision."""
    told = subprocess.run(["git", "-C", path, "rev-list", "--count",
                           "--branches"], text=True, capture_output=True)
    return told.stdout.strip() if told.returncode == 0 else told.stderr


def compare():
    for i in range(TREES):
        told = differs("tree%d" % i, "%s/tree%d" % (disk(i), i))
        if told:
            print(told)
    for i in range(REPOSITORIES):
        mirror = "%s/repo%d" % (disk(i), i)
        there, here = youngest("repo%d" % i), youngest(mirror)
        if there != here:
            print("%s: r%s, source r%s" % (mirror, here, there))
        if i in GIT and commits(mirror + ".git") != there:
            print("%s.git: %s commits, source r%s" %
                  (mirror, commits(mirror + ".git"), there))
    wanted = set()
    with open("written") as f:
        count = int(f.read())
    for n in range(count):
        wanted.add("%s/out%d/item%d" % (disk(n % QUEUES), n % QUEUES, n))
    for path in sorted(wanted):
        try:
            with open(path) as f:
                if f.read() != "item " + path.rsplit("item", 1)[1]:
                    print("%s is not whole" % path)
        except OSError as e:
            print(e)
    for i in range(QUEUES):
        out = "%s/out%d" % (disk(i), i)
        for name in os.listdir(out):
            if name != ".syncgate" and "%s/%s" % (out, name) not in wanted:
                print("%s/%s is one too many" % (out, name))


def main():
    word, rest = sys.argv[1], sys.argv[2:]
    if word == "conf":
        conf(*rest)
    elif word == "write":
        write(float(rest[0]))
    elif word == "strike":
        strike(float(rest[0]), *rest[1:])
    else:
        compare()


main()
