/*
 * side_mirror_record.h: db/syncgate, by which a mirror is known as ours.
 *
 *	syncgate mirror 1
 *	job NAME
 *	source UUID
 *	published REV KIND HEX		the revision that `current` names, and
 *	upcoming REV KIND HEX		the one it is about to name
 *	method dump			with method = dump, and then
 *	boot ID				when the machine was started
 *
 * The record is written before `current` moves, so that after a crash between
 * the two one of both lines fits.  KIND says of what HEX is the digest: "file",
 * the revision's own, "pack", the pack that it lies in (fs_digest), or "none".
 */
#ifndef SVNHOTSYNC_SIDE_MIRROR_RECORD_H
#define SVNHOTSYNC_SIDE_MIRROR_RECORD_H

#include "side_mirror.h"
#include "side_place.h"

#define RECORD		"syncgate"

struct record {
	char uuid[64];
	char method[16];		/* "copy", or how the mirror is made */
	char boot[64];			/* of the machine, when it was written;
					 * "" with copy */
	struct mark published, upcoming;
};

static const char *
kind_word(int kind)
{
	return kind == DIGEST_FILE ? "file" : kind == DIGEST_PACK ? "pack" :
	    "none";
}

static void
mark_text(char out[128], const char *word, const struct mark *mark)
{
	char hex[33];

	for (int i = 0; i < 16; i++)
		snprintf(hex + i * 2, 3, "%02x", mark->digest[i]);
	snprintf(out, 128, "%s %lld %s %s\n", word, mark->rev,
	    kind_word(mark->kind), hex);
}

static int
hex_digit(int c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Read "REV KIND HEX"; 0, or -1 if it is damaged. */
static int
mark_read(struct mark *mark, const char *p)
{
	int high, low;

	if (strncmp(p, "-1 ", 3) == 0) {
		mark->rev = -1;
		p += 2;
	} else {
		mark->rev = fs_number(&p);
		if (mark->rev < 0)
			return -1;
	}
	if (strncmp(p, " file ", 6) == 0)
		mark->kind = DIGEST_FILE;
	else if (strncmp(p, " pack ", 6) == 0)
		mark->kind = DIGEST_PACK;
	else if (strncmp(p, " none ", 6) == 0)
		mark->kind = DIGEST_NONE;
	else
		return -1;
	p += 6;
	for (int i = 0; i < 16; i++, p += 2) {
		high = hex_digit(p[0]);
		low = high < 0 ? -1 : hex_digit(p[1]);
		if (low < 0)
			return -1;
		mark->digest[i] = (unsigned char)(high << 4 | low);
	}
	return *p == '\n' ? 0 : -1;
}

/* What follows "WORD " at the beginning of a line, or null. */
static const char *
record_line(const char *text, const char *word)
{
	size_t n = strlen(word);

	for (; text != NULL; text = strchr(text, '\n')) {
		text += *text == '\n';
		if (strncmp(text, word, n) == 0 && text[n] == ' ')
			return text + n + 1;
		if (*text == '\0')
			return NULL;
	}
	return NULL;
}

/* What the line WORD has, or INSTEAD. */
static void
record_word(char *out, size_t size, const char *text, const char *word,
    const char *instead)
{
	const char *line = record_line(text, word);

	if (line == NULL || fs_first_line(out, size, line) != 0)
		snprintf(out, size, "%s", instead);
}

/* Read the record: 1, 0 if there is none; fails if it is damaged. */
static int
record_read(struct record *r, int db, const char *path)
{
	const char *text = fs_read_text(db, RECORD, NULL);
	const char *published, *upcoming, *source;
	int damaged;

	if (text == NULL && errno == ENOENT)
		return 0;
	if (text == NULL)
		xn_fail("cannot read %s/db/" RECORD ": %m", path);
	published = record_line(text, "published");
	upcoming = record_line(text, "upcoming");
	source = record_line(text, "source");
	damaged = strncmp(text, "syncgate mirror 1\n", 18) != 0 ||
	    published == NULL || upcoming == NULL || source == NULL ||
	    mark_read(&r->published, published) != 0 ||
	    mark_read(&r->upcoming, upcoming) != 0 ||
	    fs_first_line(r->uuid, sizeof(r->uuid), source) != 0;
	if (damaged)
		xn_fail("%s/db/" RECORD " is damaged: it cannot be told whether "
		    "the mirror is ours; if it is, `syncgate run --resync` "
		    "makes it anew, and keeps what is there beside it", path);
	record_word(r->method, sizeof(r->method), text, "method", "copy");
	record_word(r->boot, sizeof(r->boot), text, "boot", "");
	return 1;
}

/* Write it, durably: 0, or -1 and errno. */
static int
record_write(const struct mirror *m, const struct mark *published,
    const struct mark *upcoming)
{
	char text[1024], was[128], will_be[128];

	mark_text(was, "published", published);
	mark_text(will_be, "upcoming", upcoming);
	snprintf(text, sizeof(text), "syncgate mirror 1\njob %.400s\n"
	    "source %s\n%s%s%s", m->job, m->uuid, was, will_be,
	    m->record_more == NULL ? "" : m->record_more);
	return xn_write_file(m->db, RECORD, text, strlen(text), 0666);
}

#endif
