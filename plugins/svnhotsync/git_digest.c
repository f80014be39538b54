/*
 * git_digest.c: what a revision is known by again.
 *
 * The position has a digest of what its revision changed: a mirror of the same
 * UUID with another history is told by it.  Properties of revisions may be
 * changed later, and are no part of it.  And it has one of the refs that were
 * left: who has changed them is told, whatever it was.
 */
#include "plugins/svnhotsync/git_internal.h"

#include <stdlib.h>
#include <string.h>

#include <apr_strings.h>
#include <svn_checksum.h>
#include <svn_hash.h>

/* A line about the file PATH, or "". */
static svn_error_t *
text_of(const char **line, svn_fs_root_t *root, const char *path,
    apr_pool_t *pool)
{
	svn_checksum_t *md5;

	SVN_ERR(svn_fs_file_checksum(&md5, svn_checksum_md5, root, path, TRUE,
	    pool));
	*line = svn_checksum_to_cstring(md5, pool);
	if (*line == NULL)
		*line = "";
	return NULL;
}

/* Lines about C and all below it, whose path is PATH. */
static svn_error_t *
describe(svn_stringbuf_t *out, const struct svngit_change *c,
    svn_fs_root_t *root, const char *path, apr_pool_t *pool)
{
	apr_array_header_t *names = svngit_names_of(c->below, pool);
	const char *text = "";

	if (c->listed && c->node == svn_node_file)
		SVN_ERR(text_of(&text, root, path, pool));
	if (c->listed)
		svn_stringbuf_appendcstr(out, apr_psprintf(pool,
		    "%d %d /%s@%ld %s /%s\n", (int)c->kind, (int)c->node,
		    c->from == NULL ? "" : c->from, (long)c->from_rev, text,
		    path));
	for (int i = 0; i < names->nelts; i++) {
		const char *name = APR_ARRAY_IDX(names, i, const char *);

		SVN_ERR(describe(out, svn_hash_gets(c->below, name), root,
		    apr_pstrcat(pool, path, *path == '\0' ? "" : "/", name,
		    NULL), pool));
	}
	return NULL;
}

static svn_error_t *
describe_all(svn_stringbuf_t *out, svn_fs_t *fs, svn_revnum_t rev,
    apr_pool_t *pool)
{
	struct svngit_change *top;
	svn_fs_root_t *root;

	SVN_ERR(svn_fs_revision_root(&root, fs, rev, pool));
	SVN_ERR(svngit_changes_read(&top, root, pool, pool));
	return describe(out, top, root, "", pool);
}

xn_error_t *
svngit_digest(const char **digest, struct svngit *g, svn_revnum_t rev,
    apr_pool_t *pool)
{
	svn_stringbuf_t *out = svn_stringbuf_create_empty(pool);
	char *hex = apr_palloc(pool, GITW_HEX + 1);
	struct gitw_id id;

	SVNGIT_TRY(describe_all(out, g->fs, rev, pool));
	gitw_object_id(&id, GITW_BLOB, out->data, out->len);
	*digest = gitw_id_hex(&id, hex);
	return NULL;
}

/* ---- Refs -------------------------------------------------------------- */

static int
by_name(const void *a, const void *b)
{
	return strcmp((*(const struct gitw_ref *const *)a)->name,
	    (*(const struct gitw_ref *const *)b)->name);
}

int
svngit_is_ours(const char *ref)
{
	return strncmp(ref, "refs/heads/", 11) == 0 ||
	    strncmp(ref, "refs/tags/", 10) == 0 ||
	    strncmp(ref, "refs/syncgate/deleted/", 22) == 0;
}

const char *
svngit_refs_digest(const struct gitw_refs *refs, apr_pool_t *pool)
{
	const struct gitw_ref **ours = apr_palloc(pool, (refs->n + 1) *
	    sizeof(*ours));
	svn_stringbuf_t *out = svn_stringbuf_create_empty(pool);
	char *hex = apr_palloc(pool, GITW_HEX + 1);
	struct gitw_id id;
	size_t n = 0;

	for (size_t i = 0; i < refs->n; i++)
		if (svngit_is_ours(refs->refs[i].name))
			ours[n++] = &refs->refs[i];
	qsort(ours, n, sizeof(*ours), by_name);
	for (size_t i = 0; i < n; i++) {
		svn_stringbuf_appendcstr(out, gitw_id_hex(&ours[i]->id, hex));
		svn_stringbuf_appendcstr(out, ours[i]->name);
		svn_stringbuf_appendbyte(out, '\n');
	}
	gitw_object_id(&id, GITW_BLOB, out->data, out->len);
	return gitw_id_hex(&id, hex);
}
