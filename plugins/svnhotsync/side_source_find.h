/*
 * side_source_find.h: the repositories in a folder, as they come and go.
 *
 *	-> ("found", name)
 *	-> ("gone", name)
 *	-> ("skipped", name, reason)	it is no repository
 *	-> ("unread", name, reason)	it cannot be told whether it is one
 *
 * all to the hub.  One that is being made is no repository until it is
 * finished; so what is new is looked at again soon.
 */
#ifndef SVNHOTSYNC_SIDE_SOURCE_FIND_H
#define SVNHOTSYNC_SIDE_SOURCE_FIND_H

#include "side_names.h"
#include "side_source_watch.h"

#define FOUND_MAX	10000
#define FIND_SOON	250	/* milliseconds */
#define FINISHED	3.0	/* seconds that making one may take */

enum found_as { FOUND_NEW, FOUND_TOLD, FOUND_SKIPPED, FOUND_UNREAD };

/* Is NAME a repository?  FOUND_TOLD: it is; else WHY. */
static int
look_what(struct reader *r, const char *name, char why[200])
{
	static const char *const files[] = { "format", "db/fs-type" };
	char path[300];
	xn_stat_t st;

	for (int i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "%.255s/%s", name, files[i]);
		if (xn_stat(r->parent_fd, path, &st) == 0)
			continue;
		if (errno != ENOENT && errno != ENOTDIR) {
			snprintf(why, 200, "cannot look at its file \"%s\": "
			    "%s", files[i], strerror(errno));
			return FOUND_UNREAD;
		}
		snprintf(why, 200, "it has no file \"%s\"", files[i]);
		return FOUND_SKIPPED;
	}
	if (!name_is_plain(name)) {
		snprintf(why, 200, NAME_ODD);
		return FOUND_UNREAD;
	}
	return FOUND_TOLD;
}

static struct found *
found_as(struct reader *r, const char *name)
{
	struct found *f;
	int n = 0;

	for (f = r->found; f != NULL; f = f->next, n++)
		if (strcmp(f->name, name) == 0)
			return f;
	if (n == FOUND_MAX)
		xn_fail("there is more than %d in %s", FOUND_MAX, r->parent);
	f = calloc(1, sizeof(*f));
	if (f == NULL)
		xn_fail("out of memory");
	f->next = r->found;
	r->found = f;
	f->since = xn_clock();
	f->name = strdup(name);
	if (f->name == NULL)
		xn_fail("out of memory");
	return f;
}

/* Say what F is, if that is clear by now. */
static void
tell_found(struct reader *r, struct found *f, int first)
{
	char why[200];
	int now = look_what(r, f->name, why);

	to_nobody(r);
	/* (What was one, and is not now, its mirror's lane tells.) */
	if (now == f->told || f->told == FOUND_TOLD)
		return;
	if (now == FOUND_TOLD) {
		TELL(r, 0, "(sp)", "found", (const char *)f->name);
		f->told = FOUND_TOLD;
		return;
	}
	if (f->told == FOUND_NEW && !first &&
	    xn_clock() - f->since < FINISHED) {
		r->find_soon = 1;
		return;
	}
	TELL(r, 0, "(sps)", now == FOUND_UNREAD ? "unread" : "skipped",
	    (const char *)f->name, (const char *)why);
	f->told = now;
}

/* What was there and is not. */
static void
tell_gone(struct reader *r)
{
	struct found **at = &r->found, *f;

	to_nobody(r);
	while ((f = *at) != NULL) {
		if (f->there) {
			at = &f->next;
			continue;
		}
		if (f->told == FOUND_TOLD)
			TELL(r, 0, "(sp)", "gone", (const char *)f->name);
		*at = f->next;
		free(f->name);
		free(f);
	}
}

static void
find_all(struct reader *r, int first)
{
	const char *name;
	xn_dir *dir = xn_dir_open(r->parent_fd, "");
	int failed = 0;

	if (dir == NULL)
		xn_fail("cannot read %s: %m", r->parent);
	for (struct found *f = r->found; f != NULL; f = f->next)
		f->there = 0;
	while ((name = fs_next(dir, &failed)) != NULL) {
		xn_stat_t st;

		if (!name_matches(r->pattern, name) ||
		    name_is_left_behind(name))
			continue;
		/* What may not be looked at may be one. */
		if (xn_stat(r->parent_fd, name, &st) == 0 ?
		    st.type != XN_FT_DIRECTORY : errno == ENOENT)
			continue;
		found_as(r, name)->there = 1;
	}
	/* (Else all that were not read would have gone.) */
	if (failed)
		xn_fail("cannot read %s: %m", r->parent);
	xn_dir_close(dir);
	r->find_soon = r->find_now = 0;
	r->found_at = xn_clock();
	for (struct found *f = r->found; f != NULL; f = f->next)
		if (f->there)
			tell_found(r, f, first);
	tell_gone(r);
}

/* Milliseconds until it is to be looked again. */
static int
find_time(const struct reader *r)
{
	int wait = r->find_soon && r->poll > FIND_SOON ? FIND_SOON : r->poll;
	int left = wait - (int)((xn_clock() - r->found_at) * 1000);

	return !r->follow ? XN_FOREVER : r->find_now || left < 0 ? 0 : left;
}

/* Look, if it is time. */
static void
find(struct reader *r)
{
	if (r->parent != NULL && find_time(r) == 0)
		find_all(r, 0);
}

static void
find_start(struct reader *r, const char *parent, const char *pattern)
{
	int number;

	r->parent = parent;
	r->pattern = pattern;
	r->parent_fd = xn_base_open(parent);
	if (r->parent_fd == -1)
		xn_fail("cannot open the folder %s: %m", parent);
	if (r->watch != NULL) {
		number = xn_watch_add(r->watch, r->parent_fd, "",
		    WATCH_MASK | XN_WATCH_REMOVED);
		if (number >= 0 && number <= WATCHES_MAX) {
			watch_room(r, number);
			r->watched[number].kind = WATCH_PARENT;
		}
	}
	find_all(r, 1);
	to_nobody(r);
	TELL(r, 0, "(s)", "listed");
}

static void
find_end(struct reader *r)
{
	struct found *f;

	while ((f = r->found) != NULL) {
		r->found = f->next;
		free(f->name);
		free(f);
	}
	if (r->parent_fd != -1)
		close(r->parent_fd);
}

#endif
