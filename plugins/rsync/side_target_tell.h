/*
 * side_target_tell.h: what the coordinator is told: changes as rsync -i shows
 * them, errors, how far it is.
 */
#ifndef RSYNC_SIDE_TARGET_TELL_H
#define RSYNC_SIDE_TARGET_TELL_H

#include "side_target.h"

#define RS_LINES	(60 * 1024)
#define RS_TELL		0.5		/* seconds */
#define RS_ERRORS	1000		/* that are told one by one */

/* N bytes of lines; a line is a letter, a text and a NUL. */
static inline void
rs_tell_lines(struct rs_target *t)
{
	if (t->lines_n == 0)
		return;
	xn_send(t->channel, "(sy)", "lines", t->lines, t->lines_n);
	t->lines_n = 0;
}

/* One line, of PARTS that end with a null pointer. */
static inline void
rs_tell_line(struct rs_target *t, int kind, const char *const *parts)
{
	size_t n = 2;
	unsigned char *at;

	for (int i = 0; parts[i] != NULL; i++)
		n += strlen(parts[i]);
	if (n > RS_LINES)
		return;
	if (t->lines_n + n > RS_LINES)
		rs_tell_lines(t);
	at = t->lines + t->lines_n;
	*at++ = (unsigned char)kind;
	for (int i = 0; parts[i] != NULL; i++) {
		size_t length = strlen(parts[i]);

		memcpy(at, parts[i], length);
		at += length;
	}
	*at = '\0';
	t->lines_n += n;
}

/* The bytes of files that are to come, without those that came of the one that
 * is arriving. */
static inline long long
rs_owed_bytes(const struct rs_target *t)
{
	long long came = t->arriving.active ? t->arriving.at : 0;

	if (t->first == NULL || came < 0)
		return t->owed_bytes;
	return t->owed_bytes - (came < t->first->owed ? came :
	    t->first->owed);
}

static inline void
rs_tell_progress(struct rs_target *t, int now)
{
	double clock = xn_clock();

	if (!now && clock - t->told < RS_TELL)
		return;
	t->told = clock;
	rs_tell_lines(t);
	xn_send(t->channel, "(slllll)", "progress", t->stats.checked,
	    t->stats.sent, t->stats.data_bytes, t->owed_files,
	    rs_owed_bytes(t));
}

/* Something could not be done, WHAT, to DIR/NAME; errno says why. */
static inline void
rs_error(struct rs_target *t, const char *what, const char *dir,
    const char *name)
{
	int error = errno;
	char *path = rs_join(dir, name);
	const char *parts[] = { what, " ", path[0] != '\0' ? path : "the root",
	    ": ", strerror(error), NULL };

	if (t->stats.errors++ < RS_ERRORS)
		rs_tell_line(t, '!', parts);
	xn_free(path);
	errno = error;
}

/* The same of what the source could not read: who knows what it has, or was
 * moved there?  Nothing is deleted any more. */
static inline void
rs_cannot_read(struct rs_target *t, const char *what, const char *dir,
    const char *name)
{
	rs_error(t, what, dir, name);
	t->io_error = 1;
}

/* Say that something was not deleted because of that, once. */
static inline void
rs_tell_stopped(struct rs_target *t)
{
	char text[160];
	const char *parts[] = { text, NULL };

	if (t->stopped == 0)
		return;
	snprintf(text, sizeof(text), "part of the source could not be read: "
	    "%lld that it does not have were not deleted (ignore-errors = yes "
	    "deletes all the same)", t->stopped);
	rs_tell_line(t, '!', parts);
	t->stopped = 0;
}

/*
 * With --dry-run: could something in the folder DIR be changed, or (ONLY_ITSELF)
 * what is said of it?  If not that is an error, as it would be.  What belongs to
 * us we would open up.
 */
static inline void
rs_look_at_rights(struct rs_target *t, const char *dir, int only_itself)
{
	xn_stat_t st;

	if (!t->dry || t->root == -1 || t->read_only ||
	    (t->shut != NULL && strcmp(t->shut, dir) == 0) ||
	    xn_writable(t->root, dir) == 0)
		return;
	if (errno == EROFS) {
		t->read_only = 1;
		rs_error(t, "could not change anything in", "", "");
		return;
	}
	if (errno != EACCES || only_itself || (xn_stat(t->root, dir, &st) == 0 &&
	    (unsigned int)st.uid == (unsigned int)geteuid()))
		return;
	xn_free(t->shut);
	t->shut = rs_join(dir, "");
	errno = EACCES;
	rs_error(t, "could not make, replace or delete anything in", dir, "");
}

/* What happened to DIR/E: CHANGES, as rsync -i has them.  FIRST: the name that
 * it is a link to, or null. */
static inline void
rs_itemize_link(struct rs_target *t, const char *changes, const char *dir,
    const xn_entry *e, const char *first)
{
	char *path;
	const char *parts[] = { changes, " ", NULL, e->type == 'd' ? "/" : "",
	    "", "", NULL };

	if (first != NULL) {
		parts[4] = " => ";
		parts[5] = first;
	} else if (e->type == 'l') {
		parts[4] = " -> ";
		parts[5] = e->link;
	}
	rs_look_at_rights(t, dir, changes[0] == '.');
	t->stats.changed++;
	if (strncmp(changes + 2, "+++", 3) == 0)
		t->stats.created++;
	if (!t->itemize)
		return;
	path = rs_join(dir, e->name);
	parts[2] = path[0] != '\0' ? path : ".";
	rs_tell_line(t, 'i', parts);
	xn_free(path);
}

static inline void
rs_itemize(struct rs_target *t, const char *changes, const char *dir,
    const xn_entry *e)
{
	if (changes[0] != '.' || strspn(changes + 2, ".") != 9)
		rs_itemize_link(t, changes, dir, e, NULL);
}

/* rsync's letter for a type. */
static inline char
rs_letter(int type)
{
	return type == 'f' || type == 'd' ? (char)type : type == 'l' ? 'L' :
	    type == 'c' || type == 'b' ? 'D' : 'S';
}

/* Begin CHANGES: how it comes, and what it is; nothing else changes. */
static inline void
rs_changes(char changes[12], int how, int type)
{
	memcpy(changes, "...........", 12);
	changes[0] = (char)how;
	changes[1] = rs_letter(type);
}

static inline void
rs_changes_new(char changes[12], int how, int type)
{
	memcpy(changes, "+++++++++++", 12);
	changes[0] = (char)how;
	changes[1] = rs_letter(type);
}

/* All is done that the source has told, but for what failed. */
static inline void
rs_tell_batch(struct rs_target *t)
{
	if (t->full_wanted || t->again != 0 || t->stats.skipped > 0 ||
	    t->batch == t->batch_told)
		return;
	t->batch_told = t->batch;
	xn_send(t->channel, "(sl)", "at", t->batch);
}

/* All was compared, and is the same now. */
static inline void
rs_tell_compared(struct rs_target *t, long long before)
{
	t->counted = 1;
	t->uncreated = t->stats.checked - before - t->stats.created +
	    t->stats.deleted;
	if (t->again == 0 && t->stats.skipped == 0)
		xn_send(t->channel, "(sl)", "compared",
		    t->stats.checked - before);
}

static inline void
rs_tell_done(struct rs_target *t)
{
	const struct rs_stats *s = &t->stats;

	rs_tell_progress(t, 1);
	xn_send(t->channel, "(s{slslslslslslslslslslslsl})", "done",
	    "checked", s->checked, "folders", s->folders,
	    "changed", s->changed, "created", s->created,
	    "deleted", s->deleted, "sent", s->sent,
	    "same_bytes", s->same_bytes, "data_bytes", s->data_bytes,
	    "total_bytes",
	    (long long)(s->total_bytes & 0x7fffffffffffffffull),
	    "errors", s->errors, "vanished", s->vanished,
	    "skipped", s->skipped);
}

#endif
