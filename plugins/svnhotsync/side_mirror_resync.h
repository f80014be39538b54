/*
 * side_mirror_resync.h: making a mirror anew while the old one is in use.
 *
 *	NAME				the mirror, and what users see
 *	NAME.syncgate-new		the new one, until it is whole; it has
 *					db/syncgate-resync
 *	NAME.before-1, -2...		the old one, then
 *
 * The new one is made beside the old as any other mirror is.  When it has all,
 * and the coordinator had it verified, the two are exchanged in one step, and
 * the old one gets its last name.  The file db/syncgate-resync tells where we
 * are: in NAME.syncgate-new, that the new one is not in place (the next start
 * goes on with it); in NAME, that they were exchanged, and the old one has its
 * last name still to get.
 */
#ifndef SVNHOTSYNC_SIDE_MIRROR_RESYNC_H
#define SVNHOTSYNC_SIDE_MIRROR_RESYNC_H

#include "side_mirror_guard.h"
#include "side_mirror_record.h"

#define RESYNC_FILE	"syncgate-resync"
#define RESYNC_NEW	"new\n"		/* what the file says, */
#define RESYNC_REPAIR	"repair\n"	/* or if files of the old one are in
					 * the new one */
#define NEW_SUFFIX	".syncgate-new"
#define OLD_NAMES_MAX	1000

/* Take m->path apart: the folder that it is in, and its name there. */
static void
resync_place(struct mirror *m)
{
	size_t n = strlen(m->path), slash;
	char *path = xn_printf("%s", m->path);

	while (n > 1 && path[n - 1] == '/')
		path[--n] = '\0';
	slash = (size_t)(strrchr(path, '/') - path);
	m->place = path;
	m->name = path + slash + 1;
	m->new_name = xn_printf("%s" NEW_SUFFIX, m->name);
	if (m->name[0] == '\0')
		return;
	m->parent = xn_base_open(slash == 0 ? "/" :
	    xn_printf("%.*s", (int)slash, path));
	if (m->parent == -1 && errno != ENOENT)
		xn_fail("cannot open the folder that %s is in: %m", m->path);
}

static int
is_there(int base, const char *path)
{
	xn_stat_t st;

	return base != -1 && xn_stat(base, path, &st) == 0;
}

/* After the exchange: the old mirror gets its last name, which is returned;
 * null if it had it already. */
static const char *
settle_old(struct mirror *m)
{
	const char *name = NULL;

	for (int i = 1; i <= OLD_NAMES_MAX; i++) {
		name = xn_printf("%s.before-%d", m->name, i);
		if (xn_rename_new(m->parent, m->new_name, name) == 0)
			break;
		if (errno == ENOENT)
			name = NULL;
		if (errno == ENOENT)
			break;
		if (errno != EEXIST || i == OLD_NAMES_MAX)
			xn_fail("cannot rename %s" NEW_SUFFIX ", the old "
			    "mirror, to %s: %m", m->place, name);
	}
	if (xn_sync_dir(m->parent, "") != 0)
		xn_fail("cannot sync the folder that %s is in: %m", m->place);
	if (xn_unlink(m->parent, xn_printf("%s/db/" RESYNC_FILE, m->name)) != 0
	    && errno != ENOENT)
		xn_fail("cannot remove %s/db/" RESYNC_FILE ": %m", m->place);
	return name;
}

static void
tell_resynced(struct mirror *m, const char *old)
{
	char text[2048] = "";

	if (old != NULL)
		xn_utf8(text, sizeof(text), xn_printf("%.*s%s",
		    (int)(m->name - m->place), m->place, old));
	xn_send(m->control, "(ss)", "resynced", (const char *)text);
}

/* Hold the lock of the mirror in place, so that no other job writes to it, or
 * promotes it, while a new one is made. */
static void
lock_old(struct mirror *m)
{
	int db = xn_open(m->old, "db", XN_O_READ | XN_O_DIRECTORY, 0);

	if (db == -1)
		xn_fail("cannot open %s/db: %m", m->place);
	m->old_lock = xn_open(db, RECORD_LOCK,
	    XN_O_READ | XN_O_WRITE | XN_O_CREATE, 0666);
	close(db);
	if (m->old_lock == -1)
		xn_fail("cannot open %s/db/" RECORD_LOCK ": %m", m->place);
	if (xn_lock(m->old_lock, 15000) != 0)
		xn_fail("cannot lock the mirror %s, which another job writes "
		    "perhaps: %m", m->place);
}

/* What is at m->path is not the source, come by another way? */
static inline void
check_place(struct mirror *m, const char *theirs)
{
	int root = xn_base_open(m->path), db;
	char ours[PLACE_SIZE] = "";

	db = root == -1 ? -1 : xn_open(root, "db", XN_O_READ | XN_O_DIRECTORY,
	    0);
	if (db != -1)
		place_of(ours, db);
	close_fd(&db);
	close_fd(&root);
	if (same_place_as(ours, theirs))
		REFUSE(m, "the mirror %s is the source itself: both have the "
		    "same folder db, of the same machine; nothing was changed",
		    m->path);
}

/*
 * Before anything is opened.  If the mirror is to be made anew m->path becomes
 * the place of the new one, and m->resyncing is set; where there is nothing
 * yet, it is made as always.
 */
static void
resync_begin(struct mirror *m, int wanted)
{
	const char *new_db;

	resync_place(m);
	if (m->parent == -1)
		return;
	m->old = xn_base_open(m->place);
	if (m->old == -1 || !is_there(m->old, "format"))
		return;
	if (is_there(m->old, "db/" RESYNC_FILE) && !m->dry) {
		lock_old(m);
		tell_resynced(m, settle_old(m));
		close_fd(&m->old_lock);
		return;
	}
	if (!wanted)
		return;
	new_db = xn_printf("%s/db", m->new_name);
	if (is_there(m->parent, xn_printf("%s/" RECORD, new_db)) &&
	    !is_there(m->parent, xn_printf("%s/" RESYNC_FILE, new_db)))
		REFUSE(m, "%s" NEW_SUFFIX " is in the way of a new mirror, and "
		    "was not begun as one: rename it", m->place);
	if (!m->dry)
		lock_old(m);
	m->resyncing = 1;
	m->path = xn_printf("%s" NEW_SUFFIX, m->place);
}

/* What is to be replaced: a mirror of ours, or a repository that the source is
 * another copy of, as the old master is one of the new. */
static inline void
resync_check(struct mirror *m)
{
	char *text = fs_read_text(m->old, "db/uuid", NULL), uuid[64] = "";

	if (!m->resyncing || is_there(m->old, "db/" RECORD))
		return;
	if (text != NULL)
		fs_first_line(uuid, sizeof(uuid), text);
	if (strcmp(uuid, m->uuid) != 0)
		REFUSE(m, "%s is a repository that syncgate did not make, and "
		    "with another UUID than the source: it is not replaced",
		    m->place);
}

/* No mirror of ours; but the old master, perhaps, of what is its mirror now. */
static inline void
refuse_foreign(struct mirror *m)
{
	char *text = fs_read_text(m->db, "uuid", NULL), uuid[64];

	if (text != NULL && fs_first_line(uuid, sizeof(uuid), text) == 0 &&
	    strcmp(uuid, m->uuid) == 0)
		REFUSE(m, "%s is a repository that syncgate did not make, and "
		    "will not overwrite; it has the source's UUID: if it was "
		    "its master before, `syncgate run --resync` makes it a "
		    "mirror, and keeps what it was beside it", m->path);
	REFUSE(m, "%s is a repository that syncgate did not make, and will "
	    "not overwrite: give another place", m->path);
}

/*
 * Does what was begun as a new mirror still fit, as ATTEMPT(BATON) finds?  0: it
 * refuses it, and it is to be begun again.  Or fails, for another reason.
 */
static inline int
resync_fits(struct mirror *m, void (*attempt)(void *baton), void *baton)
{
	char why[512];
	int result;

	m->trying = 1;
	result = xn_attempt(attempt, baton, why, sizeof(why));
	m->trying = 0;
	if (result == 0)
		return 1;
	if (!m->refused)
		xn_fail("%s", why);
	m->refused = 0;
	xn_log("the new mirror that was begun is begun again: %s", why);
	return 0;
}

static void
resync_mark_as(struct mirror *m, const char *text)
{
	if (m->resyncing && xn_write_file(m->db, RESYNC_FILE, text,
	    strlen(text), 0666) != 0)
		xn_fail("cannot write %s/db/" RESYNC_FILE ": %m", m->path);
}

static void
resync_mark(struct mirror *m)
{
	resync_mark_as(m, RESYNC_NEW);
}

/* ---- What belongs to the place ------------------------------------------- */

/* Has the old mirror a hook of somebody else's by the name of guard GUARD?
 * Then it goes aside, and so does what is named like that one. */
static int
goes_aside(const struct mirror *m, int guard)
{
	char *text;
	int foreign;

	if (!m->guard || guard == -1)
		return 0;
	text = xn_read_file(m->old, guards[guard], PROPS_MAX, NULL);
	foreign = text != NULL && strstr(text, GUARD_MARK) == NULL;
	free(text);
	return foreign;
}

static void
carry_file(struct mirror *m, const char *folder, const xn_entry *e)
{
	char path[320], to[360];
	size_t n;
	char *text;

	snprintf(path, sizeof(path), "%s/%s", folder, e->name);
	text = xn_read_file(m->old, path, PROPS_MAX, &n);
	if (text == NULL)
		xn_fail("cannot read %s/%s: %m", m->place, path);
	snprintf(to, sizeof(to), "%s%s", path, goes_aside(m,
	    guard_near(path, NULL)) ? SOURCE_SUFFIX : "");
	if (guard_at(path) != -1 && strstr(text, GUARD_MARK) != NULL) {
		free(text);
		return;
	}
	if (xn_write_file(m->root, to, text, n, e->mode & 0777) != 0)
		xn_fail("cannot write %s/%s: %m", m->path, to);
	free(text);
}

/* The files of FOLDER are the administrator's: the new mirror has them, too. */
static void
carry_folder(struct mirror *m, const char *folder)
{
	xn_list *list = xn_list_open(m->old, folder, 0);
	const xn_entry *e;

	if (list == NULL && errno == ENOENT)
		return;
	if (list == NULL)
		xn_fail("cannot read %s/%s: %m", m->place, folder);
	for (int i = 0; i < xn_list_n(list); i++) {
		e = xn_list_entry(list, i);
		if (e->type == 'f' && strlen(e->name) < 256)
			carry_file(m, folder, e);
		else
			xn_log("%s/%s/%.255s is not a plain file: the new "
			    "mirror does not have it", m->place, folder,
			    e->name);
	}
	xn_list_close(list);
}

static void
resync_carry(struct mirror *m)
{
	if (!m->resyncing)
		return;
	carry_folder(m, "conf");
	carry_folder(m, "hooks");
}

/* ---- The exchange -------------------------------------------------------- */

/* The new mirror has all and is good: it takes the old one's place. */
static void
resync_end(struct mirror *m)
{
	const char *old;

	if (!m->resyncing)
		return;
	if (xn_syncfs(m->db) != 0)
		xn_fail("cannot sync the file system of %s: %m", m->path);
	if (xn_swap(m->parent, m->name, m->new_name) != 0)
		xn_fail("cannot exchange %s and %s (stop what serves the "
		    "mirror, and rename both by hand): %m", m->path, m->place);
	if (xn_sync_dir(m->parent, "") != 0)
		xn_fail("cannot sync the folder that %s is in: %m", m->place);
	m->resyncing = 0;
	m->path = m->place;
	old = settle_old(m);
	close_fd(&m->old_lock);
	tell_resynced(m, old);
}

#endif
