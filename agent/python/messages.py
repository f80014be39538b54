# messages.py: what each message means.


class Messages(Programs):
    """One function for each message that may arrive."""

    def on_status(self, type, id, payload):
        with self.lock:
            status = {"numchannels": len(self.lines),
                      "numexecuting": self.running, "execmodel": "thread"}
        self.write(DATA, id, Encoder(self).dump(status))
        self.write(CLOSE, id)

    def on_reconfigure(self, type, id, payload):
        strings = self.plain_value(payload, "RECONFIGURE")
        if type_of(strings) is not tuple or \
                list(map(type_of, strings)) != [bool, bool]:
            raise ProtocolError("RECONFIGURE without two bools")
        with self.lock:
            line = self.lines.get(id)
            if id == 0:
                self.strings = strings
            elif line is not None:
                line.strings = strings
        if id != 0 and line is None:    # as if it had been made and dropped
            self.write(CLOSE, id)

    def plain_value(self, payload, what):
        def no_channel(id):
            raise LoadError("a channel in it")
        try:
            return Decoder(payload, no_channel).load()
        except LoadError as error:
            raise ProtocolError("%s: %s" % (what, error))

    def on_exec(self, type, id, payload):
        with self.lock:
            if self.ours and (id <= 0 or id % 2 == 0 or id in self.lines):
                raise ProtocolError("CHANNEL_EXEC on channel %d, which is no "
                                    "new one of the client" % id)
            channel = self.channel(id)
        self.start(channel, payload)

    def on_data(self, type, id, payload):
        if self.ours and len(payload) > PART_MAX:
            raise ProtocolError("a frame of %d bytes on channel %d"
                                % (len(payload), id))
        with self.lock:
            line = self.lines.get(id)
            if line is None or line.received_all:
                return                  # dropped, not even decoded
            cost = len(payload) + FRAME_COST
            if self.ours and cost > line.granted:
                raise ProtocolError("more data on channel %d than was granted"
                                    % id)
            line.granted -= cost
            full = self.queued + len(payload) > QUEUED_MAX
            if full and not self.ours:
                full = self.make_room()
            grant = 0 if full else self.keep(line, type, payload, cost)
        if full:
            self.overflow(line)
        elif grant:
            self.write(WINDOW, id, GRANT.pack(grant))

    def keep(self, line, type, payload, cost):
        """Queue what came; locked.  What to grant at once for a part."""
        self.queued += len(payload)
        line.queued += len(payload)
        line.parts.append(payload)
        if sum(map(len, line.parts)) > MESSAGE_MAX and self.ours:
            raise ProtocolError("a payload above %d bytes" % MESSAGE_MAX)
        if type == PART:
            line.owed += cost
            return self.pay_early(line)
        payload = b"".join(line.parts)
        del line.parts[:]
        ids = channel_ids(payload) if b"B" in payload else ()
        line.items.append((payload, {i: self.channel(i) for i in ids},
                           cost + line.owed, line.early))
        line.owed = line.early = 0
        line.changed.notify()
        if line.callback is not None:
            self.calls.put(line)
        return 0

    def make_room(self):
        """execnet knows no credit: stop reading while too much waits; locked.
        True if no receiver takes anything, while one waits elsewhere."""
        stalled = 0
        while self.queued > QUEUED_MAX:
            if self.room.wait(1):
                stalled = 0
            elif self.hung_up():
                raise EOFError
            elif self.hungry > 0:
                stalled += 1
                if stalled >= STALL:
                    return True
        return False

    def hung_up(self):
        import select
        if not hasattr(select, "poll"):
            return False
        poll = select.poll()
        poll.register(self.reader, 0)
        return bool(poll.poll(0))

    def overflow(self, line):
        text = "too much waits in channels of this gateway that nobody " \
            "receives from"
        with self.lock:
            self.forget_items(line)
        self.close(line, text, text)

    def on_close(self, type, id, payload):
        text = None
        if type == CLOSE_ERROR:
            text = self.plain_value(payload, "CHANNEL_CLOSE_ERROR")
            text = text if type_of(text) is str else repr(text)
        with self.lock:
            line = self.lines.get(id)
            if line is None:
                return
            if type != LAST:
                line.closed = True
                del self.lines[id]
            if text is not None:
                line.error = text
            self.end_line(line)

    def on_window(self, type, id, payload):
        if len(payload) != GRANT.size:
            raise ProtocolError("CHANNEL_WINDOW without a number")
        with self.lock:
            line = self.lines.get(id)
            if line is None:
                return
            line.credit += GRANT.unpack(payload)[0]
            if line.credit > WINDOW_MAX:
                raise ProtocolError("too much credit on channel %d" % id)
            line.changed.notify_all()

    def on_ping(self, type, id, payload):
        if len(payload) > 256:
            raise ProtocolError("a PING of %d bytes" % len(payload))
        self.write(PONG, id, payload)

    def on_pong(self, type, id, payload):
        pass

    def on_setup(self, type, id, payload):
        if id <= 0 or id % 2 == 0 or id in self.lines:
            raise ProtocolError("SETUP on channel %d, which is no new one of "
                                "the client" % id)
        wanted = self.plain_value(payload, "SETUP")
        try:
            if type_of(wanted) is not dict:
                raise ValueError("set-up: not a dict")
            for key, value in wanted.items():
                set_up(key, value)
        except (OSError, TypeError, ValueError, AttributeError) as error:
            self.write(CLOSE_ERROR, id, Encoder(self).dump(cut(str(error))))
        else:
            self.write(CLOSE, id)

    EXECNET = {STATUS: on_status, RECONFIGURE: on_reconfigure, EXEC: on_exec,
               DATA: on_data, CLOSE: on_close, CLOSE_ERROR: on_close,
               LAST: on_close}
    OURS = dict(EXECNET)
    OURS.update({WINDOW: on_window, PART: on_data, PING: on_ping,
                 PONG: on_pong, SETUP: on_setup})


type_of = type                          # for functions with a "type" of theirs


def be_nice(value):
    """nice(), for every thread: on Linux it is a thread's own."""
    try:
        threads = [int(name) for name in os.listdir("/proc/self/task")]
    except OSError:                     # no Linux
        os.nice(value)
        return
    value += os.getpriority(os.PRIO_PROCESS, 0)
    os.setpriority(os.PRIO_PROCESS, 0, value)
    for thread in threads:
        try:
            os.setpriority(os.PRIO_PROCESS, thread, value)
        except ProcessLookupError:      # /proc is of another PID namespace
            pass


def set_up(key, value):
    """One key of SETUP."""
    if key == "chdir":
        try:
            try:
                os.chdir(value)
            except FileNotFoundError:   # as execnet: made, one level
                os.mkdir(value)
                os.chdir(value)
        except OSError as error:
            raise OSError("chdir: cannot change to '%s': %s"
                          % (os.fsdecode(value), error.strerror))
    elif key == "nice":
        try:
            be_nice(value)
        except OSError as error:
            raise OSError("nice: cannot add %d: %s" % (value, error.strerror))
    elif key == "env":
        for name, text in value.items():
            os.environ[os.fsdecode(name)] = os.fsdecode(text)
    else:
        raise ValueError("set-up: unknown key %r" % (key,))
