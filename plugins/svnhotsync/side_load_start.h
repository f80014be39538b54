/*
 * side_load_start.h: what is at the mirror's place, is it ours, does it fit the
 * source?  Whatever cannot be explained is refused and left as it is.
 *
 * A new mirror is made in PATH/.syncgate-new/r and moved up from there,
 * `format` last; that folder goes after it.  While it is there without
 * `format`, all in PATH is a beginning of ours, and is begun again.
 */
#ifndef SVNHOTSYNC_SIDE_LOAD_START_H
#define SVNHOTSYNC_SIDE_LOAD_START_H

#include "side_content.h"
#include "side_load_anew.h"
#include "side_load_record.h"

static int
is_empty(const struct mirror *m)
{
	xn_dir *dir = xn_dir_open(m->root, ".");
	int failed = dir == NULL;
	int empty = !failed && fs_next(dir, &failed) == NULL;

	if (failed)
		xn_fail("cannot read %s: %m", m->path);
	xn_dir_close(dir);
	return empty;
}

/* Open what is there, without changing it. */
static void
load_find(struct load *l)
{
	struct mirror *m = &l->m;
	xn_stat_t st;

	m->root = xn_base_open(m->path);
	if (m->root == -1 && errno != ENOENT)
		xn_fail("cannot open the mirror %s: %m", m->path);
	m->fresh = m->root == -1 || xn_stat(m->root, "format", &st) != 0;
	if (m->fresh) {
		if (m->root != -1 && xn_stat(m->root, BEGINNING, &st) != 0 &&
		    !is_empty(m))
			REFUSE(m, "%s is not empty, and not a mirror that "
			    "syncgate began: give another place, or empty it",
			    m->path);
		return;
	}
	m->db = xn_open(m->root, "db", XN_O_READ | XN_O_DIRECTORY, 0);
	if (m->db == -1)
		xn_fail("cannot open %s/db: %m", m->path);
	if (xn_stat(m->db, RECORD, &st) != 0)
		refuse_foreign(m);
}

/* ---- A new one ----------------------------------------------------------- */

/* No rep-cache: it is a database that each commit waits for. */
static void
write_conf(struct load *l)
{
	static const char off[] = "enable-rep-sharing = false\n";
	static const char on[] = "# enable-rep-sharing = true\n";
	size_t n = 0;
	char *text = fs_read_text(l->m.db, "fsfs.conf", &n), *at, *now;

	at = text == NULL ? NULL : strstr(text, on);
	if (text == NULL && errno != ENOENT)
		xn_fail("cannot read %s/db/fsfs.conf: %m", l->m.path);
	if (at == NULL)
		now = xn_printf("%s\n[rep-sharing]\n%s", text == NULL ? "" :
		    text, off);
	else
		now = xn_printf("%.*s%s%s", (int)(at - text), text, off,
		    at + sizeof(on) - 1);
	if (xn_write_file(l->m.db, "fsfs.conf", now, strlen(now), 0666) != 0)
		xn_fail("cannot write %s/db/fsfs.conf: %m", l->m.path);
}

static void
remove_beginning(struct load *l)
{
	static const char *const names[] = {
		"db", "conf", "hooks", "locks", "README.txt", BEGINNING
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (xn_remove_tree(l->m.root, names[i]) != 0 &&
		    errno != ENOENT)
			xn_fail("cannot remove the beginning of %s: %m",
			    l->m.path);
}

/* Move it from the folder where it was made; `format` makes it a repository. */
static void
move_up(struct load *l)
{
	const char *name;
	char path[128];
	xn_dir *dir = xn_dir_open(l->m.root, BEGINNING "/r");
	int failed = dir == NULL;

	while (!failed && (name = fs_next(dir, &failed)) != NULL) {
		if (strcmp(name, "format") == 0)
			continue;
		snprintf(path, sizeof(path), BEGINNING "/r/%.80s", name);
		failed = xn_rename(l->m.root, path, name) != 0;
	}
	xn_dir_close(dir);
	if (failed || xn_syncfs(l->m.root) != 0 || xn_rename(l->m.root,
	    BEGINNING "/r/format", "format") != 0 ||
	    xn_remove_tree(l->m.root, BEGINNING) != 0 ||
	    xn_sync_dir(l->m.root, "") != 0)
		xn_fail("cannot put the new mirror to %s: %m", l->m.path);
}

static void
read_format(struct load *l)
{
	char *text = fs_read_text(l->m.db, "format", NULL);
	const char *why;

	if (text == NULL)
		xn_fail("cannot read %s/db/format: %m", l->m.path);
	why = fs_format_read(&l->m.fs, text);
	if (why != NULL)
		xn_fail("the mirror %s: %s", l->m.path, why);
}

static void
load_make(struct load *l)
{
	struct mirror *m = &l->m;
	struct mark mark;
	xn_stat_t st;

	if (m->root == -1)
		m->root = xn_base_make(m->path, 0777);
	if (m->root == -1)
		xn_fail("cannot make the mirror %s: %m", m->path);
	/* Until there is a lock in it; whoever had it may have made one. */
	if (xn_lock(m->root, RUN_LOCK_WAIT) != 0 ||
	    xn_stat(m->root, "format", &st) == 0)
		xn_fail("another job is making the mirror %s", m->path);
	remove_beginning(l);
	make_beginning(m);
	load_create(l, xn_printf("%s/" BEGINNING "/r", m->path));
	m->db = xn_open(m->root, BEGINNING "/r/db", XN_O_READ |
	    XN_O_DIRECTORY, 0);
	if (m->db == -1)
		xn_fail("cannot open %s/" BEGINNING "/r/db: %m", m->path);
	take_run_lock(m);
	write_conf(l);
	read_format(l);
	load_mark(l, &mark, 0);
	if (mark.kind == DIGEST_NONE || write_record(l, &mark) != 0)
		xn_fail("cannot write %s/db/" RECORD ": %m", m->path);
	resync_mark(m);
	move_up(l);
	m->published = mark;
	m->youngest = m->last.rev = 0;
	m->fresh = 0;
}

/* ---- One that is there --------------------------------------------------- */

/* Is there more than we left?  (Killed, we leave more than the record says; but
 * then the source has it.) */
static int
load_is_foreign(const struct mirror *m, const struct record *record)
{
	return m->youngest > record->published.rev;
}

/* For xn_attempt(): our digest of what the last revision changed. */
struct content_of {
	const struct load *l;
	unsigned char digest[16];
};

static void
try_content(void *baton)
{
	struct content_of *of = baton;

	content_digest(of->l->m.path, of->l->m.youngest, of->digest);
}

/* Did the last revision change the same at both ends?  It needs svnadmin here,
 * too; without, it is not known. */
static int
same_content(struct load *l)
{
	struct content_of of = { l, { 0 } };
	const void *theirs;
	const char *tag;
	char why[512];
	long long rev;
	size_t n;

	xn_send(l->m.peer, "(sl)", "content", l->m.youngest);
	xn_receive(l->m.peer, XN_FOREVER, "(sly)", &tag, &rev, &theirs, &n);
	if (strcmp(tag, "content") != 0 || rev != l->m.youngest || n != 16)
		xn_fail("the source answered something else than a digest");
	if (xn_attempt(try_content, &of, why, sizeof(why)) != 0) {
		xn_log("what r%lld is in %s cannot be compared: %s", rev,
		    l->m.path, why);
		return 0;
	}
	return memcmp(theirs, of.digest, 16) == 0;
}

/* Has the source the revision that we have last?  By when it was made, or,
 * since somebody may have changed that, by what it changed. */
static void
load_check_same(struct load *l, const struct record *record)
{
	unsigned char bits[RANGE_MAX / 8] = { 1 };
	char ours[64], theirs[64];
	const void *text;
	const char *tag;
	long long rev;
	size_t n;

	/* r0 is empty, and has the date of its making until the source's
	 * properties have come, before which we may have been killed. */
	if (l->m.youngest == 0)
		return;
	xn_send(l->m.peer, "(slly)", "want", l->m.youngest, 1LL, bits,
	    sizeof(bits));
	xn_receive(l->m.peer, XN_FOREVER, "(sly)", &tag, &rev, &text, &n);
	if (strcmp(tag, "revprop") != 0 || rev != l->m.youngest)
		xn_fail("the source answered something else than properties");
	fs_props_date(theirs, text, n);
	xn_receive(l->m.peer, XN_FOREVER, "(sl)", &tag, &rev);
	load_date(l, l->m.youngest, ours);
	if (strcmp(ours, theirs) == 0 || same_content(l))
		return;
	HOLD(&l->m, "back",
	    "r%lld of the source has another date and another "
	    "content than the r%lld of %s: %s; nothing was changed%s",
	    l->m.youngest, l->m.youngest, l->m.path,
	    load_is_foreign(&l->m, record) ? "the mirror was written to by "
	    "somebody else" : "the source was replaced or wound back",
	    load_is_foreign(&l->m, record) ? FOREIGN : "");
}

static void
load_check_existing(struct load *l)
{
	struct mirror *m = &l->m;
	struct record record;

	if (!record_read(&record, m->db, m->path))
		xn_fail("%s/db/" RECORD " is gone", m->path);
	if (strcmp(record.method, "dump") != 0)
		REFUSE(m, "the mirror %s was made by method = %s: say so in "
		    "the job, or give another place", m->path, record.method);
	load_check_uuid(m, m->db, &record, m->path);
	read_format(l);
	load_check_untouched(l, &record);
	if (m->youngest > m->source_youngest)
		HOLD(m, "back",
		    "the mirror %s is ahead of the source (r%lld and "
		    "r%lld; r%lld was left there): %s; nothing was changed"
		    "%s", m->path, m->youngest, m->source_youngest,
		    record.published.rev, load_is_foreign(m, &record) ?
		    "it was written to by somebody else" :
		    "the source was replaced or wound back",
		    load_is_foreign(m, &record) ? FOREIGN : "");
	if (m->dry)
		return;
	memory_mend(l);
	load_check_same(l, &record);
	if (xn_remove_tree(m->root, BEGINNING) != 0 && errno != ENOENT)
		xn_fail("cannot remove %s/" BEGINNING ": %m", m->path);
}

/* For xn_attempt(). */
static void
try_existing(void *baton)
{
	load_check_existing(baton);
}

/* A new mirror that an earlier run began: it goes on, or, if it does not fit,
 * begins again. */
static void
load_check_resumed(struct load *l)
{
	if (!resync_fits(&l->m, try_existing, l))
		anew_again(l);
}

/* Hear the source, before anything is touched. */
static void
load_hear(struct load *l)
{
	struct mirror *m = &l->m;
	const char *tag, *uuid, *place;
	long long version;

	xn_receive(m->peer, XN_FOREVER, "(slsls)", &tag, &version, &uuid,
	    &m->source_youngest, &place);
	if (strcmp(tag, "repository") != 0 || version != DUMP_VERSION)
		xn_fail("the source's side speaks another language");
	if (!fs_is_uuid(uuid) || m->source_youngest < 0)
		xn_fail("the source describes itself in a way that cannot be");
	snprintf(m->uuid, sizeof(m->uuid), "%s", uuid);
	check_place(m, place);
}

/* Make sure that the two fit; make a new mirror. */
static void
load_start(struct load *l)
{
	struct mirror *m = &l->m;
	int resumed = m->resyncing && !l->reloading;

	resync_check(m);
	if (m->resyncing && m->dry)
		return;
	if (resumed)
		anew_resume(l);
	load_find(l);
	boot_id(l->boot);
	if (!m->fresh && !m->dry)
		take_run_lock(m);
	if (!m->fresh && resumed)
		load_check_resumed(l);
	else if (!m->fresh)
		load_check_existing(l);
	if (m->dry)
		return;
	if (m->fresh)
		load_make(l);
	resync_carry(m);
	guard_mirror(m);
}

#endif
