/*
 * side_mirror_make.h: a new mirror's files, as `svnadmin create` would make
 * them.
 *
 * The root `format` comes last, with the first commit: without it there is no
 * repository yet, only a beginning that the next start knows by db/syncgate.
 */
#ifndef SVNHOTSYNC_SIDE_MIRROR_MAKE_H
#define SVNHOTSYNC_SIDE_MIRROR_MAKE_H

#include "side_mirror_guard.h"
#include "side_mirror_record.h"

#define LOCK_TEXT \
	"This file is not used by Subversion 1.3.x or later.\n" \
	"However, its existence is required for compatibility with\n" \
	"Subversion 1.2.x or earlier.\n"

static const struct {
	const char *path, *text;
} new_files[] = {
	{ "db/fs-type", "fsfs\n" },
	{ "db/txn-current", "0\n" },
	{ "db/txn-current-lock", "" },
	{ "db/write-lock", "" },
	{ "locks/db.lock", LOCK_TEXT },
	{ "locks/db-logs.lock", LOCK_TEXT },
	{ "conf/svnserve.conf",
	    "# Who may read is not copied from the source: say it here.\n"
	    "[general]\nanon-access = none\nauth-access = read\n" },
	{ "README.txt", "This is a mirror of a Subversion repository, kept by "
	    "syncgate.\nUse the svnadmin and svnlook tools to examine it, and "
	    "do not edit its files.\n" },
};

static const char *const new_dirs[] = {
	"conf", "hooks", "locks", "db/revs", "db/revprops", "db/transactions",
	"db/txn-protorevs"
};

/* Line 1 is the source's; line 2, from format 7 on, tells this copy from it
 * (caches use both). */
static void
uuid_text(const struct mirror *m, char text[160])
{
	unsigned int r[4];

	/* Whole words: libtcc on aarch64 does not widen a char that it passes
	 * on the stack. */
	xn_random(r, sizeof(r));
	if (m->fs.format < FORMAT_INSTANCE)
		snprintf(text, 160, "%s\n", m->uuid);
	else
		snprintf(text, 160,
		    "%s\n%08x-%04x-4%03x-%04x-%04x%08x\n", m->uuid, r[0],
		    r[1] & 0xffff, r[1] >> 20,
		    (r[2] & 0x3fff) | 0x8000, r[2] >> 16, r[3]);
}

/* The folder itself, and db: files made in it get its group, as svn's do. */
static inline void
make_folders(struct mirror *m)
{
	xn_stat_t st;

	if (m->root == -1)
		m->root = xn_base_make(m->path, 0777);
	if (m->root == -1)
		xn_fail("cannot make the mirror %s: %m", m->path);
	if (make_dir(m->root, "db") != 0)
		xn_fail("cannot make %s/db: %m", m->path);
	m->db = xn_open(m->root, "db", XN_O_READ | XN_O_DIRECTORY, 0);
	if (m->db == -1 || xn_fstat(m->db, &st) != 0 ||
	    xn_fchmod(m->db, st.mode | 02000) != 0)
		xn_fail("cannot open %s/db: %m", m->path);
}

static inline void
make_skeleton(struct mirror *m, const char *format, size_t format_n,
    const void *conf, size_t conf_n)
{
	struct mark none = { -1, DIGEST_NONE, { 0 } };
	char uuid[160];
	size_t i;

	if (record_write(m, &none, &none) != 0)
		xn_fail("cannot write %s/db/" RECORD ": %m", m->path);
	/* A beginning may be of another layout. */
	if ((xn_remove_tree(m->db, "revs") != 0 && errno != ENOENT) ||
	    (xn_remove_tree(m->db, "revprops") != 0 && errno != ENOENT))
		xn_fail("cannot remove the beginning in %s: %m", m->path);
	for (i = 0; i < sizeof(new_dirs) / sizeof(new_dirs[0]); i++)
		if (make_dir(m->root, new_dirs[i]) != 0)
			xn_fail("cannot make %s/%s: %m", m->path, new_dirs[i]);
	for (i = 0; i < sizeof(new_files) / sizeof(new_files[0]); i++)
		put_file(m, new_files[i].path, new_files[i].text,
		    strlen(new_files[i].text), 0666);
	put_file(m, "db/format", format, format_n, 0444);
	if (m->fs.format >= FORMAT_PACKED) {
		put_file(m, "db/min-unpacked-rev", "0\n", 2, 0666);
		put_file(m, "db/fsfs.conf", conf, conf_n, 0666);
	}
	uuid_text(m, uuid);
	put_file(m, "db/uuid", uuid, strlen(uuid), 0666);
}

#endif
