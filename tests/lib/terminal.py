"""terminal.py COMMAND...: run it at a terminal of its own.

Lines of standard input are "PROMPT|ANSWER": when PROMPT has appeared (in what
came since the last answer) ANSWER is typed; "^D" is the end of the input.  All
that appears goes to standard output; its status is ours.
"""
import os
import pty
import select
import sys
import time

rows = [line.rstrip("\n").split("|", 1) for line in sys.stdin]
pid, fd = pty.fork()
if pid == 0:
    os.execvp(sys.argv[1], sys.argv[1:])
seen, shown, deadline = b"", b"", time.time() + 60
while time.time() < deadline:
    if rows and rows[0][0].encode() in seen:
        answer = rows.pop(0)[1]
        seen = b""
        os.write(fd, b"\x04" if answer == "^D" else answer.encode() + b"\n")
    if not select.select([fd], [], [], 0.2)[0]:
        continue
    try:
        more = os.read(fd, 65536)
    except OSError:
        break
    if not more:
        break
    seen += more
    shown += more
sys.stdout.buffer.write(shown.replace(b"\r\n", b"\n"))
sys.stdout.flush()
if rows:
    sys.exit("never asked: %r" % rows)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
