/*
 * side_wire.h: records, as the two sides of rsync exchange them.
 *
 * A message is one value of bytes: its first byte is 'p' (plain) or 'z' (what
 * follows is the unpacked size, 4 bytes, and zstd data).  Then records, whole
 * ones: a letter, and its fields.  Numbers are written 7 bits a byte, the low
 * ones first; signed ones with the sign in the lowest bit.  Texts and bytes have
 * their length before them.
 *
 * What comes is from another machine: each field is checked against what is
 * left of its message, and the program fails if it does not fit.
 */
#ifndef RSYNC_SIDE_WIRE_H
#define RSYNC_SIDE_WIRE_H

#define RS_MESSAGE	(XN_PIECE - 64)	/* bytes of records in a message */
#define RS_DATA		(60 * 1024)	/* of a file, in one record */
#define RS_PAGE		(1024 * 1024)	/* of a folder told at once */
#define RS_PATH		(32 * 1024)	/* the longest path */
#define RS_PLACE_CHECK	1.0		/* seconds between looks at a root */
/* Of signatures: with the request, at once, in one record. */
#define RS_SIGN_HERE	(24 * 1024)
#define RS_SIGN_PIECE	(4800 * 12)
#define RS_SIGN_BATCH	(16 * RS_SIGN_PIECE)	/* at most: rs_sign_batch() */
#define RS_PLAIN_FIRST	4	/* messages in vain, then so many */
#define RS_PLAIN_MOST	64	/* are not tried */
/* Flags of a request for the rest of a file. */
#define RS_GROWING	1		/* it may grow while it is read */
#define RS_UNPACKED	(256 * 1024)	/* of a packed message, at most */

#define RS_PACKS		32	/* messages kept with what they became */

/* What was packed lately, for others who are sent the same. */
struct rs_pack {
	unsigned char *plain;		/* null: none */
	unsigned char *packed;
	size_t n, packed_n;		/* bytes; 0: it did not become smaller */
};
struct rs_packs {
	struct rs_pack list[RS_PACKS];
	unsigned int next;
};

/* What is about to be sent. */
struct rs_out {
	xn_channel *channel;
	unsigned char *bytes;		/* RS_MESSAGE, and one before */
	size_t n;
	unsigned char *packed;		/* null: nothing is packed */
	struct rs_packs *packs;		/* null: nobody else is sent it */
	int level;
	int plain;			/* messages that did not become smaller */
	long long sent;			/* bytes, as they went */
};

/* A message that has come; it lives until the next one. */
struct rs_in {
	const unsigned char *at, *end;
	unsigned char *unpacked;	/* malloc'ed when first needed */
};

/* ---- Writing -------------------------------------------------------------- */

static inline void
rs_out_open(struct rs_out *o, xn_channel *channel, int level)
{
	memset(o, 0, sizeof(*o));
	o->channel = channel;
	o->bytes = xn_alloc(RS_MESSAGE + 1);
	o->bytes[0] = 'p';
	o->bytes++;
	o->level = level;
	if (level != 0)
		o->packed = xn_alloc(RS_MESSAGE + 16);
}

static inline void
rs_packs_free(struct rs_packs *packs)
{
	for (int i = 0; packs != NULL && i < RS_PACKS; i++) {
		xn_free(packs->list[i].plain);
		xn_free(packs->list[i].packed);
	}
	xn_free(packs);
}

static inline unsigned char *
rs_pack_keep(const unsigned char *bytes, size_t n)
{
	unsigned char *kept = xn_malloc(n + 1);

	if (kept == NULL)
		xn_fail("no memory");
	return memcpy(kept, bytes, n);
}

/* What is there by zstd, behind packed + 5: its size; 0 or less if that is not
 * smaller.  What was packed for another target is not packed again. */
static inline long long
rs_out_zstd(struct rs_out *o)
{
	struct rs_pack *pack = NULL;
	long long n;

	for (int i = 0; o->packs != NULL && i < RS_PACKS; i++) {
		pack = &o->packs->list[i];
		if (pack->plain == NULL || pack->n != o->n ||
		    memcmp(pack->plain, o->bytes, o->n) != 0)
			continue;
		memcpy(o->packed + 5, pack->packed, pack->packed_n);
		return (long long)pack->packed_n;
	}
	n = xn_zstd_pack(o->packed + 5, o->n - o->n / 16, o->bytes, o->n,
	    o->level);
	if (o->packs == NULL)
		return n;
	pack = &o->packs->list[o->packs->next++ % RS_PACKS];
	xn_free(pack->plain);
	xn_free(pack->packed);
	pack->n = o->n;
	pack->packed_n = n > 0 ? (size_t)n : 0;
	pack->plain = rs_pack_keep(o->bytes, o->n);
	pack->packed = rs_pack_keep(o->packed + 5, pack->packed_n);
	return n;
}

/* Pack what is there, if it becomes smaller: the bytes to send, or 0. */
static inline size_t
rs_out_pack(struct rs_out *o)
{
	long long n;

	if (o->packed == NULL || o->n < 256)
		return 0;
	/* What cannot be packed is often followed by more of its kind. */
	if (o->plain > RS_PLAIN_FIRST && o->plain++ < RS_PLAIN_MOST)
		return 0;
	if (o->plain >= RS_PLAIN_MOST)
		o->plain = RS_PLAIN_FIRST;
	n = rs_out_zstd(o);
	if (n <= 0) {
		o->plain++;
		return 0;
	}
	o->plain = 0;
	o->packed[0] = 'z';
	for (int i = 0; i < 4; i++)
		o->packed[1 + i] = (unsigned char)(o->n >> (8 * i));
	return (size_t)n + 5;
}

static inline void
rs_flush(struct rs_out *o)
{
	size_t n;

	if (o->n == 0)
		return;
	n = rs_out_pack(o);
	if (n > 0)
		xn_send(o->channel, "y", o->packed, n);
	else
		xn_send(o->channel, "y", o->bytes - 1, o->n + 1);
	o->sent += (long long)(n > 0 ? n : o->n + 1);
	o->n = 0;
}

/* Room for a record of at most N bytes: what does not fit goes before. */
static inline void
rs_room(struct rs_out *o, size_t n)
{
	if (n > RS_MESSAGE)
		xn_fail("a record of %lld bytes is too large to be sent",
		    (long long)n);
	if (o->n + n > RS_MESSAGE)
		rs_flush(o);
}

static inline void
rs_put_byte(struct rs_out *o, int byte)
{
	o->bytes[o->n++] = (unsigned char)byte;
}

static inline void
rs_put(struct rs_out *o, unsigned long long n)
{
	while (n > 127) {
		o->bytes[o->n++] = (unsigned char)(n | 128);
		n >>= 7;
	}
	o->bytes[o->n++] = (unsigned char)n;
}

static inline void
rs_put_signed(struct rs_out *o, long long n)
{
	rs_put(o, n < 0 ? ~((unsigned long long)n << 1) :
	    (unsigned long long)n << 1);
}

static inline void
rs_put_bytes(struct rs_out *o, const void *bytes, size_t n)
{
	rs_put(o, n);
	if (n > 0)
		memcpy(o->bytes + o->n, bytes, n);
	o->n += n;
}

static inline void
rs_put_text(struct rs_out *o, const char *text)
{
	rs_put_bytes(o, text, strlen(text));
}

static inline void
rs_put_hash(struct rs_out *o, const unsigned char hash[16])
{
	memcpy(o->bytes + o->n, hash, 16);
	o->n += 16;
}

/* ---- Reading -------------------------------------------------------------- */

static inline int
rs_more(const struct rs_in *in)
{
	return in->at < in->end;
}

static inline void
rs_in_unpack(struct rs_in *in, const unsigned char *p, size_t n)
{
	size_t size = 0;

	if (n < 5)
		xn_fail("received a packed message that is cut short");
	for (int i = 0; i < 4; i++)
		size |= (size_t)p[1 + i] << (8 * i);
	if (size > RS_UNPACKED)
		xn_fail("received a packed message of %lld bytes",
		    (long long)size);
	if (in->unpacked == NULL)
		in->unpacked = xn_alloc(RS_UNPACKED);
	if (xn_zstd_unpack(in->unpacked, size, p + 5, n - 5) != 0)
		xn_fail("received a message that cannot be unpacked");
	in->at = in->unpacked;
	in->end = in->at + size;
}

/* The next message of CHANNEL within TIMEOUT: 1, or 0. */
static inline int
rs_receive(struct rs_in *in, xn_channel *channel, int timeout)
{
	const void *bytes;
	size_t n;

	if (!xn_receive(channel, timeout, "y", &bytes, &n))
		return 0;
	in->at = bytes;
	in->end = in->at + n;
	if (n == 0)
		xn_fail("received an empty message");
	if (in->at[0] == 'z')
		rs_in_unpack(in, in->at, n);
	else if (in->at[0] != 'p')
		xn_fail("received a message that is neither plain nor packed");
	else
		in->at++;
	return 1;
}

static inline int
rs_get_byte(struct rs_in *in)
{
	if (in->at >= in->end)
		xn_fail("received a record that is cut short");
	return *in->at++;
}

static inline unsigned long long
rs_get(struct rs_in *in)
{
	unsigned long long n = 0;
	int shift = 0, byte;

	do {
		byte = rs_get_byte(in);
		if (shift > 63)
			xn_fail("received a number that is too large");
		n |= (unsigned long long)(byte & 127) << shift;
		shift += 7;
	} while (byte & 128);
	return n;
}

static inline long long
rs_get_signed(struct rs_in *in)
{
	unsigned long long n = rs_get(in);

	return n & 1 ? (long long)~(n >> 1) : (long long)(n >> 1);
}

/* A number that may not be larger than MAX. */
static inline long long
rs_get_below(struct rs_in *in, unsigned long long max, const char *what)
{
	unsigned long long n = rs_get(in);

	if (n > max)
		xn_fail("received %s of %lld, at most %lld", what,
		    (long long)n, (long long)max);
	return (long long)n;
}

static inline const unsigned char *
rs_get_raw(struct rs_in *in, size_t n)
{
	const unsigned char *p = in->at;

	if ((size_t)(in->end - in->at) < n)
		xn_fail("received a record that is cut short");
	in->at += n;
	return p;
}

static inline const unsigned char *
rs_get_bytes(struct rs_in *in, size_t *n)
{
	*n = (size_t)rs_get_below(in, RS_UNPACKED, "a length");
	return rs_get_raw(in, *n);
}

/* A text without NUL, malloc'ed. */
static inline char *
rs_get_text(struct rs_in *in)
{
	size_t n;
	const unsigned char *p = rs_get_bytes(in, &n);
	char *text;

	if (n > RS_PATH || memchr(p, 0, n) != NULL)
		xn_fail("received a path with a NUL, or one that is too long");
	text = xn_malloc(n + 1);
	if (text == NULL)
		xn_fail("no memory");
	memcpy(text, p, n);
	text[n] = '\0';
	return text;
}

/* May NAME be that of something in a folder? */
static inline int
rs_is_name(const char *name)
{
	size_t n = strlen(name);

	return n > 0 && n <= 255 && strchr(name, '/') == NULL &&
	    strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

/* Is PATH one of something in the tree: names alone, or the root? */
static inline int
rs_is_clean(const char *path)
{
	char name[256];

	for (size_t n; path[0] != '\0'; path += n) {
		n = strcspn(path, "/");
		if (n > 255)
			return 0;
		memcpy(name, path, n);
		name[n] = '\0';
		if (!rs_is_name(name) || (path[n] == '/' && path[n + 1] ==
		    '\0'))
			return 0;
		n += path[n] == '/';
	}
	return 1;
}

/* DIR/NAME (DIR may be "", the root), malloc'ed. */
static inline char *
rs_join(const char *dir, const char *name)
{
	size_t d = strlen(dir), n = strlen(name);
	char *path = xn_malloc(d + n + 2);

	if (path == NULL)
		xn_fail("no memory");
	memcpy(path, dir, d);
	if (d > 0 && n > 0)
		path[d++] = '/';
	memcpy(path + d, name, n + 1);
	return path;
}

/* Is DIR/NAME the path PATH (which may be null)? */
static inline int
rs_is_path(const char *dir, const char *name, const char *path)
{
	size_t n = strlen(dir);

	return path != NULL && strncmp(path, dir, n) == 0 &&
	    (n == 0 || path[n] == '/') &&
	    strcmp(path + n + (n > 0), name) == 0;
}

/*
 * Is the open folder BASE still what lies at PATH?  We hold it open and would
 * follow it wherever it is moved, or write into what is mounted over.
 */
static inline int
rs_is_in_place(int base, const char *path)
{
	xn_stat_t ours, there = { 0 };
	int now = xn_base_open(path), same;

	same = now != -1 && xn_fstat(base, &ours) == 0 &&
	    xn_fstat(now, &there) == 0 && ours.inode == there.inode &&
	    ours.device == there.device;
	if (now != -1)
		close(now);
	return same;
}

/*
 * How many bytes of a signature the next batch has, when DONE have come, if so
 * many are left: few at first, so that the file is begun while most of the old
 * one is still to be signed; then as many as there were, or a long way would
 * cost much waiting.
 */
static inline long long
rs_sign_batch(long long done)
{
	return done < RS_SIGN_PIECE ? RS_SIGN_PIECE : done < RS_SIGN_BATCH ?
	    done : RS_SIGN_BATCH;
}

static inline void *
rs_memory(size_t n)
{
	void *p = xn_malloc(n);

	if (p == NULL)
		xn_fail("no memory");
	return memset(p, 0, n);
}

#endif
