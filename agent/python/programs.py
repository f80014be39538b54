# programs.py: CHANNEL_EXEC.


class Programs(Traffic):
    """What runs."""

    def start(self, channel, payload):
        try:
            source, name, entry, kwargs = self.program(payload)
        except (DataFormatError, TypeError, ValueError) as error:
            self.close(channel._line, "cannot run this program: %s" % error)
            return
        task = (channel, source, name or "<remote exec>", entry, kwargs)
        with self.lock:
            self.running += 1
            idle, self.main_idle = self.main_idle, False
        if not self.adopted:
            self.adopted = True
            adopt()
        if idle:
            self.tasks.put(task)
        else:
            self.thread(self.run, *task)

    def program(self, payload):
        with self.lock:
            program = Decoder(payload, self.channel).load()
        if type(program) is not tuple or not 4 <= len(program) <= 5:
            raise TypeError("it is not what CHANNEL_EXEC carries")
        source, name, entry, kwargs = program[:4]
        if program[4:] and program[4]:
            raise ValueError(
                "limits (%s) cannot be had from a Python worker, whose "
                "programs are threads of one process: leave them out, or use "
                "the agent" % ", ".join(map(str, program[4])))
        if type(source) is not str or type(name) not in (str, type(None)) or \
                type(entry) not in (str, type(None)) or \
                type(kwargs) not in (dict, type(None)):
            raise TypeError("it is not what CHANNEL_EXEC carries")
        return source, name, entry, kwargs or {}

    def run(self, channel, source, name, entry, kwargs):
        error = None
        # What the program still holds is closed after its own channel.
        scope = {"channel": channel, "__name__": "__channelexec__"}
        try:
            error = self.execute(scope, source, name, entry, kwargs)
        finally:
            if os.getpid() != self.pid:  # it forked: one of us goes on
                os._exit(0)
            channel._executing = False
            self.close(channel._line, error)
            with self.lock:
                self.running -= 1

    def execute(self, scope, source, name, entry, kwargs):
        """Run a program; its error's text, or None."""
        channel = scope["channel"]
        channel._executing = True
        try:
            exec(compile(source + "\n", name, "exec"), scope)
            if entry:
                if entry not in scope:
                    raise NameError("%s has no function %s" % (name, entry))
                scope[entry](channel, **kwargs)
        except EOFError:                # its channel has ended: so may it
            return None
        except KeyboardInterrupt:
            return "keyboard-interrupted"
        except BaseException:
            return traceback_text(1, source, name)
        return None
