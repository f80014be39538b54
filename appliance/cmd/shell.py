# What `syncgate shell` runs at the other end where the language is Python: it
# executes one snippet after the other, all in the same names.
#
#   control <- (nonce, channel)          the channel that snippets see
#   control <- (number, name, text)      execute this
#   control <- (number, name, None)      interrupt it
#   channel -> values that it sends, then (nonce, number, None or the error)
import ast
import linecache
import queue
import signal
import sys
import threading
import traceback

control = channel  # noqa: F821 (what remote_exec gives us)
nonce, user = control.receive()
names = {"__name__": "__shell__", "channel": user}
jobs = queue.Queue()
here = threading.current_thread()
busy = threading.Event()


def interrupt():
    if here is threading.main_thread():
        signal.pthread_kill(here.ident, signal.SIGINT)
        return
    import ctypes
    ctypes.pythonapi.PyThreadState_SetAsyncExc(
        ctypes.c_ulong(here.ident), ctypes.py_object(KeyboardInterrupt))


def listen():
    try:
        while True:
            number, name, text = control.receive()
            if text is not None:
                jobs.put((number, name, text))
            elif busy.is_set():
                interrupt()
    except EOFError:
        jobs.put(None)
        if busy.is_set():
            interrupt()


def execute(name, text):
    linecache.cache[name] = (len(text), None, text.splitlines(True), name)
    tree = ast.parse(text, name)
    last = None
    if tree.body and isinstance(tree.body[-1], ast.Expr):
        last = ast.Expression(tree.body.pop().value)
    exec(compile(tree, name, "exec"), names)
    if last is None:
        return
    value = eval(compile(last, name, "eval"), names)
    if value is not None:
        names["_"] = value
        try:
            user.send(value)
        except Exception:
            user.send(repr(value))  # what cannot travel can be shown


def attempt(name, text):
    """The text of what went wrong, or None."""
    try:
        busy.set()
        execute(name, text)
        return None
    except KeyboardInterrupt:
        return "interrupted"
    except SyntaxError as error:
        return "".join(traceback.format_exception_only(type(error), error))
    except BaseException:
        kind, value, trace = sys.exc_info()
        while trace is not None and \
                trace.tb_frame.f_code.co_filename != name:
            trace = trace.tb_next
        return "".join(traceback.format_exception(kind, value, trace))
    finally:
        busy.clear()


def serve():
    answer = None  # what is still to be said
    while True:
        try:
            if answer is None:
                job = jobs.get()
                if job is None:
                    return
                answer = (nonce, job[0], attempt(job[1], job[2]))
            user.send(answer)
            answer = None
        except KeyboardInterrupt:
            pass  # it came too late for the snippet


sys.stdout = sys.stderr
if here is threading.main_thread():
    signal.signal(signal.SIGINT, signal.default_int_handler)
threading.Thread(target=listen, daemon=True).start()
serve()
