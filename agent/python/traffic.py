# traffic.py: values on their way through channels, and credit.


class Traffic(Lines):
    """Sending, receiving and callbacks."""

    # -- sending

    def send(self, line, payload):
        most = MESSAGE_MAX if self.ours else PLAIN_MESSAGE_MAX
        if len(payload) > most:
            raise DumpError("a value of %d bytes cannot be sent at once: at "
                            "most %d" % (len(payload), most))
        self.bury()
        step = PART_MAX if self.ours else len(payload)
        with line.sending:
            for at in range(0, len(payload), step):
                piece = payload[at:at + step]
                self.spend(line, len(piece) + FRAME_COST)
                self.write(DATA if at + step >= len(payload) else PART,
                           line.id, piece)

    def spend(self, line, cost):
        """Wait for credit, and take it."""
        with self.lock:
            while self.ours and line.credit < cost and not line.closed and \
                    not self.finished:
                line.changed.wait()
            if line.closed or (self.ours and line.credit < cost):
                raise OSError("cannot send to a closed channel")
            line.credit -= cost

    # -- receiving

    def receive(self, line, timeout):
        with self.lock:
            if line.callback is not None:
                raise OSError("cannot receive: the channel has a callback")
            if not line.items and not line.received_all:
                self.await_item(line, timeout)
            if not line.items and not line.received_all:
                raise TimeoutError("no item after %r seconds" % timeout)
            if not line.items:
                self.raise_error(line)
                raise EOFError("the channel has ended")
            payload, channels, grant = self.take(line)
        return self.load(line, payload, channels, grant)

    def await_item(self, line, timeout):
        """Wait for an item, or the end; locked, but not meanwhile."""
        line.starved = True
        line.hungry += 1
        self.hungry += 1
        try:
            grant = self.pay_early(line)
            if grant:
                self.lock.release()
                try:
                    self.write_quietly(WINDOW, line.id, GRANT.pack(grant))
                finally:
                    self.lock.acquire()
            line.changed.wait_for(lambda: line.items or line.received_all,
                                  timeout)
        finally:
            self.hungry -= 1
            line.hungry -= 1

    def take(self, line):
        """The first item, and what to grant for it; locked."""
        payload, channels, cost, early = line.take()
        self.queued -= len(payload)
        self.early -= early
        self.room.notify()
        grant = self.consumed(line, cost)
        return payload, channels, grant + self.pay_early(line)

    def pay_early(self, line):
        """A payload larger than the window could never arrive if its parts
        were paid for only when it is taken.  So they are paid for as they
        come, while nothing whole waits before them, and up to EARLY_MAX for
        all lines unless somebody waits for this very one.  What to grant;
        locked."""
        owed = line.owed
        if owed == 0 or line.items:
            return 0
        if not line.hungry and line.callback is None and \
                self.early + owed > EARLY_MAX:
            return 0
        line.owed = 0
        line.early += owed
        self.early += owed
        return self.consumed(line, owed)

    def load(self, line, payload, channels, grant):
        if grant:
            self.write_quietly(WINDOW, line.id, GRANT.pack(grant))
        return Decoder(payload, channels.__getitem__, line.strings[0]).load()

    def consumed(self, line, cost):
        """A frame was taken: what to grant for it now, or 0; locked."""
        line.consumed += cost
        if not self.ours or line.received_all or \
                line.consumed < line.size // 2:
            return 0
        grant, line.consumed = line.consumed, 0
        if line.starved:                # the line is slower than its receiver
            opened = sum(each.size - WINDOW_START
                         for each in self.lines.values())
            more = max(0, min(line.size, WINDOW_MAX - line.size,
                              WINDOWS_MAX - opened))
            line.size += more
            grant += more
            line.starved = False
        line.granted += grant
        return grant

    # -- callbacks

    def setcallback(self, line, callback, endmarker):
        while True:
            with self.lock:
                if line.callback is not None:
                    raise OSError("the channel has a callback already")
                if not line.items:
                    line.endmarker = endmarker
                    line.callback = callback
                    line.starved = True
                    if self.calling is None:
                        self.calling = self.thread(self.call_always)
                    if line.received_all:
                        self.calls.put(line)
                    grant = self.pay_early(line)
                    break
                item = self.take(line)
            callback(self.load(line, *item))
        if grant:
            self.write_quietly(WINDOW, line.id, GRANT.pack(grant))

    def call_always(self):
        while True:
            line = self.calls.get()
            try:
                self.call(line)
            except BaseException:
                text = traceback_text(1)
                self.close(line, text, text)
            line = None                 # it may hold the last reference
            self.calls.task_done()

    def call(self, line):
        with self.lock:
            callback, item = line.callback, None
            if callback is None:
                return
            if line.items:
                item = self.take(line)
            elif line.received_all:
                line.callback = None
                if line.handle is None:  # both ends have said their last
                    self.lines.pop(line.id, None)
            else:
                return
        if item is not None:
            callback(self.load(line, *item))
        elif line.endmarker:
            callback(*line.endmarker)
