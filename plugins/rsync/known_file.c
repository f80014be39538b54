/*
 * known_file.c: see known_file.h.
 */
#include "plugins/rsync/known_file.h"

#include <stdio.h>
#include <string.h>

#include <execnet/remote.h>

#define HEAD	32u
#define HASH	16u

static const char magic[16] = { 's', 'y', 'n', 'c', 'g', 'a', 't', 'e', ' ',
	'k', 'n', 'o', 'w', 'n', '1', '\n' };

_Static_assert(RSYNC_KNOWN_MOST == XN_KNOWN_MOST, "the same limit");

static unsigned char *
put(unsigned char *at, unsigned long long number, int n)
{
	for (int i = n; i-- > 0; number >>= 8)
		at[i] = (unsigned char)number;
	return at + n;
}

static unsigned long long
get(const unsigned char *at, int n)
{
	unsigned long long number = 0;

	while (n-- > 0)
		number = number << 8 | *at++;
	return number;
}

size_t
rsync_known_pack(unsigned char *out, const char *key, long long since,
    const void *bytes, size_t n)
{
	size_t key_n = strlen(key);
	unsigned char *at = out + sizeof(magic);

	if (key_n > RSYNC_KNOWN_KEY || n > RSYNC_KNOWN_MOST)
		return 0;
	memcpy(out, magic, sizeof(magic));
	at = put(at, (unsigned long long)since, 8);
	at = put(at, key_n, 4);
	at = put(at, n, 4);
	memcpy(at, key, key_n);
	at += key_n;
	if (n > 0)
		memcpy(at, bytes, n);
	at += n;
	xn_hash_bytes(out, (size_t)(at - out), at);
	return (size_t)(at - out) + HASH;
}

const char *
rsync_known_parse(struct rsync_known_file *out, const unsigned char *file,
    size_t n, const char *key, long long now)
{
	unsigned char hash[HASH];
	size_t key_n, known_n;

	if (n < HEAD + HASH)
		return "it is cut short";
	if (memcmp(file, magic, sizeof(magic)) != 0)
		return "it is none, or of another version";
	key_n = (size_t)get(file + 24, 4);
	known_n = (size_t)get(file + 28, 4);
	if (key_n > RSYNC_KNOWN_KEY || known_n > RSYNC_KNOWN_MOST ||
	    n != HEAD + key_n + known_n + HASH)
		return "its length is not what it says";
	xn_hash_bytes(file, n - HASH, hash);
	if (memcmp(hash, file + n - HASH, HASH) != 0)
		return "it is not what was written";
	if (key_n != strlen(key) || memcmp(file + HEAD, key, key_n) != 0)
		return "it is of something else";
	out->since = (long long)get(file + 16, 8);
	out->bytes = file + HEAD + key_n;
	out->n = known_n;
	/* (In the future: the clock was wrong then, or is now.) */
	if (out->since > now || out->since <= now - RSYNC_KNOWN_FOR) {
		out->since = now;
		out->n = 0;
	}
	return NULL;
}

void
rsync_known_name(char out[17], const char *key)
{
	unsigned char hash[16];

	xn_hash_bytes(key, strlen(key), hash);
	for (int i = 0; i < 8; i++)
		snprintf(out + 2 * i, 3, "%02x", hash[i]);
}
