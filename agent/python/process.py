# process.py: errors as text, and the processes that programs leave.


def cut(text):
    """TEXT as it may travel: valid, and its middle left out if it is long."""
    text = text.encode("utf-8", "backslashreplace").decode("utf-8")
    if len(text) > 2 * TEXT_MAX:
        text = text[:TEXT_MAX] + "\n[...]\n" + text[-TEXT_MAX:]
    return text


def traceback_text(skip, source=None, name=None):
    """The traceback of the exception that is being handled, without the
    first frames, which are ours."""
    import linecache
    import traceback
    kind, value, tb = sys.exc_info()
    for _ in range(skip):
        tb = tb.tb_next if tb is not None else None
    if source is not None:              # so that it shows the lines
        linecache.cache[name] = (len(source), None,
                                 source.splitlines(True), name)
    try:
        return cut("".join(traceback.format_exception(kind, value, tb)))
    except Exception:
        return "%s: its text cannot be had" % kind.__name__
    finally:
        linecache.cache.pop(name, None)


def adopt():
    """Make what a program starts stay ours when its parent has ended."""
    try:
        import ctypes
        ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)     # PR_SET_CHILD_SUBREAPER
    except Exception:                   # no Linux: they are children or lost
        pass


def descendants():
    """The process ids below this one, by /proc; none where there is none."""
    children = collections.defaultdict(list)
    try:
        names = os.listdir("/proc")
    except OSError:
        names = []
    for name in filter(str.isdigit, names):
        try:
            with open("/proc/%s/stat" % name, "rb") as stat:
                fields = stat.read().rpartition(b")")[2].split()
        except OSError:                 # it has just ended
            continue
        if fields[0] != b"Z":
            children[int(fields[1])].append(int(name))
    found, look = [], [os.getpid()]
    while look:
        below = children.pop(look.pop(), [])
        found += below
        look += below
    return found


def childless():
    """True if there are none, where the kernel says it in a word."""
    try:
        for task in os.listdir("/proc/self/task"):
            with open("/proc/self/task/%s/children" % task) as children:
                if children.read(1):
                    return False
    except OSError:
        return False
    return True


def kill_descendants(number):
    if childless():
        return
    for _ in range(20 if number == signal.SIGKILL else 1):
        pids = descendants()
        for pid in pids:
            try:
                os.kill(pid, number)
            except OSError:
                pass
        if not pids:
            return
        time.sleep(0.005)
