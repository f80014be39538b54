/*
 * git_again.c: is the mirror the one that was converted?
 *
 * The position has a digest of its revision, and that tells a mirror which was
 * wound back.  One that was made anew may have the same last revision, and
 * before it another history: somebody has had a file removed from all of it.
 * So which folder the mirror is stands in a file.  Where it is another one, all
 * is converted once more, into a folder beside, and the trees and parents of
 * all commits must be the same.  (Not their ids: authors, dates and logs may
 * have been changed since.)
 */
#include "plugins/svnhotsync/git_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <apr_strings.h>
#include <svn_io.h>
#include <svn_pools.h>

#include "plugins/git/file.h"

#define MIRROR	"/syncgate-mirror"	/* in DIR: which folder it is */
#define AGAIN	"/syncgate-again"	/* and that folder beside */
#define LINE	64

/* Both histories. */
struct pair {
	struct svngit *was, *is;
	apr_hash_t *ids;		/* of a commit that is -> that was */
	svn_revnum_t rev;		/* the first that differs; 0: none */
	const char *path;
	apr_pool_t *scratch;
};

/* ---- Which folder it is ------------------------------------------------ */

/* In LINE: what no other folder has, nor this one if it is copied. */
static xn_error_t *
identify(char line[LINE], struct svngit *g, apr_pool_t *scratch)
{
	const char *db = apr_pstrcat(scratch, g->options->mirror, "/db",
	    NULL);
	struct statx st;
	int born;

	if (statx(AT_FDCWD, db, 0, STATX_INO | STATX_BTIME, &st) != 0)
		return xn_error_system(errno, "cannot look at %s", db);
	born = (st.stx_mask & STATX_BTIME) != 0;
	snprintf(line, LINE, "%llu %lld.%09u\n",
	    (unsigned long long)st.stx_ino, born ?
	    (long long)st.stx_btime.tv_sec : 0,
	    born ? st.stx_btime.tv_nsec : 0);
	return NULL;
}

static int
is_noted(struct svngit *g, const char *line, apr_pool_t *scratch)
{
	FILE *file = fopen(apr_pstrcat(scratch, g->options->dir, MIRROR,
	    NULL), "re");
	char text[LINE] = "";

	if (file == NULL)
		return 0;
	if (fgets(text, sizeof(text), file) == NULL)
		text[0] = '\0';
	fclose(file);
	return strcmp(text, line) == 0;
}

static xn_error_t *
note(struct svngit *g, const char *line, apr_pool_t *scratch)
{
	const char *path = apr_pstrcat(scratch, g->options->dir, MIRROR,
	    NULL);
	struct gitw_file file;
	xn_error_t *error;

	XN_TRY(gitw_file_create(&file, g->options->dir, 0666, 0));
	error = gitw_file_write(&file, line, strlen(line));
	if (error == NULL)
		error = gitw_file_sync(&file);
	if (error == NULL)
		error = gitw_file_place(&file, path);
	gitw_file_abandon(&file);
	return error;
}

/* ---- Comparing --------------------------------------------------------- */

static void
differs(struct pair *p, svn_revnum_t rev, const char *path)
{
	if (p->rev != 0 && p->rev <= rev)
		return;
	p->rev = rev;
	p->path = path;
}

/* What COMMIT begins with: its tree and its parents, a line each. */
static xn_error_t *
read_lines(const char **lines, struct svngit *g, const struct gitw_id *commit,
    apr_pool_t *pool)
{
	const char *bytes, *end;
	apr_size_t n;

	XN_TRY(svngit_store_get(&bytes, &n, g->store, commit, GITW_COMMIT,
	    pool));
	end = strstr(bytes, "\nauthor ");
	*lines = apr_pstrmemdup(pool, bytes, end == NULL ? n :
	    (apr_size_t)(end + 1 - bytes));
	return NULL;
}

/* LINES of what is, with the ids of what was; those that are unknown stay. */
static const char *
as_was(const char *lines, const struct pair *p)
{
	char *copy = apr_pstrdup(p->scratch, lines), *at = copy;
	const struct gitw_id *was;
	char hex[GITW_HEX + 1];
	struct gitw_id id;

	while ((at = strstr(at, "parent ")) != NULL) {
		at += strlen("parent ");
		if (!gitw_id_parse(&id, at))
			break;
		was = apr_hash_get(p->ids, &id, sizeof(id));
		if (was != NULL)
			memcpy(at, gitw_id_hex(was, hex), GITW_HEX);
	}
	return copy;
}

static xn_error_t *
compare_step(struct pair *p, const char *path, const struct svngit_step *was,
    const struct svngit_step *is)
{
	const char *old, *new;

	XN_TRY(read_lines(&old, p->was, &was->commit, p->scratch));
	XN_TRY(read_lines(&new, p->is, &is->commit, p->scratch));
	if (strcmp(old, as_was(new, p)) != 0)
		differs(p, was->rev, path);
	return NULL;
}

/* The steps of a branch, which are those of the same revisions. */
static void
pair_branch(struct pair *p, const struct svngit_branch *was,
    const struct svngit_branch *is)
{
	apr_size_t i = 0;

	for (; i < was->n && i < is->n; i++) {
		if (was->steps[i].rev != is->steps[i].rev)
			break;
		apr_hash_set(p->ids, &is->steps[i].commit,
		    sizeof(struct gitw_id), &was->steps[i].commit);
	}
	if (i < was->n)
		differs(p, was->steps[i].rev, was->path);
	if (i < is->n)
		differs(p, is->steps[i].rev, is->path);
}

/* All branches of one map that the other has, too. */
static void
pair_all(struct pair *p)
{
	static const struct svngit_branch none = { .n = 0 };
	apr_hash_index_t *i;

	for (i = apr_hash_first(p->scratch, svngit_map_all(p->was->map));
	    i != NULL; i = apr_hash_next(i)) {
		const struct svngit_branch *was = apr_hash_this_val(i), *is =
		    svngit_map_find(p->is->map, was->path, strlen(was->path));

		pair_branch(p, was, is == NULL ? &none : is);
	}
	for (i = apr_hash_first(p->scratch, svngit_map_all(p->is->map));
	    i != NULL; i = apr_hash_next(i)) {
		const struct svngit_branch *is = apr_hash_this_val(i);

		if (svngit_map_find(p->was->map, is->path,
		    strlen(is->path)) == NULL)
			pair_branch(p, &none, is);
	}
}

static xn_error_t *
compare(struct pair *p)
{
	apr_pool_t *all = p->scratch;

	p->ids = apr_hash_make(all);
	pair_all(p);
	apr_pool_create(&p->scratch, all);
	for (apr_hash_index_t *i = apr_hash_first(all,
	    svngit_map_all(p->was->map)); i != NULL; i = apr_hash_next(i)) {
		const struct svngit_branch *was = apr_hash_this_val(i), *is =
		    svngit_map_find(p->is->map, was->path, strlen(was->path));

		for (apr_size_t j = 0; is != NULL && j < was->n && j < is->n &&
		    (p->rev == 0 || was->steps[j].rev < p->rev); j++) {
			apr_pool_clear(p->scratch);
			XN_TRY(compare_step(p, was->path, &was->steps[j],
			    &is->steps[j]));
		}
	}
	return NULL;
}

/* ---- Converting -------------------------------------------------------- */

static void
not_told(void *baton, const char *text)
{
	(void)baton;
	(void)text;
}

/* Convert the mirror into the folder DIR as far as G is, and compare. */
static xn_error_t *
convert(int *ended, struct svngit *g, const char *dir, apr_pool_t *pool)
{
	struct svngit_options options = *g->options;
	struct svngit_state state = { 0 };
	struct pair p = { .was = g, .scratch = pool };
	apr_pool_t *turn = svn_pool_create(pool);

	options.dir = dir;
	options.authors = NULL;
	options.odd = not_told;
	XN_TRY(svngit_open(&p.is, &options, pool));
	p.is->most = g->position;
	while (p.is->position < g->position && !state.ended) {
		apr_pool_clear(turn);
		XN_TRY(svngit_batch(&state, p.is, turn));
	}
	*ended = state.ended;
	if (*ended)
		return NULL;
	XN_TRY(compare(&p));
	if (p.rev == 0)
		return NULL;
	return svngit_hold(g, "back", g->position, "r%ld, /%s of the mirror "
	    "%s is not what %s has: the mirror was made anew with another "
	    "history", (long)p.rev, p.path, g->options->mirror,
	    g->options->dir);
}

static xn_error_t *
check_again(int *ended, struct svngit *g, apr_pool_t *scratch)
{
	const char *dir = apr_pstrcat(scratch, g->options->dir, AGAIN, NULL);
	apr_pool_t *pool = svn_pool_create(scratch);
	xn_error_t *error;

	g->options->odd(g->options->baton, apr_psprintf(scratch, "the mirror "
	    "%s is another folder than the one that was converted to %s: up to "
	    "r%ld it is converted once more, to compare", g->options->mirror,
	    g->options->dir, (long)g->position));
	SVNGIT_TRY(svn_io_remove_dir2(dir, TRUE, NULL, NULL, scratch));
	error = convert(ended, g, dir, pool);
	svn_pool_destroy(pool);
	svn_error_clear(svn_io_remove_dir2(dir, TRUE, NULL, NULL, scratch));
	return error;
}

xn_error_t *
svngit_same_mirror(int *ended, struct svngit *g, apr_pool_t *scratch)
{
	char line[LINE];

	XN_TRY(identify(line, g, scratch));
	if (is_noted(g, line, scratch))
		return NULL;
	if (g->position > 0)
		XN_TRY(check_again(ended, g, scratch));
	return *ended ? NULL : note(g, line, scratch);
}
