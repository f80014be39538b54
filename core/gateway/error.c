/*
 * error.c: error chains, as Subversion's.
 *
 * Every chain has a pool of its own below the root, so that an error may be
 * made in one thread and read in another, and outlives every other pool.
 */
#include <execnet.h>

#include <stdarg.h>
#include <stdio.h>

#include <apr_errno.h>
#include <apr_strings.h>

static xn_error_t *
error_new(apr_pool_t *pool, int code, int status, xn_error_t *cause,
    const char *message)
{
	xn_error_t *error = apr_palloc(pool, sizeof(*error));

	error->code = code;
	error->status = status;
	error->message = message;
	error->cause = cause;
	error->pool = pool;
	return error;
}

/* By libc: APR's own printf knows neither %lld nor %zu. */
static const char *
format_text(apr_pool_t *pool, const char *format, va_list ap)
{
	va_list again;
	char *text;
	int n;

	va_copy(again, ap);
	n = vsnprintf(NULL, 0, format, again);
	va_end(again);
	if (n < 0)
		return "(a message that cannot be formatted)";
	text = apr_palloc(pool, (apr_size_t)n + 1);
	vsnprintf(text, (size_t)n + 1, format, ap);
	return text;
}

xn_error_t *
xn_error_create(int code, const char *format, ...)
{
	apr_pool_t *pool;
	const char *message;
	va_list ap;

	apr_pool_create(&pool, NULL);
	va_start(ap, format);
	message = format_text(pool, format, ap);
	va_end(ap);
	return error_new(pool, code, 0, NULL, message);
}

xn_error_t *
xn_error_system(int status, const char *format, ...)
{
	apr_pool_t *pool;
	const char *message;
	char reason[256];
	va_list ap;

	apr_pool_create(&pool, NULL);
	va_start(ap, format);
	message = format_text(pool, format, ap);
	va_end(ap);
	apr_strerror(status, reason, sizeof(reason));
	return error_new(pool, XN_E_SYSTEM, status, NULL,
	    apr_pstrcat(pool, message, ": ", reason, (char *)NULL));
}

xn_error_t *
xn_error_wrap(xn_error_t *cause, const char *format, ...)
{
	const char *message;
	va_list ap;

	if (cause == NULL)
		return NULL;
	va_start(ap, format);
	message = format_text(cause->pool, format, ap);
	va_end(ap);
	return error_new(cause->pool, cause->code, cause->status, cause,
	    message);
}

void
xn_error_clear(xn_error_t *error)
{
	if (error != NULL)
		apr_pool_destroy(error->pool);
}

const char *
xn_error_text(const xn_error_t *error, apr_pool_t *pool)
{
	const char *text = "";

	for (; error != NULL; error = error->cause)
		text = apr_pstrcat(pool, text, *text != '\0' ? ": " : "",
		    error->message, (char *)NULL);
	return text;
}
