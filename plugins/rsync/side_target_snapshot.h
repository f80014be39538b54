/*
 * side_target_snapshot.h: a dated tree for each run.
 *
 * The target's folder holds one tree for each run, called by its time (UTC),
 * and a link, latest, to the newest.  A run begins with a copy of the newest in
 * which all files are hard links; what changes gets a file of its own, so that
 * the older trees stay what they were.  The new tree has a name of ours until it
 * is done.
 */
#ifndef RSYNC_SIDE_TARGET_SNAPSHOT_H
#define RSYNC_SIDE_TARGET_SNAPSHOT_H

#include "side_target_delete.h"

#define RS_LATEST	"latest"
#define RS_DATE		20		/* 2026-11-29T07-43-00Z */

/* Is NAME that of a snapshot: a date, perhaps with a number behind it? */
static inline int
rs_is_date(const char *name)
{
	static const char form[] = "dddd-dd-ddTdd-dd-ddZ";
	size_t i;

	for (i = 0; i < RS_DATE; i++)
		if (form[i] == 'd' ? name[i] < '0' || name[i] > '9' :
		    name[i] != form[i])
			return 0;
	return name[i] == '\0' || (name[i] == '.' && name[i + 1] != '\0' &&
	    name[i + 1 + strspn(name + i + 1, "0123456789")] == '\0');
}

/* The date of SECONDS since 1970, UTC, by the proleptic Gregorian calendar
 * (Howard Hinnant's days-from-civil, turned around). */
static inline void
rs_date(char out[RS_DATE + 1], long long seconds)
{
	long long days = seconds / 86400, rest = seconds % 86400;
	long long era, year;
	int day, of_era, of_year, month;

	days += 719468;
	era = days / 146097;
	day = (int)(days - era * 146097);
	of_era = (day - day / 1460 + day / 36524 - day / 146096) / 365;
	of_year = day - (365 * of_era + of_era / 4 - of_era / 100);
	month = (5 * of_year + 2) / 153;
	day = of_year - (153 * month + 2) / 5 + 1;	/* from March on */
	year = of_era + era * 400 + (month >= 10);
	month = month < 10 ? month + 3 : month - 9;
	snprintf(out, RS_DATE + 1, "%04u-%02u-%02uT%02u-%02u-%02uZ",
	    (unsigned)year % 10000, (unsigned)month % 100,
	    (unsigned)day % 100, (unsigned)(rest / 3600) % 100,
	    (unsigned)(rest / 60 % 60), (unsigned)(rest % 60));
}

/* ---- The copy ------------------------------------------------------------------ */

static inline void rs_clone_tree(struct rs_target *t, int from, int to,
    int depth);

static inline void
rs_clone_folder(struct rs_target *t, int from, int to, const xn_entry *e,
    int depth)
{
	int inner = xn_open(from, e->name, XN_O_READ | XN_O_DIRECTORY, 0);
	int copy;

	if (inner == -1 || xn_mkdir(to, e->name, 0700) != 0)
		xn_fail("cannot copy the folder %s of the last snapshot: %m",
		    e->name);
	copy = xn_open(to, e->name, XN_O_READ | XN_O_DIRECTORY, 0);
	if (copy == -1)
		xn_fail("cannot open the folder %s of a new snapshot: %m",
		    e->name);
	rs_clone_tree(t, inner, copy, depth + 1);
	if (rs_apply(t, copy, "", e, rs_all(t)) != 0 ||
	    (!(t->keep & RS_PERMS) && xn_fchmod(copy, e->mode) != 0))
		xn_fail("cannot set what the folder %s of a new snapshot is to "
		    "have: %m", e->name);
	close(inner);
	close(copy);
}

/* All that is in FROM, into TO: folders anew, the rest as hard links. */
static inline void
rs_clone_tree(struct rs_target *t, int from, int to, int depth)
{
	xn_list *list = xn_list_open(from, "", rs_what(t->keep));

	if (list == NULL || depth > RS_DEPTH)
		xn_fail("cannot list a folder of the last snapshot: %m");
	for (int i = 0; i < xn_list_n(list); i++) {
		const xn_entry *e = xn_list_entry(list, i);

		if (e->type == 'd')
			rs_clone_folder(t, from, to, e, depth);
		else if (xn_hardlink_at(from, e->name, to, e->name) != 0)
			xn_fail("cannot link %s of the last snapshot into a "
			    "new one: %m", e->name);
	}
	xn_list_close(list);
}

/* ---- Snapshots ------------------------------------------------------------------- */

/* Is "latest" a link to a snapshot that is there? */
static inline int
rs_has_snapshots(int base)
{
	xn_list *list = xn_list_one(base, RS_LATEST, 0);
	const xn_entry *e = list == NULL || xn_list_n(list) != 1 ? NULL :
	    xn_list_entry(list, 0);
	xn_stat_t st;
	int has = e != NULL && e->type == 'l' && rs_is_date(e->link) &&
	    xn_stat(base, e->link, &st) == 0 && st.type == XN_FT_DIRECTORY;

	if (list != NULL)
		xn_list_close(list);
	return has;
}

/* A job that makes no snapshots any more would delete those that are here. */
static inline void
rs_refuse_snapshots(struct rs_target *t)
{
	if (t->root == -1 || t->snapshots > 0 || t->replace_snapshots ||
	    t->remove == RS_DELETE_NO || !rs_has_snapshots(t->root))
		return;
	xn_fail("the target %s holds snapshots (%s and dated trees), and a job "
	    "without snapshots = N would delete them: it is left as it is; "
	    "say replace-snapshots = yes if that is meant", t->path,
	    RS_LATEST);
}

/* The newest snapshot in the target's folder, malloc'ed; null: there is none. */
static inline char *
rs_newest(struct rs_target *t)
{
	xn_list *list = xn_list_open(t->base, "", 0);
	char *newest = NULL;

	if (list == NULL)
		xn_fail("cannot list %s: %m", t->path);
	for (int i = xn_list_n(list) - 1; i >= 0 && newest == NULL; i--)
		if (xn_list_entry(list, i)->type == 'd' &&
		    rs_is_date(xn_list_entry(list, i)->name))
			newest = rs_join(xn_list_entry(list, i)->name, "");
	xn_list_close(list);
	return newest;
}

/* Trees that a run did not finish, or did not finish removing. */
static inline void
rs_remove_unfinished(struct rs_target *t)
{
	xn_list *list = xn_list_open(t->base, "", 0);

	for (int i = 0; list != NULL && i < xn_list_n(list); i++)
		if (rs_is_temporary(xn_list_entry(list, i)->name))
			xn_remove_tree(t->base, xn_list_entry(list, i)->name);
	if (list != NULL)
		xn_list_close(list);
}

/* t->root becomes the tree of this run. */
static inline void
rs_snapshot_begin(struct rs_target *t)
{
	/* A dry run has no folder where none is. */
	char *newest = t->base == -1 ? NULL : rs_newest(t);
	int from;

	if (t->dry && newest == NULL)
		return;		/* all will be new */
	if (t->dry) {
		t->root = xn_open(t->base, newest, XN_O_READ |
		    XN_O_DIRECTORY, 0);
		xn_free(newest);
		return;
	}
	rs_remove_unfinished(t);
	snprintf(t->snapshot, sizeof(t->snapshot), "%s%s", RS_TEMPORARY,
	    t->run);
	if (xn_mkdir(t->base, t->snapshot, 0700) != 0)
		xn_fail("cannot make a snapshot in %s: %m", t->path);
	t->root = xn_open(t->base, t->snapshot, XN_O_READ | XN_O_DIRECTORY, 0);
	if (t->root == -1)
		xn_fail("cannot open a new snapshot in %s: %m", t->path);
	if (newest == NULL)
		return;
	from = xn_open(t->base, newest, XN_O_READ | XN_O_DIRECTORY, 0);
	if (from == -1)
		xn_fail("cannot open the snapshot %s/%s: %m", t->path, newest);
	rs_clone_tree(t, from, t->root, 0);
	close(from);
	xn_free(newest);
}

/* The link to the newest, by one rename. */
static inline void
rs_point_to(struct rs_target *t, const char *name)
{
	char link[64];

	rs_temporary_name(t, link);
	if (xn_symlink(name, t->base, link) != 0 ||
	    xn_rename(t->base, link, RS_LATEST) != 0)
		rs_error(t, "cannot make the link", RS_LATEST, "");
}

/* All but the newest ones go; each has a name of ours while it does. */
static inline void
rs_prune(struct rs_target *t)
{
	xn_list *list = xn_list_open(t->base, "", 0);
	int kept = 0;

	for (int i = list == NULL ? -1 : xn_list_n(list) - 1; i >= 0; i--) {
		const xn_entry *e = xn_list_entry(list, i);
		char name[64];

		if (e->type != 'd' || !rs_is_date(e->name) ||
		    kept++ < t->snapshots)
			continue;
		rs_temporary_name(t, name);
		if (xn_rename(t->base, e->name, name) != 0 ||
		    xn_remove_tree(t->base, name) != 0)
			rs_error(t, "cannot remove the snapshot", e->name, "");
	}
	if (list != NULL)
		xn_list_close(list);
}

/* The tree is done: it gets its date. */
static inline void
rs_snapshot_end(struct rs_target *t)
{
	char date[RS_DATE + 1], name[RS_DATE + 12];
	int i = 0, rc;

	if (t->dry)
		return;
	if (t->sync != 0 && xn_syncfs(t->base) != 0)
		xn_fail("cannot write the snapshot to the disk: %m");
	rs_date(date, (long long)xn_time());
	do {
		snprintf(name, sizeof(name), i == 0 ? "%s" : "%s.%d", date, i);
		rc = xn_rename_new(t->base, t->snapshot, name);
	} while (rc != 0 && errno == EEXIST && ++i < 100);
	if (rc != 0 || xn_sync_dir(t->base, "") != 0)
		xn_fail("cannot give the snapshot in %s its name: %m", t->path);
	rs_point_to(t, name);
	rs_prune(t);
}

#endif
