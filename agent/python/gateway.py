# gateway.py: the connection, its end, and the start of it all.


class Gateway(Messages):
    """The connection and what it carries.  Programs use newchannel()."""

    def read(self, n):
        data = self.reader.read(n)
        if len(data) < n:
            raise EOFError
        return data

    def read_messages(self):
        handlers = self.OURS if self.ours else self.EXECNET
        most = MESSAGE_MAX if self.ours else PLAIN_MESSAGE_MAX
        while True:
            type, id, n = HEADER.unpack(self.read(HEADER.size))
            if not 0 <= n <= most:
                raise ProtocolError("a message of %d bytes" % n)
            if type == TERMINATE:
                return
            if type not in handlers:
                raise ProtocolError("a message of type %d" % type)
            handlers[type](self, type, id, self.read(n))

    def receive_always(self):
        try:
            self.read_messages()
        except (EOFError, OSError):
            pass                        # the other end is gone
        except BaseException as error:
            self.complain(error)
        self.finish()

    def complain(self, error):
        if isinstance(error, (ProtocolError, LoadError)):
            text = "the Python worker ends: the other end sent %s" % error
        else:
            text = traceback_text(1)
        if self.ours:
            self.write_quietly(LOG, 0, cut(text).encode("utf-8"))

    def finish(self):
        """Nothing more arrives: receivers get their end.  Who does not end is
        interrupted, and in the end killed."""
        with self.lock:
            self.finished = True
            for line in list(self.lines.values()):
                self.end_line(line)
        begun = time.monotonic()
        soon, late = (0.3, 0.8) if self.ours else (5, 10)
        if not self.idle_by(begun + soon):
            # A handler of the program's own may be none: that would end us.
            if callable(signal.getsignal(signal.SIGINT)):
                os.kill(os.getpid(), signal.SIGINT)
            kill_descendants(signal.SIGTERM)
        if self.idle_by(begun + late):
            self.tasks.put(None)        # the main thread ends in its own way,
            time.sleep(2)               # unless a thread of a program lives
        else:
            self.close_killed()
        kill_descendants(signal.SIGKILL)
        os._exit(0)

    def close_killed(self):
        """Programs that are killed close their channels, if that needs no
        waiting: the end of the connection says it, too."""
        if not self.writing.acquire(False):
            return
        try:
            os.set_blocking(self.out, False)
            os.write(self.out, b"".join(HEADER.pack(CLOSE, id, 0)
                                        for id in list(self.lines)[:400]))
        except OSError:
            pass

    def idle_by(self, deadline):
        while self.running > 0 or self.calls.unfinished_tasks > 0:
            if time.monotonic() >= deadline:
                return False
            time.sleep(0.01)
        return True

    def thread(self, function, *args):
        thread = threading.Thread(target=function, args=args, daemon=True)
        thread.start()
        return thread

    def log_always(self, pipe):
        """What is written to stderr, as lines for the other end's log."""
        with open(pipe, "rb") as lines:
            for line in iter(lambda: lines.readline(LOG_MAX), b""):
                line = line.rstrip(b"\n").decode("utf-8", "backslashreplace")
                self.write_quietly(LOG, 0, line.encode("utf-8"))

    def serve(self):
        """Run the first of the programs at a time in this thread, until the
        connection ends."""
        log = self.thread(self.log_always, stderr_pipe()) if self.ours else None
        self.thread(self.bury_always)
        self.thread(self.receive_always)
        task = ()
        while task is not None:
            try:
                task = self.tasks.get()
                if task is not None:
                    self.run(*task)
                    task = ()           # it may hold the last reference
                    self.bury()
                    with self.lock:
                        self.main_idle = True
            except KeyboardInterrupt:   # from finish()
                task = ()
        kill_descendants(signal.SIGKILL)
        if log is not None:
            os.dup2(1, 2)               # to nowhere, and the pipe ends
            log.join(0.5)


# ---- The start -----------------------------------------------------------------------


def stderr_pipe():
    """Lead descriptor 2 into a pipe; its other end."""
    from_programs, to_us = os.pipe()
    os.dup2(to_us, 2)
    os.close(to_us)
    return from_programs


def take_stdio():
    """Keep stdin and stdout for the connection: programs find nothing there."""
    connection = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(nothing, 1)
    os.close(nothing)
    return connection


def serve(connection, ours, hello):
    """Serve the connection, two descriptors; hello is written first."""
    reader, out = connection
    if hasattr(os, "register_at_fork"):  # a child must not keep it open
        os.register_at_fork(after_in_child=lambda: [
            os.close(fd) for fd in set(connection)])
    if hasattr(os, "setsid"):
        try:
            os.setsid()
        except OSError:                 # it leads a session already
            pass
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.write(out, hello)
    Gateway(open(reader, "rb", closefd=False), out, ours).serve()


def hello_line(nonce):
    machine = os.uname().machine if hasattr(os, "uname") else sys.platform
    return ("XN1 %s python,window,part,ping,setup,log,%s\n"
            % (nonce, machine)).encode("ascii")


def serve_stdio(nonce):
    serve(take_stdio(), True, hello_line(nonce))


def serve_socket(sock, nonce):
    """For execnet's socketserver: a process of its own for each connection,
    so that one that ends does not end the server."""
    if hasattr(os, "fork"):
        child = os.fork()
        if child != 0:
            os.waitpid(child, 0)
            sock.close()
            return
        if os.fork() != 0:              # so that nobody needs to wait for it
            os._exit(0)
    try:
        take_stdio()
        connection = os.dup(sock.fileno())
        sock.close()
        serve((connection, connection), True, hello_line(nonce))
    finally:
        os._exit(0)


def main(args):
    """A worker for execnet: see the top."""
    connection = take_stdio()
    if args == ["--frames"]:
        serve(connection, False, b"")
    elif "-c" in args:
        # What follows is execnet's own worker, as text: we are one already.
        for _ in range(LINE_MAX):
            if os.read(connection[0], 1) in (b"\n", b""):
                break
        else:
            sys.exit("the bootstrap has more than %d bytes" % LINE_MAX)
        serve(connection, False, b"1")
    else:
        sys.exit("usage: worker.py -c ... | --frames")


if __name__ == "__main__" and "__file__" in globals():
    main(sys.argv[1:])
