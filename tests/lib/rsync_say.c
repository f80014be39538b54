/*
 * Records of rsync, written here once more, so that what is wrong in the sides'
 * own writer is not hidden by itself.
 */
#include "tests/lib/rsync_bad.h"

#include <stdlib.h>
#include <string.h>

#include <xxhash.h>
#include <zstd.h>

#include "tests/lib/cunit_main.h"
#include "tests/lib/expect.h"

#define SILENCE		apr_time_from_sec(30)
#define HEARD_MOST	(256 * 1024)

void
say_byte(struct say *s, int byte)
{
	if (s->n == SAY_MOST)
		abort();
	s->bytes[1 + s->n++] = (unsigned char)byte;
}

void
say_bytes(struct say *s, const void *bytes, size_t n)
{
	if (n > SAY_MOST - s->n)
		abort();
	if (n > 0)
		memcpy(s->bytes + 1 + s->n, bytes, n);
	s->n += n;
}

void
say_number(struct say *s, unsigned long long number)
{
	for (; number > 127; number >>= 7)
		say_byte(s, (int)(number & 127) | 128);
	say_byte(s, (int)number);
}

void
say_text_n(struct say *s, const void *text, size_t n)
{
	say_number(s, n);
	say_bytes(s, text, n);
}

void
say_text(struct say *s, const char *text)
{
	say_text_n(s, text, strlen(text));
}

void
say_entry(struct say *s, int type, const struct say_entry *e)
{
	say_byte(s, type);
	say_text_n(s, e->name, e->name_n > 0 ? e->name_n : strlen(e->name));
	say_number(s, e->mode);
	say_number(s, e->uid);
	say_number(s, e->gid);
	say_number(s, 2);		/* one second after 1970 */
	say_number(s, 0);
	say_text_n(s, e->attrs, e->attrs_n);
	if (type == 'd')
		return;
	say_number(s, e->size);
	say_number(s, e->links);
	if (e->links > 1) {
		say_number(s, e->device);
		say_number(s, e->inode);
	}
	if (type == 'l')
		say_text(s, e->link != NULL ? e->link : "target");
	if (type == 'c' || type == 'b') {
		say_number(s, e->major);
		say_number(s, 3);
	}
}

void
say_named(struct say *s, int type, const char *name)
{
	struct say_entry e = { .name = name, .mode = type == 'd' ? 0755 : 0644,
	    .links = 1, .size = type == 'f' ? 5 : 0 };

	say_byte(s, 'e');
	say_entry(s, type, &e);
}

static void
send_bytes(struct bad *b, const void *bytes, size_t n)
{
	/* One that has failed meanwhile takes nothing any more. */
	xn_error_clear(xn_send(b->peer, "y", bytes, n));
}

void
say_it(struct bad *b, struct say *s)
{
	s->bytes[0] = 'p';
	send_bytes(b, s->bytes, s->n + 1);
	s->n = 0;
}

size_t
say_pack(struct say *s, void *out, size_t size)
{
	unsigned char *packed = out;
	size_t n;

	packed[0] = 'z';
	for (int i = 0; i < 4; i++)
		packed[1 + i] = (unsigned char)(s->n >> (8 * i));
	n = ZSTD_compress(packed + 5, size - 5, s->bytes + 1, s->n, 1);
	CU_ASSERT_FALSE_FATAL(ZSTD_isError(n));
	s->n = 0;
	return n + 5;
}

void
say_packed(struct bad *b, struct say *s)
{
	size_t most = ZSTD_compressBound(s->n) + 5;
	unsigned char *packed = malloc(most);

	CU_ASSERT_PTR_NOT_NULL_FATAL(packed);
	send_bytes(b, packed, say_pack(s, packed, most));
	free(packed);
}

void
say_root(struct bad *b)
{
	struct say *s = calloc(1, sizeof(*s));
	struct say_entry root = { .name = "", .mode = 0755 };

	CU_ASSERT_PTR_NOT_NULL_FATAL(s);
	say_byte(s, 'R');
	say_entry(s, 'd', &root);
	say_it(b, s);
	free(s);
}

void
say_head(struct say *s, unsigned long long size)
{
	say_byte(s, 'F');
	say_number(s, size);
	say_number(s, 2);
	say_number(s, 0);
	say_number(s, 0);
}

void
say_data(struct say *s, const void *bytes, size_t n)
{
	say_byte(s, 'b');
	say_text_n(s, bytes, n);
}

void
say_end(struct say *s, const void *bytes, size_t n)
{
	XXH128_canonical_t hash;

	XXH128_canonicalFromHash(&hash, XXH3_128bits(bytes, n));
	say_byte(s, 'Z');
	say_bytes(s, hash.digest, 16);
}

const unsigned char *
hear(struct bad *b, size_t *n)
{
	static unsigned char heard[HEARD_MOST];
	const unsigned char *bytes;
	size_t size = 0;

	if (!expect_error(xn_receive(b->peer, SILENCE, "y", &bytes, &size), 0,
	    "") || size == 0 || size > HEARD_MOST)
		return NULL;
	*n = size - 1;
	if (bytes[0] == 'p')
		return bytes + 1;
	*n = ZSTD_decompress(heard, HEARD_MOST, bytes + 5, size - 5);
	return ZSTD_isError(*n) ? NULL : heard;
}

int
hear_request(struct bad *b, int what, const char *path)
{
	size_t n, length = strlen(path);
	const unsigned char *at;

	while ((at = hear(b, &n)) != NULL)
		for (size_t i = 0; i + 2 + length <= n; i++)
			if (at[i] == what && at[i + 1] == length &&
			    memcmp(at + i + 2, path, length) == 0)
				return 1;
	return 0;
}

int
hear_byte(struct bad *b, int byte)
{
	size_t n;
	const unsigned char *at;

	while ((at = hear(b, &n)) != NULL)
		if (n > 0 && at[n - 1] == byte)
			return 1;
	return 0;
}

int
hear_end(struct bad *b)
{
	const unsigned char *bytes;
	xn_error_t *error;
	size_t n;
	int ended;

	while ((error = xn_receive(b->peer, SILENCE, "y", &bytes, &n)) == NULL)
		continue;
	ended = error->code != XN_E_TIMEOUT;
	xn_error_clear(error);
	return ended;
}

void
say_as_other(struct bad *b)
{
	xn_channel_t *peer = b->peer;

	b->peer = b->second;
	b->second = peer;
}

void
say_open(struct bad *b)
{
	const unsigned char *at;
	size_t n;

	send_bytes(b, "pO\x7f", 3);
	at = hear(b, &n);
	CU_ASSERT(at != NULL && n > 2 && at[0] == 'R' && at[1] == 'd');
}

void
say_quit(struct bad *b)
{
	send_bytes(b, "pO\x7fQ", 4);
}
