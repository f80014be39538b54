/*
 * side_source_unit.h: what takes more than one message: a large revision, a
 * pack, large properties.
 *
 * It is sent message by message, so that a mirror which takes no more keeps its
 * place in the middle of it while others go on: it then has a copy of the unit,
 * which holds the same open file.
 */
#ifndef SVNHOTSYNC_SIDE_SOURCE_UNIT_H
#define SVNHOTSYNC_SIDE_SOURCE_UNIT_H

#include "side_pack.h"
#include "side_source_part.h"
#include "side_source_props.h"
#include "side_source_send.h"

#define PATH_MAX_TOLD	1024	/* bytes of a repository's path, in a reason */

enum unit_kind {
	UNIT_REVISION,		/* ("R", ...), the file, the properties */
	UNIT_PROPS,		/* ("P", ...), the properties */
	UNIT_PACK,
	UNIT_REPACK,		/* and ("same", first) behind it */
	UNIT_PART
};

enum unit_step {
	STEP_HEAD, STEP_PACK, STEP_MANIFEST, STEP_PROPS, STEP_NAMES,
	STEP_FIRST, STEP_END, STEP_SAME, STEP_FILES, STEP_DONE
};

/* ---- Whose it is --------------------------------------------------------- */

static void
unit_leave(struct lane *lane)
{
	struct unit *u = lane->unit;

	lane->unit = NULL;
	if (u == NULL || --u->refs > 0)
		return;
	let_go(u->held);
	let_go(u->behind);
	part_let_go(u->list);
	free(u->manifest);
	free(u);
}

/* All lanes in s->reader->to begin a unit. */
static struct unit *
unit_begin(struct reader *r, int kind, long long number)
{
	struct unit *u = calloc(1, sizeof(*u));

	if (u == NULL)
		xn_fail("out of memory");
	u->kind = kind;
	u->number = number;
	for (int i = 0; i < r->to_n; i++) {
		r->to[i]->unit = u;
		u->refs++;
	}
	return u;
}

/*
 * Those that share LANE's unit and may be sent to go into r->to; the others
 * get a copy of it, which they share.
 */
static void
unit_part(struct lane *lane)
{
	struct reader *r = lane->source->reader;
	struct unit *u = lane->unit, *copy = NULL;

	to_nobody(r);
	for (struct lane *l = lane->source->lanes; l != NULL;
	    l = l->next_lane) {
		if (l->unit != u)
			continue;
		if (may_send(l)) {
			to_too(r, l);
			continue;
		}
		if (copy == NULL) {
			copy = malloc(sizeof(*copy));
			if (copy == NULL)
				xn_fail("out of memory");
			*copy = *u;
			copy->refs = 0;
			copy->manifest = NULL;
			if (u->manifest != NULL) {
				copy->manifest = malloc(u->manifest_n + 1);
				if (copy->manifest == NULL) {
					free(copy);
					xn_fail("out of memory");
				}
				memcpy(copy->manifest, u->manifest,
				    u->manifest_n + 1);
			}
			if (u->held != NULL)
				u->held->refs++;
			if (u->behind != NULL)
				u->behind->refs++;
			if (u->list != NULL)
				u->list->refs++;
		}
		l->unit = copy;
		copy->refs++;
		u->refs--;
	}
}

/* ---- Sending it ---------------------------------------------------------- */

/* The next piece of what is held. */
static void
send_piece(struct source *s, struct unit *u)
{
	struct reader *r = s->reader;
	long long left = u->held->size - u->at;
	size_t n = left < XN_PIECE ? (size_t)left : XN_PIECE, done = 0;
	const char *piece = r->piece;
	ssize_t got;

	if (u->held->fd == -1) {
		piece = u->held->text + u->at;
	} else {
		while (done < n) {
			got = pread(u->held->fd, r->piece + done, n - done,
			    u->at + (long long)done);
			if (got == -1 && errno == EINTR)
				continue;
			if (got == -1)
				xn_fail("cannot read %s/db/%s: %m", s->path,
				    u->held->path);
			if (got == 0)
				xn_fail("%s/db/%s became shorter while it was "
				    "read", s->path, u->held->path);
			done += (size_t)got;
		}
	}
	TELL(r, n, "(sy)", "p", (const void *)piece, n);
	u->at += (long long)n;
	if (u->at == u->held->size) {
		let_go(u->held);
		u->held = u->behind;
		u->behind = NULL;
		u->at = 0;
	}
}

/* Nothing of it, then, but no piece either. */
static void
skip_empty(struct unit *u)
{
	while (u->held != NULL && u->held->size == 0) {
		let_go(u->held);
		u->held = u->behind;
		u->behind = NULL;
	}
}

/* The size of the file FD, which was opened as PATH. */
static long long
size_of(const struct source *s, int fd, const char *path)
{
	xn_stat_t st;

	if (xn_fstat(fd, &st) != 0)
		xn_fail("cannot look at %s/db/%s: %m", s->path, path);
	/* A pipe has a size of 0, and would be taken for an empty file.  (A
	 * folder is told by who reads it.) */
	if (st.type != XN_FT_FILE && st.type != XN_FT_DIRECTORY)
		xn_fail("cannot read %s/db/%s: it is no file", s->path, path);
	return st.size;
}

/* Begin with one file of a pack: 1, or 0 if it is not there. */
static int
begin_file(struct source *s, struct unit *u, const char *kind,
    const char *name)
{
	char path[PATH_SIZE];

	fs_pack_path(path, kind, u->number, name);
	s->file = xn_open(s->db, path, XN_O_READ, 0);
	if (s->file == -1 && errno == ENOENT)
		return 0;
	if (s->file == -1)
		xn_fail("cannot open %s/db/%s: %m", s->path, path);
	u->held = hold_file(&s->file, path, size_of(s, s->file,
	    path));
	u->at = 0;
	TELL(s->reader, 0, "(sssl)", "file", kind, name, u->held->size);
	skip_empty(u);
	return 1;
}

static void
begin_needed(struct source *s, struct unit *u, const char *name)
{
	if (!begin_file(s, u, "revs", name))
		xn_fail("%s/db/revs/%lld.pack/%s is not there", s->path,
		    u->number, name);
}

/* The packed properties have changed meanwhile: send them once more.  What was
 * sent of an older state the mirror removes, since the manifest does not name
 * it. */
static void
begin_again(struct source *s, struct unit *u)
{
	free(u->manifest);
	u->manifest = NULL;
	props_forget(s);
	u->step = STEP_PROPS;
	if (++u->round >= ROUNDS)
		xn_fail("%s/db/revprops/%lld.pack is damaged, or changes all "
		    "the time", s->path, u->number);
}

static void
load_manifest(struct source *s, struct unit *u)
{
	u->manifest = fs_manifest(s->db, u->number, &u->manifest_n);
	if (u->manifest == NULL && errno != ENOENT)
		xn_fail("cannot read %s/db/revprops/%lld.pack/manifest: %m",
		    s->path, u->number);
	u->manifest_at = 0;
	u->last[0] = '\0';
	u->step = STEP_NAMES;
	if (u->manifest == NULL)
		begin_again(s, u);
}

/* Is it still as we read it? */
static int
same_manifest(struct source *s, const struct unit *u)
{
	size_t n = 0;
	char *now = fs_manifest(s->db, u->number, &n);
	int same = now != NULL && n == u->manifest_n &&
	    memcmp(now, u->manifest, n) == 0;

	free(now);
	return same;
}

/* The next file that the manifest names; behind the last one, itself. */
static void
next_name(struct source *s, struct unit *u)
{
	const char *at = u->manifest + u->manifest_at;
	char name[NAME_SIZE];
	int state;

	do
		state = fs_manifest_next(&s->fs, u->number, &at, name);
	while (state > 0 && strcmp(name, u->last) == 0);
	u->manifest_at = (size_t)(at - u->manifest);
	if (state > 0) {
		memcpy(u->last, name, sizeof(u->last));
		if (!begin_file(s, u, "revprops", name))
			begin_again(s, u);
	} else if (state < 0 || !same_manifest(s, u) ||
	    !begin_file(s, u, "revprops", "manifest")) {
		begin_again(s, u);
	} else {
		u->step = STEP_FIRST;
	}
}

/* Mirrors are to keep what they have of REV's properties. */
static void
tell_unread(struct source *s, long long rev, const char *why)
{
	char text[1024];

	TELL(s->reader, 0, "(sls)", "unread", rev,
	    (const char *)xn_utf8(text, sizeof(text), why));
}

/* Properties of REV as one message: 1, or 0 and a text to be sent in pieces. */
static int
tell_props(struct source *s, struct unit *u, long long rev)
{
	char why[1024], *copy;
	size_t n;
	const char *props = props_try(s, rev, &n, why, sizeof(why));

	/* Who has none of them yet has nothing to keep. */
	if (props == NULL && u->kind == UNIT_PACK)
		xn_fail("%s", why);
	if (props == NULL) {
		tell_unread(s, rev, why);
		return 1;
	}
	if (n <= XN_PIECE) {
		TELL(s->reader, n, "(sly)", "revprop", rev,
		    (const void *)props, n);
		return 1;
	}
	copy = malloc(n);
	if (copy == NULL)
		xn_fail("out of memory");
	memcpy(copy, props, n);
	u->held = hold(-1, copy, (long long)n);
	u->at = 0;
	TELL(s->reader, 0, "(sll)", "P", rev, (long long)n);
	return 0;
}

/* The properties of what is packed that are in no pack themselves: r0's, and
 * before format 6 all. */
static void
tell_unpacked(struct source *s, struct unit *u)
{
	long long n = s->fs.format < FORMAT_PACKED_PROPS ? s->fs.shard :
	    u->number == 0;

	if (u->kind == UNIT_PACK && u->first < n)
		tell_props(s, u, u->number * s->fs.shard + u->first++);
	else
		u->step = STEP_END;
}

/* Mirrors are to keep what they have of F, for the reason WHY (null: for a
 * moment). */
static void
tell_keep(struct source *s, const struct unit *u, const struct part_file *f,
    const char *why)
{
	char text[PATH_MAX_TOLD + 512] = "", sent[PATH_MAX_TOLD + 512];

	if (why != NULL)
		snprintf(text, sizeof(text), "cannot read %.*s/%s/%s%s: %s",
		    PATH_MAX_TOLD, s->path, part_folder((int)u->number),
		    f->path, f->aside ? SOURCE_SUFFIX : "", why);
	TELL(s->reader, 0, "(sps)", "partkeep", (const char *)f->path,
	    (const char *)xn_utf8(sent, sizeof(sent), text));
}

/* The next file of a part that is to be told of; behind the last, its end. */
static void
next_file(struct source *s, struct unit *u)
{
	struct part_file *f;
	char path[PART_PATH_MAX + 16];
	char *text;
	size_t n;

	while (u->list_at < u->list->n) {
		f = &u->list->files[u->list_at++];
		if (f->unread) {
			if (!u->whole && !f->changed)
				continue;
			tell_keep(s, u, f, f->why);
			return;
		}
		if (u->whole ? f->gone : !f->gone && !f->changed)
			continue;
		if (f->gone) {
			TELL(s->reader, 0, "(sp)", "partgone",
			    (const char *)f->path);
			return;
		}
		snprintf(path, sizeof(path), "%s/%s%s",
		    part_folder((int)u->number), f->path,
		    f->aside ? SOURCE_SUFFIX : "");
		text = xn_read_file(s->root, path, PART_FILE_MAX, &n);
		/* Gone since: then the next list says so, if it is not only
		 * the folder that is being replaced. */
		if (text == NULL && errno == ENOENT && !u->whole)
			continue;
		if (text == NULL) {
			/* Not for good: it is looked at again. */
			f->unread = 1;
			if (errno != ENOENT)
				f->why = strdup(strerror(errno));
			tell_keep(s, u, f, f->why);
			return;
		}
		u->held = hold(-1, text, (long long)n);
		u->at = 0;
		/* (Its bytes follow, and are charged then.) */
		TELL(s->reader, 0, "(spll)", "partfile",
		    (const char *)f->path, (long long)f->mode, (long long)n);
		skip_empty(u);
		return;
	}
	u->step = STEP_DONE;
	TELL(s->reader, 0, "(s)", "partend");
}

static void
tell_head(struct source *s, struct unit *u)
{
	static const int then[] = { STEP_DONE, STEP_DONE, STEP_PACK,
	    STEP_PROPS, STEP_FILES };

	u->step = then[u->kind];
	if (u->kind == UNIT_REVISION) {
		TELL(s->reader, 0, "(slll)", "R", u->number, u->held->size,
		    u->behind->size);
		skip_empty(u);
	} else if (u->kind == UNIT_PROPS) {
		tell_props(s, u, u->number);
	} else if (u->kind == UNIT_PART) {
		TELL(s->reader, 0, "(slb)", "part", u->number, u->whole);
	} else {
		TELL(s->reader, 0, "(sl)", u->kind == UNIT_PACK ? "pack" :
		    "repack", u->number);
	}
}

/* Send one message of U, or what comes before it, to r->to. */
static void
unit_step(struct source *s, struct unit *u)
{
	if (u->step != STEP_HEAD && u->held != NULL) {
		send_piece(s, u);
		return;
	}
	switch (u->step) {
	case STEP_HEAD:
		tell_head(s, u);
		break;
	case STEP_PACK:
		u->step = s->fs.physical ? STEP_MANIFEST : STEP_PROPS;
		begin_needed(s, u, "pack");
		break;
	case STEP_MANIFEST:
		u->step = STEP_PROPS;
		begin_needed(s, u, "manifest");
		break;
	case STEP_PROPS:
		if (s->fs.format < FORMAT_PACKED_PROPS)
			u->step = STEP_FIRST;
		else
			load_manifest(s, u);
		break;
	case STEP_NAMES:
		next_name(s, u);
		break;
	case STEP_FIRST:
		tell_unpacked(s, u);
		break;
	case STEP_END:
		u->step = u->kind == UNIT_PACK || u->first < 0 ? STEP_DONE :
		    STEP_SAME;
		TELL(s->reader, 0, "(sl)", "packend", u->number);
		break;
	case STEP_FILES:
		next_file(s, u);
		break;
	case STEP_SAME:
		u->step = STEP_DONE;
		TELL(s->reader, 0, "(sl)", "same", u->first);
		break;
	}
}

static int
unit_done(const struct unit *u)
{
	return u->step == STEP_DONE && u->held == NULL;
}

#endif
