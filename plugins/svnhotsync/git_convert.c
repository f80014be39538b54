#include "plugins/svnhotsync/git_internal.h"

#include <pthread.h>
#include <string.h>

#include <apr_strings.h>
#include <svn_cache_config.h>
#include <svn_dirent_uri.h>
#include <svn_hash.h>
#include <svn_pools.h>
#include <svn_repos.h>

#include "plugins/git/repository.h"
#include "plugins/svnhotsync/loader_internal.h"

#define BATCH_REVS	100000
#define BATCH_TIME	apr_time_from_sec(120)	/* that is lost by a kill */
#define END_EVERY	64		/* revisions */
#define CACHE_BYTES	(48u << 20)

static pthread_once_t once = PTHREAD_ONCE_INIT;

/* ---- Opening ----------------------------------------------------------- */

/* Of the process: what libsvn remembers.  It takes effect when libsvn has not
 * begun to. */
static void
make_room(void)
{
	svn_cache_config_t config = *svn_cache_config_get();

	if (config.cache_size < CACHE_BYTES) {
		config.cache_size = CACHE_BYTES;
		svn_cache_config_set(&config);
	}
}

/*
 * A revision is read once and as a whole, which is a third of the work, and
 * texts mostly as what differs (git_file.c).
 */
static xn_error_t *
open_mirror(struct svngit *g)
{
	apr_hash_t *config;
	const char *path;
	svn_repos_t *repos;

	if (g->fs_pool == NULL)
		apr_pool_create(&g->fs_pool, g->pool);
	apr_pool_clear(g->fs_pool);
	path = svn_dirent_internal_style(g->options->mirror, g->fs_pool);
	config = apr_hash_make(g->fs_pool);
	svn_hash_sets(config, SVN_FS_CONFIG_FSFS_BLOCK_READ, "1");
	svn_hash_sets(config, SVN_FS_CONFIG_FSFS_CACHE_FULLTEXTS, "0");
	SVNGIT_TRY(svn_repos_open3(&repos, path, config, g->fs_pool,
	    g->fs_pool));
	g->fs = svn_repos_fs(repos);
	return NULL;
}

static xn_error_t *
take_note(void *baton, svn_revnum_t rev, const char *path,
    const struct gitw_id *commit)
{
	struct svngit *g = baton;
	const char *ref = svngit_layout_ref(g->layout, path, g->refs_pool);
	struct svngit_branch *b = ref == NULL ? NULL :
	    svngit_map_need(g->map, path, ref);

	if (b == NULL)
		return xn_error_create(XN_E_JOB, "the notes of %s name a "
		    "branch /%s that the layout does not have",
		    g->options->dir, path);
	svngit_map_add(b, rev, commit);
	return NULL;
}

/* The refs that there are: tips of our branches, and others. */
static xn_error_t *
take_ref(struct svngit *g, apr_hash_t *by_ref, const struct gitw_ref *ref,
    svn_revnum_t rev)
{
	struct svngit_branch *b = apr_hash_get(by_ref, ref->name,
	    APR_HASH_KEY_STRING);
	struct gitw_ref *copy;

	if (strcmp(ref->name, SVNGIT_NOTES) == 0)
		return NULL;
	if (b == NULL) {
		copy = apr_pmemdup(g->pool, ref, sizeof(*ref));
		copy->name = apr_pstrdup(g->pool, ref->name);
		apr_hash_set(g->kept, copy->name, APR_HASH_KEY_STRING, copy);
		return NULL;
	}
	b->live = 1;
	b->is_tag = ref->is_tag;
	b->tag = ref->id;
	b->tip = ref->is_tag ? ref->peeled : ref->id;
	if (gitw_id_compare(&b->tip, &b->steps[b->n - 1].commit) == 0)
		return NULL;
	return svngit_hold(g, "loss", rev, "%s of %s is not what it was left "
	    "as: somebody else has moved it", ref->name, g->options->dir);
}

/* The refs are not those that were left: say which is not. */
static xn_error_t *
changed_refs(struct svngit *g, svn_revnum_t rev)
{
	const char *what = "a tag, or a ref in refs/syncgate/deleted,";
	svn_fs_root_t *root;
	svn_node_kind_t kind;

	SVNGIT_TRY(svn_fs_revision_root(&root, g->fs, rev, g->fs_pool));
	for (apr_hash_index_t *i = apr_hash_first(g->refs_pool,
	    svngit_map_all(g->map)); i != NULL; i = apr_hash_next(i)) {
		const struct svngit_branch *b = apr_hash_this_val(i);

		SVNGIT_TRY(svn_fs_check_path(&kind, root, b->path,
		    g->refs_pool));
		if (!b->live && kind == svn_node_dir)
			what = b->ref;
	}
	for (apr_hash_index_t *i = apr_hash_first(g->refs_pool, g->kept);
	    i != NULL; i = apr_hash_next(i)) {
		const char *name = apr_hash_this_key(i);

		if (svngit_is_ours(name) &&
		    strncmp(name, "refs/syncgate/", 14) != 0)
			what = name;
	}
	return svngit_hold(g, "loss", rev, "%s of %s is not what it was left "
	    "as: somebody else has made, changed or deleted it", what,
	    g->options->dir);
}

static xn_error_t *
take_refs(struct svngit *g, const struct svngit_position *p)
{
	apr_hash_t *by_ref = apr_hash_make(g->refs_pool);

	for (apr_hash_index_t *i = apr_hash_first(g->refs_pool,
	    svngit_map_all(g->map)); i != NULL; i = apr_hash_next(i)) {
		struct svngit_branch *b = apr_hash_this_val(i);

		apr_hash_set(by_ref, b->ref, APR_HASH_KEY_STRING, b);
	}
	for (size_t i = 0; i < g->refs->n; i++)
		XN_TRY(take_ref(g, by_ref, &g->refs->refs[i], p->rev));
	return strcmp(svngit_refs_digest(g->refs, g->refs_pool), p->refs) == 0 ?
	    NULL : changed_refs(g, p->rev);
}

/* Is what was converted of this mirror, and by this layout? */
static xn_error_t *
check_position(struct svngit *g, const struct svngit_position *p)
{
	svn_revnum_t youngest;
	const char *digest;

	if (strcmp(p->uuid, g->uuid) != 0)
		return svngit_hold(g, "other", p->rev, "%s has the repository "
		    "with UUID %s, and the mirror's is %s", g->options->dir,
		    p->uuid, g->uuid);
	if (strcmp(p->made_by, g->made_by) != 0)
		return xn_error_create(XN_E_CONFIG, "%s was made with another "
		    "layout, ignore, merges, empty-dirs or externals: set "
		    "that again, or give the job an empty folder",
		    g->options->dir);
	SVNGIT_TRY(svn_fs_youngest_rev(&youngest, g->fs, g->fs_pool));
	if (p->rev > youngest)
		return svngit_hold(g, "back", p->rev, "%s is at r%ld, and the "
		    "mirror at r%ld: it was made anew or wound back",
		    g->options->dir, (long)p->rev, (long)youngest);
	XN_TRY(svngit_digest(&digest, g, p->rev, g->refs_pool));
	if (strcmp(digest, p->digest) != 0)
		return svngit_hold(g, "back", p->rev, "r%ld of the mirror is "
		    "not the one that %s has: the repository was replaced or "
		    "wound back", (long)p->rev, g->options->dir);
	return NULL;
}

/* Go on from what the repository says. */
static xn_error_t *
resume(struct svngit *g)
{
	const struct gitw_ref *ref;
	struct svngit_position p;

	XN_TRY(gitw_refs_read(&g->refs, g->options->dir, g->refs_pool));
	ref = gitw_refs_find(g->refs, SVNGIT_NOTES);
	if (ref == NULL && g->refs->n > 0)
		return xn_error_create(XN_E_CONFIG, "%s has refs, and none of "
		    "them is " SVNGIT_NOTES ": syncgate did not make it, and "
		    "leaves it alone; give the job an empty folder",
		    g->options->dir);
	if (ref == NULL)
		return NULL;
	XN_TRY(svngit_notes_position(&p, g->notes, &ref->id, g->refs_pool));
	XN_TRY(check_position(g, &p));
	XN_TRY_W(svngit_notes_read(g->notes, take_note, g, g->refs_pool),
	    "reading the notes of %s", g->options->dir);
	svngit_map_sort(g->map);
	g->position = p.rev;
	return take_refs(g, &p);
}

static xn_error_t *
open_all(struct svngit *g)
{
	const struct svngit_options *options = g->options;

	XN_TRY(svngit_layout_parse(&g->layout, options->layout, g->pool));
	g->made_by = apr_pstrcat(g->pool, svngit_layout_text(g->layout),
	    options->ignore ? "ignore\n" : "",
	    options->merges ? "merges\n" : "",
	    options->empty_dirs ? "empty-dirs\n" : "",
	    options->externals == GIT_EXTERNALS_FILE ? "externals\n" :
	    options->externals == GIT_EXTERNALS_MODULES ?
	    "externals gitmodules\n" : "", NULL);
	XN_TRY_W(open_mirror(g), "cannot open the mirror %s",
	    options->mirror);
	SVNGIT_TRY(svn_fs_get_uuid(g->fs, &g->uuid, g->pool));
	XN_TRY(svngit_authors_read(&g->authors, options->authors, g->uuid,
	    options->keep, g->pool));
	XN_TRY(gitw_repository_open(NULL, options->dir,
	    svngit_layout_head(g->layout) + strlen("refs/heads/"), g->pool));
	XN_TRY(svngit_store_open(&g->store, options->dir, g->pool));
	g->fsfs = svngit_fsfs_create(options->mirror, g->store, g->pool);
	g->map = svngit_map_create(g->pool);
	g->notes = svngit_notes_create(g->store, g->pool);
	g->kept = apr_hash_make(g->pool);
	XN_TRY(resume(g));
	XN_TRY(svngit_revprops_open(g, g->refs_pool));
	return svngit_changed_open(g, g->refs_pool);
}

xn_error_t *
svngit_open(svngit_t **out, const struct svngit_options *options,
    apr_pool_t *pool)
{
	struct svngit *g = apr_pcalloc(pool, sizeof(*g));

	loader_use_locale();
	pthread_once(&once, make_room);
	g->options = options;
	g->pool = pool;
	apr_pool_create(&g->refs_pool, pool);
	*out = g;
	return open_all(g);
}

/* ---- Converting -------------------------------------------------------- */

/* All refs as they are to be. */
static void
gather(struct gitw_refs *refs, struct svngit *g, const struct gitw_id *notes,
    apr_pool_t *pool)
{
	apr_hash_t *all = svngit_map_all(g->map);
	struct gitw_ref *to = refs->refs = apr_pcalloc(pool,
	    (apr_hash_count(all) + apr_hash_count(g->kept) + 1) *
	    sizeof(*refs->refs));

	for (apr_hash_index_t *i = apr_hash_first(pool, all); i != NULL;
	    i = apr_hash_next(i)) {
		const struct svngit_branch *b = apr_hash_this_val(i);

		if (!b->live)
			continue;
		to->name = b->ref;
		to->is_tag = b->is_tag;
		to->id = b->is_tag ? b->tag : b->tip;
		to++->peeled = b->tip;
	}
	for (apr_hash_index_t *i = apr_hash_first(pool, g->kept); i != NULL;
	    i = apr_hash_next(i))
		*to++ = *(const struct gitw_ref *)apr_hash_this_val(i);
	to->name = SVNGIT_NOTES;
	to++->id = *notes;
	refs->n = (size_t)(to - refs->refs);
	refs->head = g->refs->head;
}

/* Make visible what is written, and NOTES. */
static xn_error_t *
write_refs(struct svngit *g, const struct gitw_id *notes, apr_pool_t *scratch)
{
	struct gitw_refs refs;

	XN_TRY(svngit_revprops_write(g, scratch));
	XN_TRY(svngit_store_end(g->store));
	gather(&refs, g, notes, scratch);
	XN_TRY(gitw_refs_write(&refs, g->refs, g->options->dir, scratch));
	apr_pool_clear(g->refs_pool);
	return gitw_refs_read(&g->refs, g->options->dir, g->refs_pool);
}

/* Make visible what is converted, up to REV. */
static xn_error_t *
publish(struct svngit *g, svn_revnum_t rev, apr_pool_t *scratch)
{
	struct svngit_position p = { rev, g->uuid, NULL, NULL, g->made_by };
	struct gitw_id notes = { { 0 } };
	struct gitw_refs refs;

	XN_TRY(svngit_digest(&p.digest, g, rev, scratch));
	gather(&refs, g, &notes, scratch);
	p.refs = svngit_refs_digest(&refs, scratch);
	XN_TRY(svngit_notes_write(&notes, g->notes, &p, g->when, scratch));
	XN_TRY(write_refs(g, &notes, scratch));
	g->position = rev;
	return svngit_store_merge(g->store, scratch);
}

static xn_error_t *
convert(struct svngit_state *state, struct svngit *g, svn_revnum_t last,
    apr_pool_t *scratch)
{
	apr_time_t until = apr_time_now() + BATCH_TIME;
	apr_pool_t *turn = svn_pool_create(scratch);
	svn_revnum_t rev = g->position;
	int over = 0;

	while (rev < last && !over && !svngit_store_is_full(g->store)) {
		apr_pool_clear(turn);
		XN_TRY(svngit_revision(g, rev + 1, turn));
		rev++;
		if (rev % END_EVERY != 0)
			continue;
		state->ended = g->options->ended(g->options->baton);
		over = state->ended || apr_time_now() > until;
	}
	apr_pool_destroy(turn);
	return rev > g->position ? publish(g, rev, scratch) : NULL;
}

xn_error_t *
svngit_batch(struct svngit_state *state, svngit_t *g, apr_pool_t *scratch)
{
	svn_revnum_t last;

	state->ended = 0;
	XN_TRY_W(open_mirror(g), "cannot open the mirror %s",
	    g->options->mirror);
	XN_TRY(svngit_same_mirror(&state->ended, g, scratch));
	svngit_fsfs_look(g->fsfs);
	SVNGIT_TRY(svn_fs_youngest_rev(&last, g->fs, scratch));
	if (g->most > 0 && last > g->most)
		last = g->most;
	state->youngest = last;
	if (last - g->position > BATCH_REVS)
		last = g->position + BATCH_REVS;
	XN_TRY_W(convert(state, g, last, scratch), "after r%ld",
	    (long)g->position);
	state->position = g->position;
	return NULL;
}

xn_error_t *
svngit_props(long *changed, svngit_t *g, apr_pool_t *scratch)
{
	const struct gitw_ref *ref = gitw_refs_find(g->refs, SVNGIT_NOTES);
	struct gitw_id notes;

	*changed = 0;
	if (ref == NULL)
		return NULL;
	notes = ref->id;
	XN_TRY_W(open_mirror(g), "cannot open the mirror %s",
	    g->options->mirror);
	svngit_revprops_look(changed, g, scratch);
	if (*changed > 0)
		XN_TRY(svngit_changed_write(g, scratch));
	else if (!svngit_revprops_pending(g))
		return NULL;
	XN_TRY(write_refs(g, &notes, scratch));
	return svngit_store_merge(g->store, scratch);
}
