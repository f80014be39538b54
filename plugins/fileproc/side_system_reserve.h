/*
 * side_system_reserve.h: who awaits which results, also of other users.
 *
 * A reservation is a file items/ID with texts that end in a NUL each: 1, queue,
 * job, name in remote-in, the coded patterns of the result and of its marker,
 * the inode of the item's file, repeated, and until when it is late (0: it is
 * not).  It is late when its item was abandoned after it had been placed: a
 * result may still come, and belongs to nobody.
 */
#ifndef FILEPROC_SIDE_SYSTEM_RESERVE_H
#define FILEPROC_SIDE_SYSTEM_RESERVE_H

#include "side_system_pattern.h"

#define FP_FIELDS	9
#define FP_RESERVATION	(FP_NAMES * 5)
#define FP_ORPHAN	86400.0		/* seconds: of a job that is not run */

struct fp_reservation {
	char id[FP_ID];
	char *text;			/* malloc'ed; what follows is in it */
	const char *queue, *job, *name, *result, *marker;
	long long inode, until;
	int repeated;
	int uid;			/* whose it is */
	double made;
};

static inline void
fp_reservation_clear(struct fp_reservation *r)
{
	free(r->text);
	r->text = NULL;
}

/* Set the fields in TEXT of N bytes: 0 or -1. */
static inline int
fp_reservation_parse(struct fp_reservation *r, size_t n)
{
	const char *fields[FP_FIELDS], *at = r->text, *end = r->text + n, *nul;
	int i;

	for (i = 0; i < FP_FIELDS; i++) {
		fields[i] = at;
		nul = at == end ? NULL : memchr(at, '\0', (size_t)(end - at));
		if (nul == NULL)
			return -1;
		at = nul + 1;
	}
	if (strcmp(fields[0], "1") != 0)
		return -1;
	r->queue = fields[1];
	r->job = fields[2];
	r->name = fields[3];
	r->result = fields[4];
	r->marker = fields[5];
	r->inode = strtoll(fields[6], NULL, 10);
	r->repeated = fields[7][0] == '1';
	r->until = strtoll(fields[8], NULL, 10);
	for (i = 1; i < FP_FIELDS; i++)
		if (strlen(fields[i]) >= FP_NAMES)
			return -1;
	return 0;
}

/* Read the reservation ID: 0, or -1 if it is none. */
static inline int
fp_reservation_read(struct fp_reservation *r, const struct fp_system *s,
    const char *id)
{
	xn_stat_t st;
	size_t n;

	memset(r, 0, sizeof(*r));
	if (!fp_is_word(id) || xn_stat(s->items, id, &st) != 0)
		return -1;
	snprintf(r->id, sizeof(r->id), "%s", id);
	r->uid = st.uid;
	r->made = (double)st.mtime / 1e9;
	r->text = xn_read_file(s->items, id, FP_RESERVATION, &n);
	if (r->text != NULL && fp_reservation_parse(r, n) == 0)
		return 0;
	fp_reservation_clear(r);
	return -1;
}

/* Append TEXT and its NUL. */
static inline size_t
fp_put_field(char *out, size_t at, const char *text)
{
	snprintf(out + at, FP_RESERVATION - at, "%s", text);
	return at + strlen(out + at) + 1;
}

static inline int
fp_reservation_put(const struct fp_system *s, const char *id, const char *name,
    const char *result, const char *marker, long long inode, int repeated,
    long long until)
{
	char *out = malloc(FP_RESERVATION), number[32];
	size_t n;
	int rc, fd;

	if (out == NULL)
		xn_fail("out of memory");
	n = fp_put_field(out, 0, "1");
	n = fp_put_field(out, n, s->queue);
	snprintf(number, sizeof(number), "%.30s", s->job);
	n = fp_put_field(out, n, number);
	n = fp_put_field(out, n, name);
	n = fp_put_field(out, n, result);
	n = fp_put_field(out, n, marker);
	snprintf(number, sizeof(number), "%lld", inode);
	n = fp_put_field(out, n, number);
	n = fp_put_field(out, n, repeated ? "1" : "0");
	snprintf(number, sizeof(number), "%lld", until);
	n = fp_put_field(out, n, number);
	rc = xn_write_file(s->items, id, out, n, 0644);
	free(out);
	/* The other users are to see it whatever our umask is. */
	fd = rc == 0 ? xn_open(s->items, id, XN_O_READ, 0) : -1;
	if (fd != -1)
		xn_fchmod(fd, 0644);
	fp_close(&fd);
	return rc;
}

/* Make, or write anew, the reservation of L's item: 0, or -1 and errno. */
static inline int
fp_reserve(const struct fp_system *s, const struct fp_lane *l, long long until)
{
	char result[FP_NAMES], marker[FP_NAMES];

	if (fp_pattern_code(result, &l->result) != 0 ||
	    fp_pattern_code(marker, &l->marker) != 0) {
		errno = EINVAL;
		return -1;
	}
	return fp_reservation_put(s, l->id, l->name, result, marker, l->inode,
	    l->repeated, until);
}

/* End the reservation ID; it is on the disk when this returns. */
static inline void
fp_unreserve(const struct fp_system *s, const char *id)
{
	if (xn_unlink(s->items, id) != 0)
		return;
	FP_STEP();
	xn_sync_dir(s->items, "");
}

/* ---- Is it in our way? --------------------------------------------------------- */

/* Does a run of the queue of R live? */
static inline int
fp_is_run(const struct fp_system *s, const struct fp_reservation *r)
{
	char path[FP_ID * 2 + 32];
	int fd, held;

	if (!fp_is_word(r->queue))
		return 0;
	snprintf(path, sizeof(path), FP_HIDDEN "/%s.run", r->queue);
	fd = xn_open(s->in, path, XN_O_READ | XN_O_WRITE, 0);
	if (fd == -1)
		return errno != ENOENT;
	held = xn_lock(fd, 0) != 0;
	close(fd);
	return held;
}

/* Does R bind nobody any more? */
static inline int
fp_is_over(const struct fp_system *s, const struct fp_reservation *r)
{
	if (strcmp(r->queue, s->queue) == 0)
		return 0;
	if (r->until != 0 && (double)r->until < xn_time())
		return 1;
	return xn_time() - r->made > FP_ORPHAN && !fp_is_run(s, r);
}

/* May what R awaits be what L would await? */
static inline int
fp_disturbs(const struct fp_reservation *r, const char *result,
    const char *marker)
{
	if (fp_overlap(r->result, result))
		return 1;
	if (marker[0] != '\0' && (fp_overlap(r->result, marker) ||
	    (r->marker[0] != '\0' && fp_overlap(r->marker, marker))))
		return 1;
	return r->marker[0] != '\0' && fp_overlap(r->marker, result);
}

static inline void
fp_tell_disturber(char why[FP_SAY], const struct fp_reservation *r,
    const struct fp_system *s)
{
	int ours = strcmp(r->queue, s->queue) == 0;

	if (r->until != 0)
		snprintf(why, FP_SAY, "a result that it cannot be told from "
		    "may still come for '%.300s', which was abandoned",
		    r->name);
	else
		snprintf(why, FP_SAY, "its result could not be told from that "
		    "of '%.300s', which is processed there%s%.100s%s",
		    r->name, ours ? "" : " for the job '",
		    ours ? "" : r->job, ours ? "" : "' of another user");
}

/* Is a result like that of L awaited already?  1, and WHY. */
static inline int
fp_is_reserved(const struct fp_system *s, const struct fp_lane *l,
    char why[FP_SAY])
{
	char result[FP_NAMES], marker[FP_NAMES];
	struct fp_reservation r;
	const char *name;
	xn_dir *dir;
	int found = 0;

	if (fp_pattern_code(result, &l->result) != 0 ||
	    fp_pattern_code(marker, &l->marker) != 0)
		return 0;
	dir = xn_dir_open(s->items, "");
	if (dir == NULL)
		xn_fail("cannot list " FP_HIDDEN "/items in %s: %m",
		    s->in_path);
	while (!found && (name = xn_dir_next(dir)) != NULL) {
		if (strcmp(name, l->id) == 0 ||
		    fp_reservation_read(&r, s, name) != 0)
			continue;
		if (fp_disturbs(&r, result, marker)) {
			found = !fp_is_over(s, &r);
			if (found)
				fp_tell_disturber(why, &r, s);
			else if (r.until != 0)
				fp_unreserve(s, r.id);
		}
		fp_reservation_clear(&r);
	}
	xn_dir_close(dir);
	return found;
}

#endif
