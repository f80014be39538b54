# values.py: values as bytes, execnet's dump format without its version byte.


class Encoder:
    """Write one value."""

    def __init__(self, gateway):
        self.gateway = gateway
        self.out = []
        self.count = 0

    def dump(self, value):
        self.save(value, 0)
        self.out.append(b"Q")
        return b"".join(self.out)

    def save(self, value, depth):
        save = self.SAVE.get(type(value))
        if save is None:
            raise DumpError("cannot send a %s" % type(value).__name__)
        save(self, value, depth)

    def put_none(self, value, depth):
        self.out.append(b"L")

    def put_bool(self, value, depth):
        self.out.append(b"R" if value else b"C")

    def put_int(self, value, depth):
        if -0x80000000 <= value <= 0x7fffffff:
            self.out.append(b"F" + INT4.pack(value))
        else:
            self.sized(b"H", str(value).encode("ascii"))

    def put_float(self, value, depth):
        self.out.append(b"D" + FLOAT.pack(value))

    def put_complex(self, value, depth):
        self.out.append(b"T" + COMPLEX.pack(value.real, value.imag))

    def put_bytes(self, value, depth):
        self.sized(b"A", value)

    def put_str(self, value, depth):
        try:
            self.sized(b"N", value.encode("utf-8"))
        except UnicodeEncodeError:
            raise DumpError("cannot send a str that is no Unicode: it has a "
                            "lone surrogate")

    def sized(self, op, value):
        if len(value) > PLAIN_MESSAGE_MAX:
            raise DumpError("cannot send %d bytes at once" % len(value))
        self.out.append(op + INT4.pack(len(value)))
        self.out.append(value)

    def enter(self, container, depth):
        self.count += len(container)
        if self.count > VALUES_MAX:
            raise DumpError("cannot send more than %d values at once"
                            % VALUES_MAX)
        if depth >= DEPTH_MAX:
            raise DumpError("cannot send values nested more than %d deep"
                            % DEPTH_MAX)

    def put_list(self, value, depth):
        self.enter(value, depth)
        self.out.append(b"K" + INT4.pack(len(value)))
        for i, item in enumerate(value):
            self.out.append(b"F" + INT4.pack(i))
            self.save(item, depth + 1)
            self.out.append(b"P")

    def put_dict(self, value, depth):
        self.enter(value, depth)
        self.out.append(b"J")
        for key, item in value.items():
            self.save(key, depth + 1)
            self.save(item, depth + 1)
            self.out.append(b"P")

    def items(self, op, value, depth):
        self.enter(value, depth)
        for item in value:
            self.save(item, depth + 1)
        self.out.append(op + INT4.pack(len(value)))

    def put_tuple(self, value, depth):
        self.items(b"@", value, depth)

    def put_set(self, value, depth):
        self.items(b"O", value, depth)

    def put_frozenset(self, value, depth):
        self.items(b"E", value, depth)

    def put_channel(self, value, depth):
        if value.gateway is not self.gateway:
            raise DumpError("cannot send a channel of another gateway")
        self.out.append(b"B" + INT4.pack(value.id))

    SAVE = {type(None): put_none, bool: put_bool, int: put_int,
            float: put_float, complex: put_complex, bytes: put_bytes,
            str: put_str, list: put_list, dict: put_dict, tuple: put_tuple,
            set: put_set, frozenset: put_frozenset}


class Decoder:
    """Read one value: opcodes for a stack machine.  Every count is compared
    with what is there before anything is made of it."""

    def __init__(self, data, channel, py2str_as_py3str=True):
        self.data = data
        self.at = 0
        self.channel_of = channel       # a function of the id
        self.latin = py2str_as_py3str
        self.stack = []
        self.depths = []                # of the values on it
        self.count = 0

    def load(self):
        data, load, stack = self.data, self.LOAD, self.stack
        while self.at < len(data):
            op = load.get(data[self.at])
            self.at += 1
            if op is None:
                raise LoadError("unknown opcode 0x%02x" % data[self.at - 1])
            if op == "stop":
                if len(stack) != 1 or self.at != len(data):
                    raise LoadError("not exactly one value")
                return stack[0]
            op(self)
            if len(stack) > VALUES_MAX + 2 * DEPTH_MAX:
                raise LoadError("more than %d values" % VALUES_MAX)
        raise LoadError("the value has no end")

    def push(self, value, depth=0):
        self.stack.append(value)
        self.depths.append(depth)

    def take(self, n):
        start = self.at
        if n < 0 or n > len(self.data) - start:
            raise LoadError("the value is cut off")
        self.at = start + n
        return self.data[start:start + n]

    def number(self):
        return INT4.unpack(self.take(4))[0]

    def sized(self):
        return self.take(self.number())

    def counted(self, n):
        self.count += n
        if self.count > VALUES_MAX:
            raise LoadError("more than %d values" % VALUES_MAX)

    def nested(self, depth):
        if depth > DEPTH_MAX:
            raise LoadError("values nested more than %d deep" % DEPTH_MAX)
        return depth

    def text(self):
        try:
            self.push(self.sized().decode("utf-8"))
        except UnicodeDecodeError:
            raise LoadError("a str that is not UTF-8")

    def old_text(self):
        text = self.sized()
        self.push(text.decode("latin-1") if self.latin else text)

    def big(self):
        digits = self.sized()
        if len(digits) > DIGITS_MAX:
            raise LoadError("an int of %d digits" % len(digits))
        try:
            self.push(int(digits))
        except ValueError:
            raise LoadError("an int that is no number")

    def newlist(self):
        n = self.number()
        # An item takes 7 bytes at least: its index, itself, SETITEM.
        if n < 0 or n > (len(self.data) - self.at) // 7:
            raise LoadError("a list of %d items that are not there" % n)
        self.counted(n)
        self.push([None] * n, 1)

    def setitem(self):
        if len(self.stack) < 3:
            raise LoadError("nothing to put an item into")
        value, key = self.stack.pop(), self.stack.pop()
        depth = 1 + max(self.depths.pop(), self.depths.pop())
        container = self.stack[-1]
        if type(container) is dict:
            self.counted(2)
        elif type(container) is not list or type(key) is not int or \
                not 0 <= key < len(container):
            raise LoadError("an item that has no place")
        try:
            container[key] = value
        except TypeError:
            raise LoadError("a key that cannot be one")
        self.depths[-1] = self.nested(max(self.depths[-1], depth))

    def build(self, kind):
        n = self.number()
        if n < 0 or n > len(self.stack):
            raise LoadError("a %s of %d items that are not there"
                            % (kind.__name__, n))
        self.counted(n)
        start = len(self.stack) - n
        depth = 1 + max(self.depths[start:]) if n else 1
        try:
            value = kind(self.stack[start:])
        except TypeError:
            raise LoadError("a set with an item that cannot be one")
        del self.stack[start:], self.depths[start:]
        self.push(value, self.nested(depth))

    LOAD = {
        b"@"[0]: lambda self: self.build(tuple),
        b"A"[0]: lambda self: self.push(self.sized()),
        b"B"[0]: lambda self: self.push(self.channel_of(self.number())),
        b"C"[0]: lambda self: self.push(False),
        b"D"[0]: lambda self: self.push(FLOAT.unpack(self.take(8))[0]),
        b"E"[0]: lambda self: self.build(frozenset),
        b"F"[0]: lambda self: self.push(self.number()),
        b"G"[0]: lambda self: self.push(self.number()),
        b"H"[0]: big,
        b"I"[0]: big,
        b"J"[0]: lambda self: self.push({}, 1),
        b"K"[0]: newlist,
        b"L"[0]: lambda self: self.push(None),
        b"M"[0]: old_text,
        b"N"[0]: text,
        b"O"[0]: lambda self: self.build(set),
        b"P"[0]: setitem,
        b"Q"[0]: "stop",
        b"R"[0]: lambda self: self.push(True),
        b"S"[0]: text,
        b"T"[0]: lambda self: self.push(complex(*COMPLEX.unpack(
            self.take(16)))),
    }


# How many bytes follow an opcode; those of text and bytes have a length.
FOLLOW = {b"@"[0]: 4, b"B"[0]: 4, b"D"[0]: 8, b"E"[0]: 4, b"F"[0]: 4,
          b"G"[0]: 4, b"K"[0]: 4, b"O"[0]: 4, b"T"[0]: 16}
FOLLOW_SIZED = frozenset(b"AHIMNS")


def channel_ids(data):
    """The ids of the channels in a value, without making the value."""
    at, ids = 0, []
    while at < len(data):
        op = data[at]
        at += 1
        if op in FOLLOW_SIZED:
            at += 4 + int.from_bytes(data[at:at + 4], "big")
        else:
            if op == b"B"[0] and at + 4 <= len(data):
                ids.append(INT4.unpack_from(data, at)[0])
            at += FOLLOW.get(op, 0)
    return ids
