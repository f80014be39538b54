/*
 * refs.h: the refs of a repository, which are in its packed-refs alone.
 *
 * So the complete new set comes into effect in one step, whatever changed:
 * packed-refs is replaced by one rename, and HEAD, if need be, by another one
 * after it.  A loose ref would hide what is packed: it is an error.
 *
 * Errors: XN_E_SYSTEM, XN_E_CONFIG for what the user can set right, XN_E_JOB
 * for a file that is damaged, XN_E_TIMEOUT if Git keeps packed-refs locked.
 */
#ifndef GIT_REFS_H
#define GIT_REFS_H

#include <execnet.h>

#include "plugins/git/id.h"

struct gitw_ref {
	const char *name;		/* refs/heads/main */
	struct gitw_id id;
	int is_tag;			/* ID is a tag object, */
	struct gitw_id peeled;		/* and this what it leads to */
};

struct gitw_refs {
	struct gitw_ref *refs;		/* by name, as strcmp() orders them */
	size_t n;
	const char *head;		/* the ref that HEAD means, which need
					 * not be there; null: HEAD is an id,
					 * and is not to be changed */
};

/*
 * Is NAME one that Git takes for a ref: refs/, and what git check-ref-format
 * allows, and not too long for a file?
 */
int gitw_ref_is_name(const char *name);

/* The refs of the bare repository DIR. */
xn_error_t *gitw_refs_read(struct gitw_refs **refs, const char *dir,
    apr_pool_t *pool);

/* The ref of NAME, or null. */
const struct gitw_ref *gitw_refs_find(const struct gitw_refs *refs,
    const char *name);

/*
 * Make REFS, in any order, the refs of DIR, whose lock the caller holds
 * (repository.h); on the disk when it returns.  Two of one name, a name that is
 * none, and one that is another's folder (refs/a and refs/a/b) are XN_E_USAGE.
 * OLD is what gitw_refs_read() said: if somebody else has changed refs or HEAD
 * since, that is XN_E_JOB.  After any of these nothing has changed.
 *
 * Who is killed between the refs and HEAD has the new refs and the old HEAD: so
 * say HEAD whenever refs are written or found to be right.  What is as it is to
 * be is not written.
 */
xn_error_t *gitw_refs_write(const struct gitw_refs *refs,
    const struct gitw_refs *old, const char *dir, apr_pool_t *scratch);

#endif
