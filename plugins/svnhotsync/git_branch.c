/*
 * git_branch.c: what a revision makes of a branch: a commit and a ref.
 *
 * Each revision that touches a branch is a commit on it, also one that changes
 * nothing that Git knows.  A tag that is what it was copied from is no commit
 * of its own, but an annotated tag of that one.
 */
#include "plugins/svnhotsync/git_internal.h"

#include <string.h>

#include <apr_strings.h>

/* What a branch begins with, or goes on from. */
struct start {
	int has_parent, has_tree;
	struct gitw_id parent, tree;
	int all;			/* its content is not in Git */
	int inner;			/* it was a folder in a branch */
};

/* What B's ref is stays there under another name. */
static void
archive(struct svngit_revision *r, const struct svngit_branch *b)
{
	struct gitw_ref *ref = apr_pcalloc(r->g->pool, sizeof(*ref));

	ref->name = apr_psprintf(r->g->pool, "refs/syncgate/deleted/%s@%ld",
	    b->ref + strlen("refs/"), (long)r->rev);
	ref->id = b->is_tag ? b->tag : b->tip;
	ref->is_tag = b->is_tag;
	ref->peeled = b->tip;
	apr_hash_set(r->g->kept, ref->name, APR_HASH_KEY_STRING, ref);
}

void
svngit_branch_end(struct svngit_revision *r, struct svngit_branch *b)
{
	archive(r, b);
	b->live = 0;
}

/* It goes on. */
static xn_error_t *
go_on(struct start *start, struct svngit_revision *r,
    const struct svngit_branch *b)
{
	start->has_parent = start->has_tree = 1;
	start->parent = b->tip;
	return svngit_tree_of(&start->tree, r->g, &b->tip, r->pool);
}

/* It begins as FROM was in FROM_REV. */
static xn_error_t *
begin(struct start *start, struct svngit_revision *r, const char *from,
    svn_revnum_t from_rev)
{
	const struct gitw_id *commit;
	struct svngit_branch *b;
	struct svngit_entry e;
	int known, n;

	if (from == NULL)
		return NULL;
	XN_TRY(svngit_content_at(&e, &known, r, from, from_rev, r->pool));
	start->all = !known;
	start->has_tree = e.mode == SVNGIT_DIR;
	start->tree = e.id;
	if (!known)
		return NULL;
	n = svngit_layout_branch(r->g->layout, from);
	b = svngit_map_find(r->g->map, from, (apr_size_t)n);
	commit = svngit_map_at(b, from_rev);
	start->has_parent = 1;
	start->parent = *commit;
	start->inner = from[n] != '\0';
	return NULL;
}

/* Its tree. */
static xn_error_t *
content(struct gitw_id *tree, struct svngit_revision *r,
    const struct start *start, const struct svngit_change *change,
    const char *path)
{
	static const struct svngit_change nothing;
	int empty;

	r->whole = start->inner &&
	    r->g->options->externals == GIT_EXTERNALS_MODULES;
	if (r->whole && change == NULL)
		change = &nothing;
	*tree = start->tree;
	if (start->all)
		XN_TRY(svngit_content_all(tree, &empty, r, path, r->pool));
	else
		XN_TRY(svngit_content(tree, &empty, r, change, path,
		    start->has_tree, r->pool));
	return !empty ? NULL : svngit_store_put(tree, r->g->store, GITW_TREE,
	    "", 0, NULL);
}

/* TEXT and the log behind it, as an object. */
static xn_error_t *
put(struct gitw_id *id, struct svngit_revision *r, enum gitw_type type,
    const char *text)
{
	apr_size_t n = strlen(text);
	char *bytes = apr_palloc(r->pool, n + r->log_n + 1);

	memcpy(bytes, text, n);
	memcpy(bytes + n, r->log, r->log_n);
	return svngit_store_put(id, r->g->store, type, bytes, n + r->log_n,
	    NULL);
}

static xn_error_t *
put_commit(struct gitw_id *id, struct svngit_revision *r,
    const struct gitw_id *tree, const apr_array_header_t *parents)
{
	char hex[GITW_HEX + 1];
	const char *text = apr_psprintf(r->pool, "tree %s\n",
	    gitw_id_hex(tree, hex));

	for (int i = 0; i < parents->nelts; i++)
		text = apr_psprintf(r->pool, "%sparent %s\n", text,
		    gitw_id_hex(&APR_ARRAY_IDX(parents, i, struct gitw_id),
		    hex));
	text = apr_psprintf(r->pool, "%sauthor %s %" APR_INT64_T_FMT
	    " +0000\ncommitter %s %" APR_INT64_T_FMT " +0000\n\n", text,
	    r->who, r->when, r->who, r->when);
	return put(id, r, GITW_COMMIT, text);
}

static xn_error_t *
put_tag(struct svngit_revision *r, struct svngit_branch *b)
{
	char hex[GITW_HEX + 1];

	b->is_tag = 1;
	return put(&b->tag, r, GITW_TAG, apr_psprintf(r->pool, "object %s\n"
	    "type commit\ntag %s\ntagger %s %" APR_INT64_T_FMT " +0000\n\n",
	    gitw_id_hex(&b->tip, hex), b->ref + strlen("refs/tags/"), r->who,
	    r->when));
}

/* B becomes what CHANGE makes of START. */
static xn_error_t *
commit(struct svngit_revision *r, struct svngit_branch *b, int new,
    const struct start *start, const struct svngit_change *change)
{
	int is_tag = strncmp(b->ref, "refs/tags/", 10) == 0, same = 0;
	apr_array_header_t *parents = apr_array_make(r->pool, 2,
	    sizeof(struct gitw_id));
	struct gitw_id tree, was;

	XN_TRY(content(&tree, r, start, change, b->path));
	if (is_tag && new && start->has_parent) {
		XN_TRY(svngit_tree_of(&was, r->g, &start->parent, r->pool));
		same = gitw_id_compare(&was, &tree) == 0;
	}
	/* Else nothing would lead to the tag object that was. */
	if (b->live && b->is_tag)
		archive(r, b);
	if (start->has_parent)
		APR_ARRAY_PUSH(parents, struct gitw_id) = start->parent;
	if (!new)
		XN_TRY(svngit_merges(parents, r, b, change));
	if (same)
		b->tip = start->parent;
	else
		XN_TRY(put_commit(&b->tip, r, &tree, parents));
	b->live = 1;
	svngit_map_add(b, r->rev, &b->tip);
	svngit_notes_add(r->g->notes, r->rev, r->g->uuid, b->path, &b->tip);
	return is_tag ? put_tag(r, b) : NULL;
}

/* The folder PATH is there: its branch. */
static xn_error_t *
need(struct svngit_branch **b, struct svngit_revision *r, const char *path)
{
	const char *ref = svngit_layout_ref(r->g->layout, path, r->pool);

	*b = svngit_map_need(r->g->map, path, ref);
	if (*b != NULL)
		return NULL;
	return xn_error_create(XN_E_JOB, "r%ld, /%s: it would be %s, and "
	    "another path is %s: Git cannot have both; the layout must tell "
	    "them apart", (long)r->rev, path, ref,
	    svngit_map_rival(r->g->map, ref));
}

xn_error_t *
svngit_branch(struct svngit_revision *r, const char *path,
    const struct svngit_change *change, int new, const char *from,
    svn_revnum_t from_rev)
{
	struct svngit_branch *b = svngit_map_find(r->g->map, path,
	    strlen(path));
	struct start start = { 0 };
	svn_node_kind_t kind;

	XN_TRY(svngit_kind(&kind, r, change, path));
	if (b != NULL && b->live && (new || kind != svn_node_dir))
		svngit_branch_end(r, b);
	if (kind == svn_node_file)
		svngit_outside(r, path);
	if (kind != svn_node_dir)
		return NULL;
	XN_TRY(need(&b, r, path));
	if (b->live)
		XN_TRY(go_on(&start, r, b));
	else if (new)
		XN_TRY(begin(&start, r, from, from_rev));
	else
		/* The root, which is there from the beginning. */
		start.all = 1;
	XN_TRY_W(commit(r, b, !b->live, &start, change), SVNGIT_AT(r, path));
	return NULL;
}
