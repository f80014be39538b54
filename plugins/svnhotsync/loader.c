#include "plugins/svnhotsync/loader.h"

#include <locale.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include <apr_strings.h>
#include <svn_dirent_uri.h>
#include <svn_hash.h>
#include <svn_pools.h>
#include <svn_props.h>

#include "plugins/svnhotsync/loader_internal.h"

static locale_t utf8;
static pthread_once_t utf8_once = PTHREAD_ONCE_INIT;

static void
make_locale(void)
{
	utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
}

void
loader_use_locale(void)
{
	pthread_once(&utf8_once, make_locale);
	if (utf8 != (locale_t)0)
		uselocale(utf8);
}

int
loader_told(svn_error_t *failed, char *error)
{
	char text[512];
	size_t n = 0;

	if (failed == NULL)
		return 0;
	error[0] = '\0';
	for (svn_error_t *e = svn_error_purge_tracing(failed); e != NULL;
	    e = e->child) {
		const char *said = svn_err_best_message(e, text, sizeof(text));

		if (n < LOADER_ERROR)
			n += (size_t)snprintf(error + n, LOADER_ERROR - n,
			    "%s%s", n > 0 ? ": " : "", said);
	}
	for (char *p = error; *p != '\0'; p++)
		if (*p == '\n')
			*p = ' ';
	svn_error_clear(failed);
	return -1;
}

/* Is the disk full, or did somebody else commit? */
static enum loader_why
why_failed(const svn_error_t *failed)
{
	for (; failed != NULL; failed = failed->child) {
		if (APR_STATUS_IS_ENOSPC(failed->apr_err))
			return LOADER_NO_SPACE;
		if (failed->apr_err == SVN_ERR_FS_CONFLICT)
			return LOADER_FOREIGN;
	}
	return LOADER_OTHER;
}

static svn_error_t *
create(const char *path, const char *uuid, apr_pool_t *pool)
{
	apr_hash_t *config = apr_hash_make(pool);
	svn_repos_t *repos;

	svn_hash_sets(config, SVN_FS_CONFIG_FS_TYPE, SVN_FS_TYPE_FSFS);
	SVN_ERR(svn_repos_create(&repos, svn_dirent_internal_style(path, pool),
	    NULL, NULL, NULL, config, pool));
	return svn_fs_set_uuid(svn_repos_fs(repos), uuid, pool);
}

int
loader_create(const char *path, const char *uuid, char *error)
{
	apr_pool_t *pool = svn_pool_create(NULL);
	int result;

	loader_use_locale();
	result = loader_told(create(path, uuid, pool), error);
	svn_pool_destroy(pool);
	return result;
}

static svn_error_t *
open_fs(struct loader *l, const char *path)
{
	apr_hash_t *config = apr_hash_make(l->pool);
	svn_repos_t *repos;

	path = svn_dirent_internal_style(path, l->pool);
	SVN_ERR(svn_repos_open3(&repos, path, NULL, l->pool, l->answer));
	l->safe = svn_repos_fs(repos);
	svn_hash_sets(config, SVN_FS_CONFIG_NO_FLUSH_TO_DISK, "1");
	SVN_ERR(svn_repos_open3(&repos, path, config, l->pool, l->answer));
	l->fast = svn_repos_fs(repos);
	return NULL;
}

int
loader_open(loader_t **loader, const char *path, char *error)
{
	apr_pool_t *pool = svn_pool_create(NULL);
	struct loader *l = apr_pcalloc(pool, sizeof(*l));

	loader_use_locale();
	l->pool = pool;
	l->answer = svn_pool_create(pool);
	if (loader_told(open_fs(l, path), error) != 0) {
		svn_pool_destroy(pool);
		return -1;
	}
	*loader = l;
	return 0;
}

void
loader_close(loader_t *loader)
{
	if (loader != NULL)
		svn_pool_destroy(loader->pool);
}

int
loader_load(loader_t *loader, long first, loader_piece_fn *piece,
    void *baton, enum loader_why *why, char *error)
{
	apr_pool_t *pool = svn_pool_create(loader->pool);
	svn_error_t *failed = loader_parse(loader->fast, first,
	    loader_stream(piece, baton, pool), pool);

	*why = why_failed(failed);
	svn_pool_destroy(pool);
	return loader_told(failed, error);
}

/* ---- Properties ---------------------------------------------------------- */

static svn_error_t *
props_text(const char **text, size_t *n, svn_fs_t *fs, svn_revnum_t rev,
    apr_pool_t *pool)
{
	svn_stringbuf_t *out = svn_stringbuf_create_empty(pool);
	svn_stream_t *stream = svn_stream_from_stringbuf(out, pool);
	apr_hash_t *props;

	SVN_ERR(svn_fs_revision_proplist2(&props, fs, rev, TRUE, pool, pool));
	SVN_ERR(svn_hash_write2(props, stream, "PROPS-END", pool));
	SVN_ERR(svn_stream_close(stream));
	*text = out->data;
	*n = out->len;
	return NULL;
}

int
loader_props(loader_t *loader, long rev, const char **text, size_t *n,
    char *error)
{
	svn_pool_clear(loader->answer);
	return loader_told(props_text(text, n, loader->safe, rev,
	    loader->answer), error);
}

/* "K 8\n" and that many bytes and a newline, at *AT; NULL if it is not so. */
static const svn_string_t *
read_part(char kind, const char **at, const char *end, apr_pool_t *pool)
{
	const char *p = *at, *newline;
	size_t n = 0;

	if (end - p < 3 || p[0] != kind || p[1] != ' ')
		return NULL;
	newline = memchr(p, '\n', (size_t)(end - p));
	if (newline == NULL || newline - p > 12)
		return NULL;
	for (p += 2; p < newline; p++) {
		if (*p < '0' || *p > '9')
			return NULL;
		n = n * 10 + (size_t)(*p - '0');
	}
	p++;
	if ((size_t)(end - p) < n + 1 || p[n] != '\n')
		return NULL;
	*at = p + n + 1;
	return svn_string_ncreate(p, n, pool);
}

/* TEXT as a table of properties; it came from elsewhere. */
static svn_error_t *
read_props(apr_hash_t **props, const char *text, size_t n, apr_pool_t *pool)
{
	const char *end = text + n;
	const svn_string_t *name, *value;

	*props = apr_hash_make(pool);
	while (n < 10 || end - text != 10 ||
	    memcmp(text, "PROPS-END\n", 10) != 0) {
		name = read_part('K', &text, end, pool);
		value = name == NULL ? NULL : read_part('V', &text, end, pool);
		if (value == NULL || strlen(name->data) != name->len)
			return svn_error_create(SVN_ERR_STREAM_MALFORMED_DATA,
			    NULL, "the source sent properties that are none");
		svn_hash_sets(*props, name->data, value);
	}
	return NULL;
}

static svn_error_t *
set_props(svn_fs_t *fs, svn_revnum_t rev, const char *text, size_t n,
    apr_pool_t *pool)
{
	apr_hash_t *wanted, *there;
	apr_array_header_t *changes;

	SVN_ERR(read_props(&wanted, text, n, pool));
	SVN_ERR(svn_fs_revision_proplist2(&there, fs, rev, TRUE, pool, pool));
	SVN_ERR(svn_prop_diffs(&changes, wanted, there, pool));
	for (int i = 0; i < changes->nelts; i++) {
		const svn_prop_t *change = &APR_ARRAY_IDX(changes, i,
		    svn_prop_t);

		SVN_ERR(svn_fs_change_rev_prop2(fs, rev, change->name, NULL,
		    change->value, pool));
	}
	return NULL;
}

int
loader_set_props(loader_t *loader, long rev, const char *text, size_t n,
    char *error)
{
	apr_pool_t *pool = svn_pool_create(loader->pool);
	int result = loader_told(set_props(loader->safe, rev, text, n, pool),
	    error);

	svn_pool_destroy(pool);
	return result;
}
