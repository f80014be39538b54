/*
 * side_source_part.h: noticing what changes in hooks, conf and db/locks.
 *
 * Each part has a list of its files with their digests, which is never changed:
 * when something has, there is a new one with the next number, in which what is
 * new or gone is marked.  A mirror that has had the list before gets those; any
 * other gets all.  What is there and cannot be read stays at mirrors as it is.
 */
#ifndef SVNHOTSYNC_SIDE_SOURCE_PART_H
#define SVNHOTSYNC_SIDE_SOURCE_PART_H

#include "side_part.h"
#include "side_source.h"

#define PART_SKIPS_MAX	100		/* that are told */
#define SETTLE		20		/* milliseconds, ROUNDS times */

struct part_file {
	char *path;			/* in the part; malloc'ed */
	int aside;			/* a guard has its place: on the disk it
					 * has a suffix, which is taken off */
	int mode;
	int changed, gone;		/* since the list before */
	int unread;			/* it is there, but cannot be read: who
					 * has it keeps it, */
	char *why;			/* for this reason; malloc'ed */
	int folder;			/* and is a folder, with all in it */
	long long size, inode;
	long long mtime, ctime;		/* nanoseconds */
	unsigned char digest[16];
};

struct part_list {
	int refs;
	int version;			/* from 1 on */
	int missing;			/* the folder itself was not there: this
					 * is nobody's list */
	int n, room;
	struct part_file *files;	/* in the order of their folders */
};

static void
part_let_go(struct part_list *list)
{
	if (list == NULL || --list->refs > 0)
		return;
	for (int i = 0; i < list->n; i++) {
		free(list->files[i].path);
		free(list->files[i].why);
	}
	free(list->files);
	free(list);
}

/* A place for one more file of LIST. */
static struct part_file *
part_add(struct part_list *list, const char *path)
{
	struct part_file *bigger, *f;

	if (list->n == list->room) {
		bigger = realloc(list->files, ((size_t)list->room * 2 + 16) *
		    sizeof(*bigger));
		if (bigger == NULL)
			xn_fail("out of memory");
		list->files = bigger;
		list->room = list->room * 2 + 16;
	}
	f = &list->files[list->n];
	memset(f, 0, sizeof(*f));
	f->path = strdup(path);
	if (f->path == NULL)
		xn_fail("out of memory");
	list->n++;
	return f;
}

/* The file PATH in LIST, which is gone through in its order: AT is where to
 * look first. */
static struct part_file *
part_find(struct part_list *list, const char *path, int *at)
{
	for (int i = 0; list != NULL && i < list->n; i++) {
		struct part_file *f = &list->files[(*at + i) % list->n];

		if (f->gone || strcmp(f->path, path) != 0)
			continue;
		*at = (*at + i + 1) % list->n;
		return f;
	}
	return NULL;
}

/* What a scan is doing. */
struct part_scan {
	struct source *s;
	int part;
	struct part_list *before, *list;
	int at;				/* in BEFORE */
	int skipped;			/* files that are not carried */
	int guarded;			/* a bit for each guard: the source is a
					 * mirror, and that its own hook */
	int differs;			/* other files than before are unread */
};

/* Left out, which is said once. */
static void
part_skip(struct part_scan *scan, const char *path, const char *why)
{
	if (++scan->skipped > PART_SKIPS_MAX)
		return;
	if (scan->s->part_skipped[scan->part] < scan->skipped)
		xn_log("%s/%s/%s is not carried to mirrors: %s", scan->s->path,
		    part_folder(scan->part), path, why);
}

/* Which hooks are guards, if the source is a mirror. */
static int
find_guards(const struct source *s)
{
	int found = 0;

	for (int i = 0; i < GUARDS; i++) {
		char *text = xn_read_file(s->root, guards[i], SMALL_FILE, NULL);

		if (text != NULL && strstr(text, GUARD_MARK) != NULL)
			found |= 1 << i;
		free(text);
	}
	return found;
}

/* A mirror's hooks have no run bit, but it knows which ones the source could
 * run: so that a mirror of the mirror knows it, too. */
static int
could_run(const struct source *s, const char *path)
{
	size_t n = strlen(path);
	const char *p = s->run_names;

	while (p != NULL && *p != '\0') {
		if (strncmp(p, path, n) == 0 && p[n] == '\n')
			return 1;
		p = strchr(p, '\n');
		p = p == NULL ? NULL : p + 1;
	}
	return 0;
}

static void
load_run_names(struct source *s)
{
	free(s->run_names);
	s->run_names = xn_read_file(s->db, RUN_NAMES, PROPS_MAX, NULL);
	if (s->run_names == NULL && errno != ENOENT)
		xn_fail("cannot read %s/db/" RUN_NAMES ": %m", s->path);
}

/* F, which was OLD (or null), is there and cannot be read; errno says why. */
static void
part_unread(struct part_scan *scan, struct part_file *f,
    const struct part_file *old, int folder)
{
	f->unread = 1;
	f->folder = folder;
	f->why = strdup(strerror(errno));
	if (old != NULL && old->unread)
		return;
	f->changed = scan->differs = 1;
}

static long long
nanoseconds(long long seconds, int rest)
{
	return seconds * 1000000000 + rest;
}

/* Is F as OLD was, so long ago that a change since would show? */
static int
part_same_stat(const struct part_file *old, const struct part_file *f)
{
	return old != NULL && !old->unread && old->mode == f->mode &&
	    old->aside == f->aside && old->size == f->size &&
	    old->inode == f->inode && old->mtime == f->mtime &&
	    old->ctime == f->ctime &&
	    (long long)(xn_time() * 1e9) - f->ctime > 2000000000LL;
}

/*
 * What the file PATH is to mirrors: 0 if nothing, for it is a guard; else 1,
 * and its name, without the suffix that it has beside a guard.
 */
static int
part_name_of(char name[PART_PATH_MAX], int *aside, const struct part_scan *scan,
    const char *path)
{
	char full[PART_PATH_MAX + 16];
	int guard, suffixes;

	*aside = 0;
	snprintf(name, PART_PATH_MAX, "%.*s", PART_PATH_MAX - 1, path);
	if (scan->part != PART_HOOKS)
		return 1;
	snprintf(full, sizeof(full), "hooks/%s", name);
	guard = guard_near(full, &suffixes);
	if (guard == -1 || (scan->guarded >> guard & 1) == 0)
		return 1;
	*aside = suffixes > 0;
	if (*aside)
		name[strlen(name) - strlen(SOURCE_SUFFIX)] = '\0';
	return *aside;
}

/* A new file of the list, as E says; *OLD: as it was. */
static struct part_file *
part_new(struct part_scan *scan, const char *name, const xn_entry *e,
    struct part_file **old)
{
	struct part_file *f;

	if (scan->list->n == PART_FILES_MAX)
		xn_fail("%s/%s has more than %d files", scan->s->path,
		    part_folder(scan->part), PART_FILES_MAX);
	*old = part_find(scan->before, name, &scan->at);
	f = part_add(scan->list, name);
	f->mode = e->mode & 0777;
	f->size = e->size;
	f->inode = (long long)e->inode;
	f->mtime = nanoseconds(e->mtime, e->nanoseconds);
	f->ctime = nanoseconds(e->ctime, e->ctime_nanoseconds);
	return f;
}

/* "666/svn-1Yq8lZ" */
static int
is_temporary(const char *path)
{
	const char *slash = strrchr(path, '/');

	return strncmp(slash == NULL ? path : slash + 1, "svn-", 4) == 0;
}

/* The file E at PATH. */
static void
part_file(struct part_scan *scan, const char *path, const xn_entry *e)
{
	char name[PART_PATH_MAX], full[PART_PATH_MAX + 320], *text;
	struct part_file *old, *f;
	int aside;
	size_t n;

	/* (Subversion's own, while it writes a lock.) */
	if (scan->part == PART_LOCKS && is_temporary(path))
		return;
	if (!part_path_ok(scan->part, path) || e->size > PART_FILE_MAX) {
		part_skip(scan, path, e->size > PART_FILE_MAX ?
		    "it is too large" : "its name");
		return;
	}
	if (!part_name_of(name, &aside, scan, path))
		return;
	f = part_new(scan, name, e, &old);
	f->aside = aside;
	if (scan->part == PART_HOOKS && could_run(scan->s, path))
		f->mode |= (f->mode & 0444) >> 2;
	if (part_same_stat(old, f)) {
		memcpy(f->digest, old->digest, 16);
		return;
	}
	snprintf(full, sizeof(full), "%s/%s", part_folder(scan->part), path);
	text = xn_read_file(scan->s->root, full, PART_FILE_MAX, &n);
	if (text == NULL && errno == ENOENT) {
		free(f->path);
		scan->list->n--;
		return;
	}
	if (text == NULL) {
		part_unread(scan, f, old, 0);
		return;
	}
	xn_hash_bytes(text, n, f->digest);
	free(text);
	f->changed = old == NULL || old->unread || old->mode != f->mode ||
	    memcmp(old->digest, f->digest, 16) != 0;
}

/* The folder PATH, which cannot be read. */
static void
part_folder_unread(struct part_scan *scan, const char *path)
{
	int error = errno;
	struct part_file *old, *f;

	if (path[0] == '\0' || scan->part == PART_LOCKS)
		xn_fail("cannot read %s/%s/%s: %m", scan->s->path,
		    part_folder(scan->part), path);
	old = part_find(scan->before, path, &scan->at);
	f = part_add(scan->list, path);
	errno = error;
	part_unread(scan, f, old, 1);
}

static void watch_part(struct source *s, const char *path, int part);

/* The folder PATH of the part, "" for itself. */
static void
part_folder_scan(struct part_scan *scan, const char *path, int depth)
{
	const char *slash = path[0] == '\0' ? "" : "/";
	char at[PART_PATH_MAX + 280];
	const xn_entry *e;
	xn_list *list;

	snprintf(at, sizeof(at), "%s%s%s", part_folder(scan->part), slash,
	    path);
	/* First, so that what comes while we read makes an event. */
	watch_part(scan->s, at, scan->part);
	list = xn_list_open(scan->s->root, at, 0);
	if (list == NULL && (errno == ENOENT || errno == ENOTDIR))
		return;
	if (list == NULL) {
		part_folder_unread(scan, path);
		return;
	}
	for (int i = 0; i < xn_list_n(list); i++) {
		e = xn_list_entry(list, i);
		snprintf(at, sizeof(at), "%s%s%.255s", path, slash, e->name);
		if (e->type == 'd' && depth < PART_DEPTH_MAX &&
		    strlen(at) < PART_PATH_MAX)
			part_folder_scan(scan, at, depth + 1);
		else if (e->type == 'f')
			part_file(scan, at, e);
		else
			part_skip(scan, at, "it is no plain file");
	}
	xn_list_close(list);
}

/* Does PATH lie in a folder that cannot be read? */
static int
is_unread(const struct part_list *list, int n, const char *path)
{
	for (int i = 0; i < n; i++) {
		const struct part_file *f = &list->files[i];
		size_t length = f->folder ? strlen(f->path) : 0;

		if (f->folder && strncmp(f->path, path, length) == 0 &&
		    path[length] == '/')
			return 1;
	}
	return 0;
}

/* Mark what was in BEFORE and is not in LIST: 1 if anything differs. */
static int
part_mark_gone(struct part_list *before, struct part_list *list)
{
	int differs = before == NULL, at = 0, n = list->n;

	for (int i = 0; i < n; i++)
		differs |= list->files[i].changed;
	for (int i = 0; before != NULL && i < before->n; i++) {
		const struct part_file *was = &before->files[i];

		if (was->gone || part_find(list, was->path, &at) != NULL)
			continue;
		if (is_unread(list, n, was->path)) {
			part_add(list, was->path)->unread = 1;
			continue;
		}
		differs = 1;
		if (!was->folder)
			part_add(list, was->path)->gone = 1;
	}
	return differs;
}

/* The inode of the folder of PART; 0: it is not there, as conf while it is
 * replaced by rename.  Locks have none before there is the first. */
static long long
part_inode(const struct source *s, int part)
{
	xn_stat_t st;

	if (xn_stat(s->root, part_folder(part), &st) != 0)
		return errno == ENOENT || errno == ENOTDIR ? 0 : -1;
	return st.type == XN_FT_DIRECTORY ? st.inode : 0;
}

/* PART's folder is not there: mirrors keep what they have until it is. */
static void
part_missing(struct source *s, int part)
{
	if ((s->parts_missing >> part & 1) == 0)
		xn_log("%s/%s is not there; mirrors keep what they have of it "
		    "until it is", s->path, part_folder(part));
	s->parts_missing |= 1 << part;
	if (s->part[part] != NULL)
		return;
	s->part[part] = s->part_new;
	s->part_new = NULL;
	s->part[part]->version = 1;
	s->part[part]->missing = 1;
}

/* Is the folder of PART there, and the same as before we read it, when it was
 * INODE?  Else nothing of what we saw is sure. */
static int
part_settled(const struct source *s, int part, long long inode)
{
	return part == PART_LOCKS || (inode != 0 &&
	    part_inode(s, part) == inode);
}

/* All of PART into S's new list. */
static void
part_scan_all(struct part_scan *scan)
{
	struct source *s = scan->s;

	scan->at = scan->skipped = scan->differs = 0;
	scan->list = calloc(1, sizeof(*scan->list));
	if (scan->list == NULL)
		xn_fail("out of memory");
	scan->list->refs = 1;
	/* It is s->part_new so that an error does not lose it. */
	part_let_go(s->part_new);
	s->part_new = scan->list;
	if (scan->part == PART_HOOKS) {
		scan->guarded = find_guards(s);
		load_run_names(s);
	}
	part_folder_scan(scan, "", 0);
}

/* Look at PART of S again: a new list, if it is another one. */
static void
part_look(struct source *s, int part)
{
	int was_missing = s->parts_missing >> part & 1;
	long long inode = 0;
	struct part_scan scan = { .s = s, .part = part,
	    .before = s->part[part] };

	s->parts_dirty &= ~(1 << part);
	for (int round = 0; round < ROUNDS; round++) {
		inode = part_inode(s, part);
		part_scan_all(&scan);
		if (part_settled(s, part, inode))
			break;
		xn_sleep(SETTLE);
	}
	s->part_skipped[part] = scan.skipped;
	if (!part_settled(s, part, inode)) {
		part_missing(s, part);
		return;
	}
	s->parts_missing &= ~(1 << part);
	if (!part_mark_gone(scan.before, scan.list) && !scan.differs &&
	    !was_missing)
		return;
	/* (By two: then every mirror gets all.) */
	scan.list->version = scan.before == NULL ? 1 : scan.before->version +
	    1 + was_missing;
	part_let_go(s->part[part]);
	s->part[part] = scan.list;
	s->part_new = NULL;
}

/* What a mirror wants of S and may have changed. */
static void
parts_look(struct source *s)
{
	for (int i = 0; i < PARTS; i++)
		if ((s->parts_wanted & s->parts_dirty & (1 << i)) != 0)
			part_look(s, i);
}

#endif
