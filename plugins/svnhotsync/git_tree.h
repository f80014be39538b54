/*
 * git_tree.h: the bytes of a tree object.
 */
#ifndef SVNHOTSYNC_GIT_TREE_H
#define SVNHOTSYNC_GIT_TREE_H

#include <apr_hash.h>
#include <apr_tables.h>
#include <execnet.h>

#include "plugins/git/id.h"

enum svngit_mode {
	SVNGIT_NONE = 0,		/* there is nothing */
	SVNGIT_DIR = 040000,
	SVNGIT_FILE = 0100644,
	SVNGIT_PROGRAM = 0100755,
	SVNGIT_LINK = 0120000,
	/* In no tree: a link if it is one, and else a program. */
	SVNGIT_LINK_OR_PROGRAM = 0120755
};

struct svngit_entry {
	const char *name;		/* borrowed */
	enum svngit_mode mode;
	struct gitw_id id;
};

/* The entry at *AT, which is advanced: 1; 0 at END; XN_E_JOB in *ERROR if the
 * tree is none, and -1. */
int svngit_tree_next(struct svngit_entry *entry, const char **at,
    const char *end, xn_error_t **error);

/* That of NAME; its mode is NONE if there is no such one. */
xn_error_t *svngit_tree_find(struct svngit_entry *entry, const char *bytes,
    apr_size_t n, const char *name);

/*
 * The tree OLD (may be empty) with the entries of NEW, struct svngit_entry,
 * instead of those of the same names; those with mode NONE are left out.  Sorts
 * NEW.  *OUT, in POOL, has *OUT_N bytes.
 */
xn_error_t *svngit_tree_change(const char **out, apr_size_t *out_n,
    const char *old, apr_size_t n, apr_array_header_t *new, apr_pool_t *pool);

#endif
