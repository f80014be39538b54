/*
 * git_revprops.c: by what it is known that properties of a revision were
 * changed after it was converted.
 *
 * A digest of its author, date and log for each revision: in memory as one
 * text, and in Git as blobs of 32 digests, 32 of them in a tree, so that little
 * is written with a revision.  The commit that the ref names has no parent and
 * no time: it depends on the properties alone.
 */
#include "plugins/svnhotsync/git_internal.h"

#include <stdlib.h>
#include <string.h>

#include <apr_strings.h>
#include <svn_hash.h>
#include <svn_props.h>

#define DIGEST		8		/* bytes */
#define SOME		32		/* digests in a blob, blobs in a tree */
#define BLOB		(SOME * DIGEST)

struct svngit_revprops {
	svn_stringbuf_t *digests;	/* from that of r0 on, which is 0 */
	apr_hash_t *dirty;		/* numbers of blobs, as apr_size_t,
					 * that are not written yet */
	apr_pool_t *dirty_pool;
	int has;			/* it was written, as */
	struct gitw_id tree;
};

static void
digest_of(char digest[DIGEST], apr_hash_t *props, apr_pool_t *pool)
{
	static const char *const names[] = { SVN_PROP_REVISION_AUTHOR,
	    SVN_PROP_REVISION_DATE, SVN_PROP_REVISION_LOG };
	svn_stringbuf_t *text = svn_stringbuf_create_empty(pool);
	struct gitw_id id;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const svn_string_t *value = svn_hash_gets(props, names[i]);

		svn_stringbuf_appendcstr(text, value == NULL ? "-\n" :
		    apr_psprintf(pool, "%" APR_SIZE_T_FMT "\n", value->len));
		if (value != NULL)
			svn_stringbuf_appendbytes(text, value->data,
			    value->len);
	}
	gitw_object_id(&id, GITW_BLOB, text->data, text->len);
	memcpy(digest, id.bytes, DIGEST);
}

static void
make_dirty(struct svngit_revprops *p, svn_revnum_t rev)
{
	apr_size_t number = (apr_size_t)rev / SOME;

	if (apr_hash_get(p->dirty, &number, sizeof(number)) == NULL) {
		apr_size_t *copy = apr_pmemdup(p->dirty_pool, &number,
		    sizeof(number));

		apr_hash_set(p->dirty, copy, sizeof(*copy), copy);
	}
}

int
svngit_revprops_note(struct svngit *g, svn_revnum_t rev, apr_hash_t *props,
    apr_pool_t *scratch)
{
	struct svngit_revprops *p = g->revprops;
	apr_size_t at = (apr_size_t)rev * DIGEST;
	char digest[DIGEST];

	digest_of(digest, props, scratch);
	if (at + DIGEST <= p->digests->len) {
		if (memcmp(p->digests->data + at, digest, DIGEST) == 0)
			return 0;
		memcpy(p->digests->data + at, digest, DIGEST);
	} else {
		svn_stringbuf_appendbytes(p->digests, digest, DIGEST);
	}
	make_dirty(p, rev);
	return 1;
}

/* ---- Reading ----------------------------------------------------------- */

static xn_error_t *
damaged(void)
{
	return xn_error_create(XN_E_JOB, SVNGIT_REVPROPS " has something that "
	    "this job does not write");
}

/* The entries of the tree DIR, the NUMBERth: blobs of digests. */
static xn_error_t *
read_some(struct svngit *g, const struct svngit_entry *dir, apr_size_t number,
    apr_pool_t *scratch)
{
	svn_stringbuf_t *digests = g->revprops->digests;
	const char *bytes, *at, *text;
	struct svngit_entry e;
	xn_error_t *error;
	apr_size_t n, m;

	if (dir->mode != SVNGIT_DIR || strtoul(dir->name, NULL, 10) != number)
		return damaged();
	XN_TRY(svngit_store_get(&bytes, &n, g->store, &dir->id, GITW_TREE,
	    scratch));
	at = bytes;
	while (svngit_tree_next(&e, &at, bytes + n, &error) > 0) {
		if (digests->len != (number * SOME + strtoul(e.name, NULL,
		    10)) * BLOB)
			return damaged();
		XN_TRY(svngit_store_get(&text, &m, g->store, &e.id, GITW_BLOB,
		    scratch));
		if (m == 0 || m > BLOB || m % DIGEST != 0)
			return damaged();
		svn_stringbuf_appendbytes(digests, text, m);
	}
	return error;
}

static xn_error_t *
read_all(struct svngit *g, apr_pool_t *scratch)
{
	struct svngit_revprops *p = g->revprops;
	const char *bytes, *at;
	struct svngit_entry e;
	apr_size_t n, number = 0;
	apr_pool_t *turn;
	xn_error_t *error;

	XN_TRY(svngit_store_get(&bytes, &n, g->store, &p->tree, GITW_TREE,
	    scratch));
	apr_pool_create(&turn, scratch);
	at = bytes;
	while (svngit_tree_next(&e, &at, bytes + n, &error) > 0) {
		apr_pool_clear(turn);
		XN_TRY(read_some(g, &e, number++, turn));
	}
	apr_pool_destroy(turn);
	return error;
}

/* Those of all that is converted, of which nothing is known: as they are. */
static xn_error_t *
take_all(struct svngit *g, apr_pool_t *scratch)
{
	apr_pool_t *turn;
	apr_hash_t *props;

	apr_pool_create(&turn, scratch);
	for (svn_revnum_t rev = 1; rev <= g->position; rev++) {
		apr_pool_clear(turn);
		SVNGIT_TRY(svn_fs_revision_proplist2(&props, g->fs, rev, TRUE,
		    turn, turn));
		svngit_revprops_note(g, rev, props, turn);
	}
	apr_pool_destroy(turn);
	return NULL;
}

xn_error_t *
svngit_revprops_open(struct svngit *g, apr_pool_t *scratch)
{
	struct svngit_revprops *p = apr_pcalloc(g->pool, sizeof(*p));
	const struct gitw_ref *ref = apr_hash_get(g->kept, SVNGIT_REVPROPS,
	    APR_HASH_KEY_STRING);
	static const char zeros[DIGEST];

	p->digests = svn_stringbuf_create_empty(g->pool);
	apr_pool_create(&p->dirty_pool, g->pool);
	p->dirty = apr_hash_make(p->dirty_pool);
	g->revprops = p;
	if (ref == NULL) {
		svn_stringbuf_appendbytes(p->digests, zeros, DIGEST);
		make_dirty(p, 0);
		return take_all(g, scratch);
	}
	p->has = 1;
	XN_TRY(svngit_tree_of(&p->tree, g, &ref->id, scratch));
	XN_TRY(read_all(g, scratch));
	return p->digests->len == ((apr_size_t)g->position + 1) * DIGEST ?
	    NULL : damaged();
}

/* ---- Writing ----------------------------------------------------------- */

int
svngit_revprops_pending(const struct svngit *g)
{
	return apr_hash_count(g->revprops->dirty) > 0;
}

static int
by_number(const void *a, const void *b)
{
	apr_size_t x = **(const apr_size_t *const *)a;
	apr_size_t y = **(const apr_size_t *const *)b;

	return x < y ? -1 : x > y;
}

static apr_array_header_t *
sorted_dirty(struct svngit_revprops *p, apr_pool_t *pool)
{
	apr_array_header_t *all = apr_array_make(pool, 16,
	    sizeof(const apr_size_t *));

	for (apr_hash_index_t *i = apr_hash_first(pool, p->dirty); i != NULL;
	    i = apr_hash_next(i))
		APR_ARRAY_PUSH(all, const apr_size_t *) =
		    apr_hash_this_key(i);
	qsort(all->elts, (size_t)all->nelts, sizeof(const apr_size_t *),
	    by_number);
	return all;
}

static xn_error_t *
write_blob(struct svngit_entry *e, struct svngit *g, apr_size_t number,
    apr_pool_t *pool)
{
	svn_stringbuf_t *digests = g->revprops->digests;
	apr_size_t at = number * BLOB, n = digests->len - at;

	e->name = apr_psprintf(pool, "%02d", (int)(number % SOME));
	e->mode = SVNGIT_FILE;
	return svngit_store_put(&e->id, g->store, GITW_BLOB,
	    digests->data + at, n < BLOB ? n : BLOB, NULL);
}

/* The tree of the blobs from the *ATth of ALL on, which becomes the first that
 * is not in it; ROOT has ROOT_N bytes. */
static xn_error_t *
write_some(struct svngit_entry *dir, int *at, struct svngit *g,
    const apr_array_header_t *all, const char *root, apr_size_t root_n,
    apr_pool_t *pool)
{
	apr_array_header_t *new = apr_array_make(pool, SOME,
	    sizeof(struct svngit_entry));
	apr_size_t number = *APR_ARRAY_IDX(all, *at, apr_size_t *) / SOME, n;
	char *name = apr_psprintf(pool, "%07" APR_SIZE_T_FMT, number);
	const char *old = "", *bytes;
	struct gitw_id was;

	n = 0;
	XN_TRY(svngit_tree_find(dir, root, root_n, name));
	was = dir->id;
	if (dir->mode != SVNGIT_NONE)
		XN_TRY(svngit_store_get(&old, &n, g->store, &was, GITW_TREE,
		    pool));
	for (; *at < all->nelts && *APR_ARRAY_IDX(all, *at, apr_size_t *) /
	    SOME == number; ++*at)
		XN_TRY(write_blob(apr_array_push(new), g,
		    *APR_ARRAY_IDX(all, *at, apr_size_t *), pool));
	XN_TRY(svngit_tree_change(&bytes, &n, old, n, new, pool));
	XN_TRY(svngit_store_put(&dir->id, g->store, GITW_TREE, bytes, n,
	    dir->mode == SVNGIT_NONE ? NULL : &was));
	dir->name = name;
	dir->mode = SVNGIT_DIR;
	return NULL;
}

void
svngit_keep_ref(struct svngit *g, const char *name, const struct gitw_id *id)
{
	struct gitw_ref *ref = apr_hash_get(g->kept, name,
	    APR_HASH_KEY_STRING);

	if (ref == NULL) {
		ref = apr_pcalloc(g->pool, sizeof(*ref));
		ref->name = apr_pstrdup(g->pool, name);
		apr_hash_set(g->kept, ref->name, APR_HASH_KEY_STRING, ref);
	}
	ref->id = *id;
}

xn_error_t *
svngit_revprops_write(struct svngit *g, apr_pool_t *scratch)
{
	struct svngit_revprops *p = g->revprops;
	apr_array_header_t *all = sorted_dirty(p, scratch), *new;
	struct gitw_id was = p->tree, commit;
	const char *old = "", *bytes;
	char hex[GITW_HEX + 1];
	apr_size_t n = 0;

	if (all->nelts == 0)
		return NULL;
	new = apr_array_make(scratch, 4, sizeof(struct svngit_entry));
	if (p->has)
		XN_TRY(svngit_store_get(&old, &n, g->store, &was, GITW_TREE,
		    scratch));
	for (int at = 0; at < all->nelts; )
		XN_TRY(write_some(apr_array_push(new), &at, g, all, old, n,
		    scratch));
	XN_TRY(svngit_tree_change(&bytes, &n, old, n, new, scratch));
	XN_TRY(svngit_store_put(&p->tree, g->store, GITW_TREE, bytes, n,
	    p->has ? &was : NULL));
	p->has = 1;
	apr_pool_clear(p->dirty_pool);
	p->dirty = apr_hash_make(p->dirty_pool);
	bytes = apr_psprintf(scratch, "tree %s\nauthor syncgate <> 0 +0000\n"
	    "committer syncgate <> 0 +0000\n\n", gitw_id_hex(&p->tree, hex));
	XN_TRY(svngit_store_put(&commit, g->store, GITW_COMMIT, bytes,
	    strlen(bytes), NULL));
	svngit_keep_ref(g, SVNGIT_REVPROPS, &commit);
	return NULL;
}
