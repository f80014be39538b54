/*
 * One revision after the other becomes visible as it comes: packs stay few, and
 * the last one takes no longer than those before.
 */
#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <apr_general.h>
#include <apr_strings.h>
#include <svn_dso.h>
#include <svn_fs.h>
#include <svn_hash.h>
#include <svn_props.h>
#include <svn_repos.h>

#include "plugins/svnhotsync/git_convert.h"

#include "tests/lib/cunit_main.h"

#define FILES		200
#define REVISIONS	300
#define PACKS_MOST	13		/* a new one, and those that may stay */

static apr_pool_t *pool;
static char dir[PATH_MAX];

static int
is_good(xn_error_t *error)
{
	int good = error == NULL;

	if (error != NULL)
		fprintf(stderr, "%s\n", xn_error_text(error, pool));
	xn_error_clear(error);
	return good;
}

static svn_error_t *
put_file(svn_fs_root_t *root, int file, int version, apr_pool_t *turn)
{
	const char *path = apr_psprintf(turn, "trunk/d%d/f%d", file % 10,
	    file);
	svn_stringbuf_t *text = svn_stringbuf_create_empty(turn);
	svn_stream_t *stream;

	for (int i = 0; i < 40; i++)
		svn_stringbuf_appendcstr(text, apr_psprintf(turn,
		    "line %d of %d, %d\n", i, file, i == version % 40 ?
		    version : 0));
	if (version == 0)
		SVN_ERR(svn_fs_make_file(root, path, turn));
	SVN_ERR(svn_fs_apply_text(&stream, root, path, NULL, turn));
	SVN_ERR(svn_stream_write(stream, text->data, &text->len));
	return svn_stream_close(stream);
}

/* The first revision has all files, and each one after it changes two. */
static svn_error_t *
fill(svn_fs_root_t *root, int n, apr_pool_t *turn)
{
	if (n == 0) {
		SVN_ERR(svn_fs_make_dir(root, "trunk", turn));
		for (int i = 0; i < 10; i++)
			SVN_ERR(svn_fs_make_dir(root, apr_psprintf(turn,
			    "trunk/d%d", i), turn));
	}
	for (int i = 0; n == 0 && i < FILES; i++)
		SVN_ERR(put_file(root, i, 0, turn));
	for (int i = 0; n > 0 && i < 2; i++)
		SVN_ERR(put_file(root, (n * 7 + i * 3) % FILES, n, turn));
	return NULL;
}

static svn_error_t *
commit(svn_fs_t *fs, int n, apr_pool_t *turn)
{
	svn_revnum_t youngest;
	const char *conflict;
	svn_fs_root_t *root;
	svn_fs_txn_t *txn;

	SVN_ERR(svn_fs_youngest_rev(&youngest, fs, turn));
	SVN_ERR(svn_fs_begin_txn2(&txn, fs, youngest, 0, turn));
	SVN_ERR(svn_fs_change_txn_prop(txn, SVN_PROP_REVISION_LOG,
	    svn_string_createf(turn, "number %d", n), turn));
	SVN_ERR(svn_fs_txn_root(&root, txn, turn));
	SVN_ERR(fill(root, n, turn));
	return svn_fs_commit_txn(&conflict, &youngest, txn, turn);
}

static int
count_packs(void)
{
	const char *folder = apr_pstrcat(pool, dir, "/g/objects/pack", NULL);
	DIR *d = opendir(folder);
	struct dirent *entry;
	int n = 0;

	CU_ASSERT_PTR_NOT_NULL_FATAL(d);
	while ((entry = readdir(d)) != NULL)
		n += strstr(entry->d_name, ".pack") != NULL;
	closedir(d);
	return n;
}

static void
odd(void *baton, const char *text)
{
	(void)baton;
	fprintf(stderr, "%s\n", text);
}

static int
not_ended(void *baton)
{
	(void)baton;
	return 0;
}

/* Microseconds of processor time. */
static double
used(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static int
by_value(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static double
median(double *values, size_t n)
{
	qsort(values, n, sizeof(*values), by_value);
	return values[n / 2];
}

static svn_fs_t *
make_repository(void)
{
	/* (A disk is no part of it, and each revision is flushed to it.) */
	const char *tmp = access("/dev/shm", W_OK) == 0 ? "/dev/shm" :
	    getenv("TMPDIR");
	apr_hash_t *config = apr_hash_make(pool);
	svn_repos_t *repos;
	svn_error_t *error;

	svn_hash_sets(config, SVN_FS_CONFIG_NO_FLUSH_TO_DISK, "1");
	snprintf(dir, sizeof(dir), "%s/follow.XXXXXX",
	    tmp != NULL ? tmp : "/tmp");
	CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(dir));
	error = svn_repos_create(&repos, apr_pstrcat(pool, dir, "/r", NULL),
	    NULL, NULL, NULL, config, pool);
	CU_ASSERT_PTR_NULL_FATAL(error);
	return svn_repos_fs(repos);
}

static void
packs_stay_few(void)
{
	static const char *const layout[] = { "trunk:refs/heads/trunk", NULL };
	struct svngit_options options = { .layout = layout, .odd = odd,
		.ended = not_ended };
	svn_fs_t *fs = make_repository();
	double took[REVISIONS], early, late;
	struct svngit_state state;
	apr_pool_t *turn;
	svngit_t *git;
	int most = 0;

	options.dir = apr_pstrcat(pool, dir, "/g", NULL);
	options.mirror = apr_pstrcat(pool, dir, "/r", NULL);
	CU_ASSERT_FATAL(is_good(svngit_open(&git, &options, pool)));
	apr_pool_create(&turn, pool);
	for (int n = 0; n < REVISIONS; n++) {
		svn_error_t *error = commit(fs, n, turn);
		int packs;

		CU_ASSERT_PTR_NULL_FATAL(error);
		took[n] = used();
		CU_ASSERT_FATAL(is_good(svngit_batch(&state, git, turn)));
		took[n] = used() - took[n];
		CU_ASSERT_EQUAL(state.position, n + 1);
		packs = count_packs();
		most = packs > most ? packs : most;
		apr_pool_clear(turn);
	}
	early = median(took + 50, 50);
	late = median(took + REVISIONS - 50, 50);
	printf("packs: %d at most; a revision: %.0f, at the end %.0f "
	    "microseconds\n", most, early, late);
	CU_ASSERT(most > 3 && most <= PACKS_MOST);
	CU_ASSERT(late < 3 * early);
	CU_ASSERT_EQUAL(system(apr_psprintf(pool, "cd '%s' && git -C g fsck "
	    "--strict --full --no-dangling 2>&1 | grep -v ^notice: >said; "
	    "! grep . said && [ $(git -C g rev-list --count trunk) = %d ]",
	    dir, REVISIONS)), 0);
	CU_ASSERT_EQUAL(system(apr_psprintf(pool, "rm -rf '%s'", dir)), 0);
}

static const struct xn_test_case cases[] = {
	{ "packs stay few", packs_stay_few },
};

int
main(int argc, char **argv)
{
	int status;

	if (apr_initialize() != APR_SUCCESS ||
	    apr_pool_create(&pool, NULL) != APR_SUCCESS)
		return 2;
	svn_error_clear(svn_dso_initialize2());
	status = xn_test_main("svnhotsync git follow", cases,
	    sizeof(cases) / sizeof(cases[0]), argc, argv);
	apr_pool_destroy(pool);
	apr_terminate();
	return status;
}
