/*
 * libgit2.c: see libgit2.h.
 */
#include "plugins/git/libgit2.h"

#include <stdarg.h>

#include <apr_strings.h>

/* It would keep 256 MiB, and map gigabytes of packs. */
#define CACHE_MOST	(4 * 1024 * 1024)
#define MAPPED_MOST	((size_t)16 * 1024 * 1024)
#define MAPPED_AT_ONCE	((size_t)128 * 1024)

static apr_status_t
end(void *baton)
{
	(void)baton;
	git_libgit2_shutdown();
	return APR_SUCCESS;
}

xn_error_t *
gitw_libgit2_begin(apr_pool_t *pool)
{
	if (git_libgit2_init() < 0)
		return gitw_libgit2_error("cannot begin with libgit2");
	apr_pool_cleanup_register(pool, NULL, end, apr_pool_cleanup_null);
	git_libgit2_opts(GIT_OPT_SET_CACHE_MAX_SIZE, (ssize_t)CACHE_MOST);
	git_libgit2_opts(GIT_OPT_SET_MWINDOW_MAPPED_LIMIT, MAPPED_MOST);
	git_libgit2_opts(GIT_OPT_SET_MWINDOW_SIZE, MAPPED_AT_ONCE);
	/* What is read runs nothing, whoever it is from. */
	git_libgit2_opts(GIT_OPT_SET_OWNER_VALIDATION, 0);
	return NULL;
}

xn_error_t *
gitw_libgit2_error(const char *format, ...)
{
	const git_error *last = git_error_last();
	xn_error_t *error = xn_error_create(XN_E_JOB, "%s",
	    last == NULL || last->message == NULL ? "libgit2 does not say why" :
	    last->message);
	va_list arguments;
	const char *text;

	va_start(arguments, format);
	text = apr_pvsprintf(error->pool, format, arguments);
	va_end(arguments);
	return xn_error_wrap(error, "%s", text);
}
