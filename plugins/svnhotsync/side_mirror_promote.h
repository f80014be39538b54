/*
 * side_mirror_promote.h: a mirror becomes a repository of its own.
 *
 * Under both locks, so that neither a job nor a user writes meanwhile: hooks
 * get what they need, db/syncgate goes, and then the guards and all else of
 * ours. Killed before db/syncgate has gone it is a mirror still; after that no
 * job writes to it any more, and promoting it again brings it to its end: until
 * then there is db/syncgate-promoting.
 */
#ifndef SVNHOTSYNC_SIDE_MIRROR_PROMOTE_H
#define SVNHOTSYNC_SIDE_MIRROR_PROMOTE_H

#include "side_mirror_part.h"
#include "side_mirror_start.h"
#include "side_mirror_whole.h"

#define README_TEXT \
	"This is a Subversion repository; use the 'svnadmin' and 'svnlook' \n" \
	"tools to examine it.  Do not add, delete, or modify files here \n" \
	"unless you know how to avoid corrupting the repository.\n"

#define PROMOTING	RECORD "-promoting"
#define ASIDE_MAX	8		/* suffixes behind a hook's name */

/* What Subversion runs. */
static const char *const hook_names[] = {
	"start-commit", "pre-commit", "post-commit", "pre-revprop-change",
	"post-revprop-change", "pre-lock", "post-lock", "pre-unlock",
	"post-unlock"
};

static int
is_hook(const char *name)
{
	for (size_t i = 0; i < sizeof(hook_names) / sizeof(hook_names[0]); i++)
		if (strcmp(name, hook_names[i]) == 0)
			return 1;
	return 0;
}

/* ---- Is it whole, and ours? ---------------------------------------------- */

/* What a loader that did not wait for the disk may have lost: made by method =
 * dump, and not yet durable when the machine was started again. */
static void
promote_durable(struct mirror *m, const struct record *record)
{
	char boot[64];

	boot_id(boot);
	/* (-1: `current` itself was not on the disk.) */
	if (strcmp(record->method, "dump") != 0 ||
	    (boot[0] != '\0' && strcmp(record->boot, boot) == 0) ||
	    m->youngest == record->published.rev)
		return;
	xn_log("the machine was started again since: what is above r%lld may "
	    "not be whole in %s, and is taken back", record->published.rev,
	    m->path);
	if (fs_write_number(m->db, "current", record->published.rev) != 0)
		xn_fail("cannot write %s/db/current: %m", m->path);
	m->youngest = record->published.rev;
}

/* check_untouched() as a function for xn_attempt(). */
struct untouched {
	struct mirror *m;
	const struct record *record;
};

static void
try_untouched(void *baton)
{
	struct untouched *u = baton;

	check_untouched(u->m, u->record);
}

/* Nobody but us wrote to it?  What others did is theirs, if it is FORCED; SAY
 * so. */
static void
promote_untouched(struct mirror *m, const struct record *record, int forced,
    int say)
{
	struct untouched u = { m, record };
	char why[512];
	int result;

	m->trying = forced;
	result = xn_attempt(try_untouched, &u, why, sizeof(why));
	m->trying = 0;
	if (result == 0)
		return;
	if (!forced || !m->refused)
		xn_fail("%s", why);
	if (say)
		xn_log("%s; it is promoted all the same", why);
}

/* The same for one that was loaded.  Was that killed, it may have more than its
 * record says; the last run tells it from what others did, if there was one. */
static void
promote_loaded(struct mirror *m, const struct record *record, int forced,
    int say)
{
	const struct mark *left = &record->published, *now;

	m->youngest = fs_read_number(m->db, "current");
	m->min_unpacked = fs_read_unpacked(m->db, &m->fs);
	promote_durable(m, record);
	if (!forced || !say)
		return;
	now = mark_now(m, left->rev);
	if (now->kind == left->kind && !same_mark(now, left))
		xn_log("r%lld of the mirror %s is not as it was left there: "
		    "somebody else has written to it; it is promoted all the "
		    "same", left->rev, m->path);
	else if (m->youngest != left->rev)
		xn_log("the mirror %s is at r%lld, and r%lld was left there: "
		    "what is above that somebody else committed, or a run "
		    "loaded that was killed; it is promoted all the same",
		    m->path, m->youngest, left->rev);
}

static void
promote_check(struct mirror *m, long long expected, int forced)
{
	struct record record;
	const char *why;
	char *text;

	if (!record_read(&record, m->db, m->path))
		REFUSE(m, "%s is no mirror (any more)", m->path);
	text = fs_read_text(m->db, "format", NULL);
	if (text == NULL)
		xn_fail("cannot read %s/db/format: %m", m->path);
	why = fs_format_read(&m->fs, text);
	if (why != NULL)
		xn_fail("the mirror %s: %s", m->path, why);
	snprintf(m->uuid, sizeof(m->uuid), "%s", record.uuid);
	check_uuid(m);
	/* (The look has said it.) */
	if (strcmp(record.method, "copy") == 0)
		promote_untouched(m, &record, forced, expected < 0);
	else
		promote_loaded(m, &record, forced, expected < 0);
	m->last.rev = m->youngest;
	check_whole(m);
	/* Fails if it cannot be read. */
	mark_now(m, m->youngest);
	if (expected >= 0 && m->youngest != expected && forced)
		REFUSE(m, "the mirror %s is at r%lld by now, and only r0:%lld "
		    "were verified: see to it that nobody commits to it, and "
		    "promote it again; with --quick what was verified is not "
		    "verified again", m->path, m->youngest, expected);
	if (expected >= 0 && m->youngest != expected)
		REFUSE(m, "the mirror %s is at r%lld, and the last run left it "
		    "at r%lld", m->path, m->youngest, expected);
}

static void
promote_open(struct mirror *m)
{
	xn_stat_t st;

	m->root = xn_base_open(m->path);
	if (m->root == -1)
		xn_fail("cannot open the mirror %s: %m", m->path);
	if (xn_stat(m->root, "format", &st) != 0)
		REFUSE(m, "%s is no repository yet: nothing was mirrored to it",
		    m->path);
	m->db = xn_open(m->root, "db", XN_O_READ | XN_O_DIRECTORY, 0);
	if (m->db == -1)
		xn_fail("cannot open %s/db: %m", m->path);
}

/* Has it no record any more, but our mark still?  Then it was being
 * promoted. */
static int
is_half_promoted(struct mirror *m)
{
	if (is_there(m->db, RECORD))
		return 0;
	if (!is_there(m->db, PROMOTING))
		REFUSE(m, "%s is no mirror (any more)", m->path);
	return 1;
}

/* ---- Hooks --------------------------------------------------------------- */

/* 1 if FULL is a file, and its owner may run it. */
static int
can_run(struct mirror *m, const char *full)
{
	xn_stat_t st;

	return xn_stat(m->root, full, &st) == 0 && st.type == XN_FT_FILE &&
	    (st.mode & 0100) != 0;
}

/* Who may read it may run it. */
static void
make_runnable(struct mirror *m, const char *full)
{
	int fd = xn_open(m->root, full, XN_O_READ, 0);
	xn_stat_t st;

	if (fd == -1 && errno == ENOENT)
		return;
	if (fd == -1 || xn_fstat(fd, &st) != 0 || xn_fchmod(fd, st.mode |
	    ((st.mode & 0444) >> 2)) != 0)
		xn_fail("cannot make %s/%s a program: %m", m->path, full);
	close(fd);
}

/* Rename the hook FULL so that it is none: where nothing else is. */
static void
put_aside(struct mirror *m, const char *full)
{
	char aside[PART_FULL + 16 + ASIDE_MAX * sizeof(SOURCE_SUFFIX)];
	size_t end = strlen(full);
	int suffixes = 0;

	snprintf(aside, sizeof(aside), "%s", full);
	do {
		snprintf(aside + end, sizeof(aside) - end, SOURCE_SUFFIX);
		end += strlen(SOURCE_SUFFIX);
		if (++suffixes > ASIDE_MAX)
			xn_fail("cannot put %s/%s aside: there is %s", m->path,
			    full, aside);
	} while (is_there(m->root, aside));
	if (xn_rename(m->root, full, aside) != 0)
		xn_fail("cannot rename %s/%s: %m", m->path, full);
	xn_log("the source's hook %s is put aside as %s: --run-hooks was not "
	    "said", full + strlen("hooks/"), aside);
}

/* NAME in hooks was a program at the source. */
static void
promote_hook(struct mirror *m, const char *name)
{
	char full[PART_FULL + 16];

	snprintf(full, sizeof(full), "hooks/%s", name);
	if (m->run_hooks) {
		make_runnable(m, full);
		return;
	}
	/* A hook that cannot be run refuses what it is asked about. */
	if (is_hook(name) && guard_at(full) == -1 && is_there(m->root, full) &&
	    !can_run(m, full))
		put_aside(m, full);
}

static void
promote_hooks(struct mirror *m)
{
	char *read = xn_read_file(m->db, RUN_NAMES, PROPS_MAX, NULL), *end;
	char full[PART_FULL], *text = NULL;

	if (read == NULL && errno != ENOENT)
		xn_fail("cannot read %s/db/" RUN_NAMES ": %m", m->path);
	/* (What follows may fail, and that frees only the side's own.) */
	if (read != NULL)
		text = xn_printf("%s", read);
	free(read);
	for (char *p = text; p != NULL && (end = strchr(p, '\n')) != NULL;
	    p = end + 1) {
		*end = '\0';
		snprintf(full, sizeof(full), "%.*s", PART_PATH_MAX + 15, p);
		if (part_path_ok(PART_HOOKS, full))
			promote_hook(m, full);
	}
}

/* The hook NAME, a guard's, has gone or moved: what is behind it by suffixes
 * moves up, as the source has it. */
static void
move_up_behind(struct mirror *m, const char *name)
{
	char to[PART_FULL], from[PART_FULL];
	size_t end;

	snprintf(from, sizeof(from), "%s" SOURCE_SUFFIX, name);
	for (int i = 0; i < ASIDE_MAX; i++) {
		memcpy(to, from, sizeof(to));
		end = strlen(from);
		snprintf(from + end, sizeof(from) - end, SOURCE_SUFFIX);
		if (!is_there(m->root, from) || is_there(m->root, to))
			return;
		if (xn_rename(m->root, from, to) != 0)
			xn_fail("cannot rename %s/%s: %m", m->path, from);
	}
}

/* The guards go; hooks that they were in the place of come back, if they can be
 * run. */
static void
remove_guards(struct mirror *m)
{
	char aside[PART_FULL];
	int failed;

	for (int i = 0; i < GUARDS; i++) {
		if (guard_is_ours(m, guards[i]) == 1) {
			snprintf(aside, sizeof(aside), "%s" SOURCE_SUFFIX,
			    guards[i]);
			failed = can_run(m, aside) ?
			    xn_rename(m->root, aside, guards[i]) :
			    xn_unlink(m->root, guards[i]);
			if (failed != 0)
				xn_fail("cannot remove the guard %s/%s: %m",
				    m->path, guards[i]);
		}
		move_up_behind(m, guards[i]);
	}
}

/* ---- All ----------------------------------------------------------------- */

/* A loader may have put them in memory, and been killed. */
static void
mend_folder(struct mirror *m, const char *name)
{
	xn_stat_t st;

	if (xn_stat(m->db, name, &st) == 0 && st.type == XN_FT_DIRECTORY)
		return;
	if ((xn_unlink(m->db, name) != 0 && errno != ENOENT) ||
	    make_dir(m->db, name) != 0)
		xn_fail("cannot make %s/db/%s: %m", m->path, name);
}

/* A name of ours in db, but for the one that goes last: 1, or 0 if there is
 * none. */
static int
find_trace(struct mirror *m, char trace[256])
{
	xn_dir *dir = xn_dir_open(m->db, ".");
	const char *name;
	int found = 0, failed = dir == NULL;

	while (!failed && !found && (name = fs_next(dir, &failed)) != NULL) {
		found = strncmp(name, RECORD "-", strlen(RECORD) + 1) == 0 &&
		    strcmp(name, PROMOTING) != 0;
		snprintf(trace, 256, "%s", name);
	}
	if (failed)
		xn_fail("cannot read %s/db: %m", m->path);
	xn_dir_close(dir);
	return found;
}

/* What else is ours in db: the run lock, how far it was verified. */
static void
remove_traces(struct mirror *m)
{
	char name[256];

	while (find_trace(m, name))
		if (xn_remove_tree(m->db, name) != 0)
			xn_fail("cannot remove %s/db/%s: %m", m->path, name);
}

/* It is no mirror any more: users may write to it. */
static void
promote_end(struct mirror *m)
{
	m->done = 1;
	remove_traces(m);
	remove_guards(m);
	if (xn_syncfs(m->db) != 0)
		xn_fail("cannot sync the file system of %s: %m", m->path);
	if (xn_unlink(m->db, PROMOTING) != 0 || xn_sync_dir(m->db, "") != 0)
		xn_fail("cannot remove %s/db/" PROMOTING ": %m", m->path);
	xn_send(m->control, "(sl)", "done", m->youngest);
}

/* Only if that was begun before: bring it to its end. */
static void
promote_resume(struct mirror *m)
{
	promote_open(m);
	/* (What is no mirror is refused before there is a lock in it.) */
	is_half_promoted(m);
	take_run_lock(m);
	if (!is_half_promoted(m)) {
		xn_send(m->control, "(s)", "mirror");
		return;
	}
	m->youngest = m->last.rev = fs_read_number(m->db, "current");
	promote_end(m);
}

/* Only whether it could be; what may not be whole after a loss of power is
 * taken back. */
static void
promote_look(struct mirror *m, long long expected, int forced)
{
	promote_open(m);
	take_run_lock(m);
	promote_check(m, expected, forced);
	m->done = 1;
	xn_send(m->control, "(sl)", "done", m->youngest);
}

static void
promote_mirror(struct mirror *m, long long expected, int forced)
{
	promote_open(m);
	take_run_lock(m);
	promote_check(m, expected, forced);
	if (hold_mirror(m) != 0)
		fail_commit(m);
	remove_leftovers(m, "revs");
	remove_leftovers(m, "revprops");
	mend_folder(m, "transactions");
	mend_folder(m, "txn-protorevs");
	promote_hooks(m);
	if (xn_write_file(m->root, "README.txt", README_TEXT,
	    strlen(README_TEXT), 0666) != 0)
		xn_fail("cannot write %s/README.txt: %m", m->path);
	if (xn_write_file(m->db, PROMOTING, "", 0, 0666) != 0)
		xn_fail("cannot write %s/db/" PROMOTING ": %m", m->path);
	if (xn_syncfs(m->db) != 0)
		xn_fail("cannot sync the file system of %s: %m", m->path);
	if (xn_unlink(m->db, RECORD) != 0 || xn_sync_dir(m->db, "") != 0)
		xn_fail("cannot remove %s/db/" RECORD ": %m", m->path);
	promote_end(m);
}

static void
promote_step(struct mirror *m, const char *step, long long expected,
    int forced)
{
	if (strcmp(step, "resume") == 0)
		promote_resume(m);
	else if (strcmp(step, "look") == 0)
		promote_look(m, expected, forced);
	else
		promote_mirror(m, expected, forced);
}

#endif
