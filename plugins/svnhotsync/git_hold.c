/*
 * git_hold.c: a repository that we made does not fit the mirror (any more).
 *
 * It is never gone on with, nor written over.  But somebody may say that it
 * goes aside, as a mirror does that is made anew, and that the mirror is
 * converted into a new one.  What is no repository of ours is not moved, whoever says so.
 */
#include "plugins/svnhotsync/git_internal.h"

#include <stdarg.h>

#include <apr_strings.h>

/*
 * What an approval is good for: those refs, and that mirror.  Of the mirror the
 * revision counts that was converted last (or its youngest, if it has less):
 * commits that come are nothing that was asked about.
 */
static xn_error_t *
state_of(const char **state, struct svngit *g, svn_revnum_t rev)
{
	svn_revnum_t youngest;
	const char *digest;

	SVNGIT_TRY(svn_fs_youngest_rev(&youngest, g->fs, g->pool));
	if (rev > youngest)
		rev = youngest;
	XN_TRY(svngit_digest(&digest, g, rev, g->pool));
	*state = apr_psprintf(g->pool, "%s %s r%ld %s", svngit_refs_digest(
	    g->refs, g->pool), g->uuid, (long)rev, digest);
	return NULL;
}

xn_error_t *
svngit_hold(struct svngit *g, const char *kind, svn_revnum_t rev,
    const char *format, ...)
{
	const char *text;
	va_list ap;

	va_start(ap, format);
	text = apr_pvsprintf(g->pool, format, ap);
	va_end(ap);
	XN_TRY(state_of(&g->held_state, g, rev));
	g->held_kind = kind;
	return xn_error_create(XN_E_HELD, "%s", text);
}

void
svngit_held(const char **kind, const char **state, const svngit_t *g)
{
	*kind = g->held_kind;
	*state = g->held_state;
}
