#include "plugins/svnhotsync/git_plain.h"

#include <string.h>

#include <apr_strings.h>
#include <apr_tables.h>
#include <svn_pools.h>

#include "plugins/git/push.h"
#include "plugins/git/pushed.h"
#include "plugins/svnhotsync/git_convert.h"
#include "plugins/svnhotsync/git_notes.h"

struct git_plain {
	apr_pool_t *pool, *scratch;
	struct svngit_options options;
	svngit_t *git;
};

/* ERROR, consumed, as text and as a result. */
static enum git_plain_result
result_of(xn_error_t *error, char *out)
{
	enum git_plain_result result;

	if (error == NULL)
		return GIT_PLAIN_DONE;
	apr_cpystrn(out, xn_error_text(error, error->pool), GIT_PLAIN_ERROR);
	result = error->code == XN_E_HELD ? GIT_PLAIN_HELD :
	    error->code == XN_E_JOB || error->code == XN_E_CONFIG ?
	    GIT_PLAIN_REFUSED : GIT_PLAIN_FAILED;
	xn_error_clear(error);
	return result;
}

static const char *const *
lines_of(const char *text, apr_pool_t *pool)
{
	apr_array_header_t *lines = apr_array_make(pool, 4,
	    sizeof(const char *));
	char *state = NULL, *copy = apr_pstrdup(pool, text), *line;

	for (line = *copy == '\0' ? NULL : apr_strtok(copy, "\n", &state);
	    line != NULL; line = apr_strtok(NULL, "\n", &state))
		APR_ARRAY_PUSH(lines, const char *) = line;
	APR_ARRAY_PUSH(lines, const char *) = NULL;
	return (const char *const *)lines->elts;
}

enum git_plain_result
git_plain_open(git_plain_t **out, const struct git_plain_options *options,
    char *error)
{
	apr_pool_t *pool = svn_pool_create(NULL);
	struct git_plain *git = apr_pcalloc(pool, sizeof(*git));

	git->pool = pool;
	git->scratch = svn_pool_create(pool);
	git->options.dir = apr_pstrdup(pool, options->dir);
	git->options.mirror = apr_pstrdup(pool, options->mirror);
	git->options.layout = lines_of(options->layout, pool);
	git->options.authors = options->authors[0] == '\0' ? NULL :
	    apr_pstrdup(pool, options->authors);
	git->options.keep = options->keep;
	git->options.ignore = options->ignore;
	git->options.merges = options->merges;
	git->options.empty_dirs = options->empty_dirs;
	git->options.externals = options->externals;
	git->options.odd = options->odd;
	git->options.ended = options->ended;
	git->options.baton = options->baton;
	*out = git;
	return result_of(svngit_open(&git->git, &git->options, pool), error);
}

void
git_plain_held(const char **kind, const char **state, const git_plain_t *git)
{
	svngit_held(kind, state, git->git);
}

enum git_plain_result
git_plain_batch(git_plain_t *git, long *position, long *youngest, int *ended,
    char *error)
{
	struct svngit_state state = { -1, -1, 0 };
	enum git_plain_result result;

	result = result_of(svngit_batch(&state, git->git, git->scratch),
	    error);
	svn_pool_clear(git->scratch);
	*position = state.position;
	*youngest = state.youngest;
	*ended = state.ended;
	return result;
}

enum git_plain_result
git_plain_props(git_plain_t *git, long *changed, char *error)
{
	enum git_plain_result result;

	result = result_of(svngit_props(changed, git->git, git->scratch),
	    error);
	svn_pool_clear(git->scratch);
	return result;
}

/* ---- Pushing ------------------------------------------------------------ */

static int
push_ended(void *baton)
{
	const struct git_plain_push *p = baton;

	return p->ended(p->baton);
}

static int
push_may(void *baton, const struct gitw_loss *loss)
{
	const struct git_plain_push *p = baton;

	return p->may(p->baton, loss->foreign ? loss->reason : "", loss->lost,
	    loss->all, loss->lines);
}

static void
push_behind(void *baton, int n)
{
	const struct git_plain_push *p = baton;

	p->behind(p->baton, n);
}

static xn_error_t *
push_it(unsigned int *changed, struct git_plain_push *p, long long rev,
    apr_pool_t *scratch)
{
	const struct gitw_push push = { .dir = p->dir, .url = p->url,
	    .mark = SVNGIT_NOTES, .ended = push_ended, .may = push_may,
	    .behind = push_behind, .baton = p };
	const char *refs;

	XN_TRY(gitw_push(changed, &refs, &push, scratch));
	return gitw_pushed_write(p->dir, GIT_PUSHED, apr_psprintf(scratch,
	    "r%" APR_INT64_T_FMT "\n", (apr_int64_t)rev), refs, scratch);
}

enum git_plain_result
git_plain_push(unsigned int *changed, const struct git_plain_push *push,
    long long rev, char *error)
{
	struct git_plain_push copy = *push;
	apr_pool_t *pool = svn_pool_create(NULL);
	enum git_plain_result result = result_of(push_it(changed, &copy, rev,
	    pool), error);

	svn_pool_destroy(pool);
	return result;
}

long long
git_plain_behind(const char *dir)
{
	apr_pool_t *pool = svn_pool_create(NULL);
	long long n;

	/* (What cannot be read the push itself says.) */
	xn_error_clear(gitw_pushed_behind(&n, dir, GIT_PUSHED, pool));
	svn_pool_destroy(pool);
	return n;
}

void
git_plain_close(git_plain_t *git)
{
	if (git != NULL)
		svn_pool_destroy(git->pool);
}
