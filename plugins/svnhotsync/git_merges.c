/*
 * git_merges.c: svn:mergeinfo as second parents.
 *
 * That a commit is a parent says that all before it is in, too; svn:mergeinfo
 * says it of each revision.  So a branch is a parent only if every commit that
 * this would bring is in the mergeinfo of the root of the branch that gets it,
 * or in that branch's own history; and only when the last of them is added.
 * What mergeinfo below the root says is of a part of the branch, and no merge.
 */
#include "plugins/svnhotsync/git_internal.h"

#include <string.h>

#include <apr_strings.h>
#include <svn_hash.h>
#include <svn_mergeinfo.h>
#include <svn_props.h>

/* A folder had this path in these revisions. */
struct line {
	const char *path;
	svn_revnum_t first, last;
};

/* What a branch has at a revision: its own history, which is struct line, the
 * newest first, and what was merged to it. */
struct content {
	apr_array_header_t *history;
	svn_mergeinfo_t merged;
};

/* A walk over the commits that lead to another branch, the last first. */
struct walk {
	struct svngit_revision *r;
	const struct content *target;	/* are they in this? */
	svn_mergeinfo_t added;		/* to that in this revision; or NULL */
	int all;			/* so far they are, */
	int fresh;			/* some of them by what was added */
	int over;			/* those before need not be looked at */
};

/* A branch that may be a parent, as it was in STEP. */
struct source {
	const struct svngit_branch *b;
	const struct svngit_step *step;
	struct content content;
};

/* ---- What a branch has ------------------------------------------------- */

/* Where the folder PATH of revision REV has been since it began. */
static xn_error_t *
read_history(apr_array_header_t *history, struct svngit_revision *r,
    const char *path, svn_revnum_t rev)
{
	svn_fs_root_t *root, *copy;
	const char *to, *from;
	struct line *line;

	path = apr_pstrcat(r->pool, "/", path, NULL);
	for (;;) {
		line = apr_array_push(history);
		line->path = path + 1;
		line->last = rev;
		SVNGIT_TRY(svn_fs_revision_root(&root, r->g->fs, rev,
		    r->pool));
		SVNGIT_TRY(svn_fs_closest_copy(&copy, &to, root, path,
		    r->pool));
		if (copy == NULL)
			return svngit_error(svn_fs_node_origin_rev(
			    &line->first, root, path, r->pool));
		line->first = svn_fs_revision_root_revision(copy);
		SVNGIT_TRY(svn_fs_copied_from(&rev, &from, copy, to,
		    r->pool));
		path = apr_pstrcat(r->pool, from, path + strlen(to), NULL);
	}
}

/* What is no mergeinfo says nothing. */
static xn_error_t *
read_merged(svn_mergeinfo_t *merged, svn_fs_root_t *root, const char *path,
    apr_pool_t *pool)
{
	svn_string_t *value;
	svn_error_t *failed;

	*merged = apr_hash_make(pool);
	SVNGIT_TRY(svn_fs_node_prop(&value, root, path, SVN_PROP_MERGEINFO,
	    pool));
	if (value == NULL)
		return NULL;
	failed = svn_mergeinfo_parse(merged, value->data, pool);
	if (failed != NULL)
		*merged = apr_hash_make(pool);
	svn_error_clear(failed);
	return NULL;
}

static xn_error_t *
read_content(struct content *content, struct svngit_revision *r,
    const char *path, svn_revnum_t rev)
{
	svn_fs_root_t *root;

	content->history = apr_array_make(r->pool, 4, sizeof(struct line));
	XN_TRY(read_history(content->history, r, path, rev));
	SVNGIT_TRY(svn_fs_revision_root(&root, r->g->fs, rev, r->pool));
	return read_merged(&content->merged, root, path, r->pool);
}

static int
is_history(const struct content *content, const char *path, svn_revnum_t rev)
{
	for (int i = 0; i < content->history->nelts; i++) {
		const struct line *line = &APR_ARRAY_IDX(content->history, i,
		    struct line);

		if (rev >= line->first && rev <= line->last &&
		    strcmp(path, line->path) == 0)
			return 1;
	}
	return 0;
}

/* Ranges that are not inherited are of the folder without what is below it. */
static int
is_merged(svn_mergeinfo_t merged, const char *path, svn_revnum_t rev,
    apr_pool_t *pool)
{
	const svn_rangelist_t *ranges = svn_hash_gets(merged,
	    apr_pstrcat(pool, "/", path, NULL));

	for (int i = 0; ranges != NULL && i < ranges->nelts; i++) {
		const svn_merge_range_t *range = APR_ARRAY_IDX(ranges, i,
		    const svn_merge_range_t *);

		if (range->inheritable && rev > range->start &&
		    rev <= range->end)
			return 1;
	}
	return 0;
}

/* ---- Is all of a branch there? ----------------------------------------- */

/* Is the commit of STEP, with which a branch began, what it was copied from,
 * as LINE says? */
static xn_error_t *
is_copy(int *same, struct svngit_revision *r, const struct svngit_step *step,
    const struct line *line)
{
	struct svngit_entry was;
	struct gitw_id tree;
	int known;

	XN_TRY(svngit_content_at(&was, &known, r, line->path, line->last,
	    r->pool));
	XN_TRY(svngit_tree_of(&tree, r->g, &step->commit, r->pool));
	*same = 0;
	if (!known || was.mode != SVNGIT_DIR)
		return NULL;
	/* (A folder in a branch has no .gitmodules; what began as it has.) */
	XN_TRY(svngit_modules_without(&tree, r, r->pool));
	XN_TRY(svngit_modules_without(&was.id, r, r->pool));
	*same = gitw_id_compare(&was.id, &tree) == 0;
	return NULL;
}

/* Commits of B in the revisions of LINES[AT]. */
static xn_error_t *
walk_line(struct walk *w, const struct svngit_branch *b,
    const apr_array_header_t *lines, int at)
{
	const struct line *line = &APR_ARRAY_IDX(lines, at, struct line);
	const struct svngit_step *step = svngit_map_step(b, line->last);
	apr_size_t n = step == NULL ? 0 : (apr_size_t)(step - b->steps) + 1;

	w->over = is_history(w->target, b->path, line->last);
	for (; n > 0 && w->all && !w->over; n--) {
		step = &b->steps[n - 1];
		if (step->rev < line->first)
			break;
		w->over = is_history(w->target, b->path, step->rev);
		if (w->over)
			break;
		w->all = is_merged(w->target->merged, b->path, step->rev,
		    w->r->pool);
		if (w->added != NULL && is_merged(w->added, b->path,
		    step->rev, w->r->pool))
			w->fresh = 1;
		/* Who merges a branch need not say that it was made. */
		if (!w->all && step->rev == line->first &&
		    at + 1 < lines->nelts)
			XN_TRY(is_copy(&w->all, w->r, step, line + 1));
	}
	return NULL;
}

static xn_error_t *
walk_source(struct walk *w, const struct source *source)
{
	const apr_array_header_t *lines = source->content.history;

	w->all = 1;
	for (int i = 0; i < lines->nelts && w->all && !w->over; i++) {
		const struct line *line = &APR_ARRAY_IDX(lines, i,
		    struct line);
		int n = svngit_layout_branch(w->r->g->layout, line->path);
		const struct svngit_branch *b = n < 0 ? NULL :
		    svngit_map_find(w->r->g->map, line->path, (apr_size_t)n);

		/* (It came from what is not in Git.) */
		if (b == NULL)
			break;
		/* Of a folder in a branch: all of that leads to it. */
		if (line->path[n] != '\0') {
			w->all = is_history(w->target, b->path, line->last);
			break;
		}
		XN_TRY(walk_line(w, b, lines, i));
	}
	return NULL;
}

/* ---- Which branches were merged ---------------------------------------- */

/* The last step of B that is merged by RANGES before revision REV; or NULL. */
static const struct svngit_step *
last_merged(const struct svngit_branch *b, const svn_rangelist_t *ranges,
    svn_revnum_t rev)
{
	svn_revnum_t end = 0;

	for (int i = 0; i < ranges->nelts; i++) {
		const svn_merge_range_t *range = APR_ARRAY_IDX(ranges, i,
		    const svn_merge_range_t *);

		if (range->inheritable && range->end > end)
			end = range->end;
	}
	return svngit_map_step(b, end < rev ? end : rev - 1);
}

/* The branch at PATH (with a slash in front), to which ADDED belongs, if it is
 * merged now. */
static xn_error_t *
take_source(apr_array_header_t *sources, struct svngit_revision *r,
    const struct content *target, svn_mergeinfo_t added, const char *path)
{
	struct walk walk = { .r = r, .target = target, .added = added };
	struct source s = { .b = svngit_map_find(r->g->map, path + 1,
	    strlen(path + 1)) };

	s.step = s.b == NULL ? NULL : last_merged(s.b,
	    svn_hash_gets(target->merged, path), r->rev);
	if (s.step == NULL ||
	    is_history(target, s.b->path, s.step->rev))
		return NULL;
	XN_TRY(read_content(&s.content, r, s.b->path, s.step->rev));
	XN_TRY(walk_source(&walk, &s));
	if (walk.all && walk.fresh)
		APR_ARRAY_PUSH(sources, struct source) = s;
	return NULL;
}

/* Does one of SOURCES lead to the one at I? */
static xn_error_t *
is_in_another(int *led, struct svngit_revision *r,
    const apr_array_header_t *sources, int i)
{
	const struct source *s = &APR_ARRAY_IDX(sources, i, struct source);

	*led = 0;
	for (int j = 0; j < sources->nelts && !*led; j++) {
		const struct source *o = &APR_ARRAY_IDX(sources, j,
		    struct source);

		if (o->step->rev <= s->step->rev)
			continue;
		*led = is_history(&o->content, s->b->path, s->step->rev);
		if (!*led && is_merged(o->content.merged, s->b->path,
		    s->step->rev, r->pool)) {
			struct walk walk = { .r = r, .target = &o->content };

			XN_TRY(walk_source(&walk, s));
			*led = walk.all;
		}
	}
	return NULL;
}

static void
add_parent(apr_array_header_t *parents, const struct gitw_id *commit)
{
	for (int i = 0; i < parents->nelts; i++)
		if (gitw_id_compare(&APR_ARRAY_IDX(parents, i,
		    struct gitw_id), commit) == 0)
			return;
	APR_ARRAY_PUSH(parents, struct gitw_id) = *commit;
}

xn_error_t *
svngit_merges(apr_array_header_t *parents, struct svngit_revision *r,
    const struct svngit_branch *b, const struct svngit_change *change)
{
	apr_array_header_t *sources, *paths;
	svn_mergeinfo_t before, gone, added;
	struct content target;
	svn_fs_root_t *root;
	int led;

	if (!r->g->options->merges || change == NULL || !change->listed ||
	    !change->props)
		return NULL;
	SVNGIT_TRY(svn_fs_revision_root(&root, r->g->fs, r->rev - 1,
	    r->pool));
	XN_TRY(read_merged(&before, root, b->path, r->pool));
	XN_TRY(read_merged(&target.merged, r->root, b->path, r->pool));
	SVNGIT_TRY(svn_mergeinfo_diff2(&gone, &added, before, target.merged,
	    FALSE, r->pool, r->pool));
	if (apr_hash_count(added) == 0)
		return NULL;
	XN_TRY(read_content(&target, r, b->path, r->rev));
	sources = apr_array_make(r->pool, 2, sizeof(struct source));
	paths = svngit_names_of(added, r->pool);
	for (int i = 0; i < paths->nelts; i++)
		XN_TRY(take_source(sources, r, &target, added,
		    APR_ARRAY_IDX(paths, i, const char *)));
	for (int i = 0; i < sources->nelts; i++) {
		XN_TRY(is_in_another(&led, r, sources, i));
		if (!led)
			add_parent(parents, &APR_ARRAY_IDX(sources, i,
			    struct source).step->commit);
	}
	return NULL;
}
