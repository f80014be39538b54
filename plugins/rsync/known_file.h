/*
 * known_file.h: the file that rsync_known_open() reads, as bytes.
 *
 *	16 bytes	"syncgate known1\n"
 *	8 bytes		since when something is known: seconds since 1970
 *	4, 4 bytes	how long the key is, and what is known
 *	key		of what it is
 *	bytes		what is known (xn_ahead_known())
 *	16 bytes	XXH3-128 of all before
 *
 * Numbers have the highest byte first.
 */
#ifndef RSYNC_KNOWN_FILE_H
#define RSYNC_KNOWN_FILE_H

#include <stddef.h>

#define RSYNC_KNOWN_MOST	(512 * 1024)	/* XN_KNOWN_MOST */
#define RSYNC_KNOWN_FOR		(24 * 60 * 60)	/* seconds */
#define RSYNC_KNOWN_KEY		(16 * 1024)
#define RSYNC_KNOWN_FILE	(RSYNC_KNOWN_MOST + RSYNC_KNOWN_KEY + 48)

/* What such a file says. */
struct rsync_known_file {
	long long since;
	const unsigned char *bytes;	/* in the file */
	size_t n;
};

/*
 * Take the N bytes of FILE, which is to be of KEY, apart: NULL, or what is
 * wrong with it.  At NOW, a day after it was begun, it says nothing any more:
 * OUT is begun anew.
 */
const char *rsync_known_parse(struct rsync_known_file *out,
    const unsigned char *file, size_t n, const char *key, long long now);

/* The file into OUT, which has room for RSYNC_KNOWN_FILE: how long it is; 0 if
 * KEY or the N BYTES are too long. */
size_t rsync_known_pack(unsigned char *out, const char *key, long long since,
    const void *bytes, size_t n);

/* 16 hex digits that stand for KEY. */
void rsync_known_name(char out[17], const char *key);

#endif
