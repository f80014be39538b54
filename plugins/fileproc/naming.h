/*
 * naming.h: names of items, and the rules that make other names of them.
 */
#ifndef FILEPROC_NAMING_H
#define FILEPROC_NAMING_H

#include <execnet.h>

/* What %-letters of a rule stand for. */
struct fp_names {
	const char *item;	/* the item's name, perhaps with '/' */
	const char *output;	/* the output's own; NULL: it has none */
	const char *id;
};

/*
 * XN_E_CONFIG unless RULE has only %n %s %e %o %i %% and cannot lead out of the
 * folder.
 */
xn_error_t *fp_name_rule_check(const char *rule);

/*
 * NAMES by RULE, in POOL: %n the last part of the item's name, %s that without
 * its last suffix, %e that suffix with its dot, %o, %i, %%.  What stands before
 * the last '/' of the item's name is put in front.  XN_E_JOB if the result is no
 * good name (empty, "..", hidden, too long).
 */
xn_error_t *fp_name_by_rule(const char **name, const char *rule,
    const struct fp_names *names, apr_pool_t *pool);

/*
 * "a/b.txt" as the Nth of its name, "a/b~2.txt"; N = 1 is the name itself.  A
 * last part that would be longer than 255 bytes, together with a TAIL of so many
 * that is to be put behind it, is shortened.
 */
const char *fp_name_numbered(const char *name, int n, apr_pool_t *pool);
const char *fp_name_numbered_for(const char *name, int n, size_t tail,
    apr_pool_t *pool);

/*
 * 1 if NAME is relative and can be used beneath a folder: no empty part, no "."
 * or "..", no part above 255 bytes, not more than 4000 bytes in all.
 */
int fp_name_is_good(const char *name);

#endif
