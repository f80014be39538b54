/*
 * Any text as svn:externals: what is taken of it is a .gitmodules that is read
 * again as the same.  And any text as a .gitmodules: what is taken is what would
 * be written.
 */
#include <stdlib.h>
#include <string.h>

#include <apr_general.h>

#include "plugins/svnhotsync/git_internal.h"
#include "plugins/svnhotsync/git_modules.h"
#include "tests/fuzz/text.h"

const char *const fuzz_seeds[] = {
	"a http://h/x\n-r3 ^/b@4 c\r\n../d e\n\"f g\" //h/i\n",
	"-r 1 http://h/x a\n", "^/x -a\n", "^/x a/../b\n", "ext::sh a\n",
	"[submodule \"a\"]\n\tpath = a\n\turl = http://h/x\n"
	    "\tsvnRevision = 3\n\tsvnPeg = 4\n\tsvnFolder = .\n",
	"[submodule \"a\\\\\\\"b\"]\n\tpath = \"a\\\\\\\"b\"\n\turl = ^/x\n"
	    "\tsvnFolder = f\n",
	NULL
};

static void
must(int true_here)
{
	if (!true_here)
		abort();
}

static void
not_told(void *baton, const char *text)
{
	(void)baton;
	must(*text != '\0');
}

static apr_array_header_t *
none(apr_pool_t *pool)
{
	return apr_array_make(pool, 4, sizeof(struct svngit_module));
}

static void
as_externals(const char *text, size_t n, apr_pool_t *pool)
{
	struct svngit_options options = { .odd = not_told };
	struct svngit g = { .options = &options };
	struct svngit_revision r = { .g = &g, .rev = 7 };
	const svn_string_t value = { text, n };
	apr_array_header_t *taken = none(pool), *again = none(pool);
	svn_stringbuf_t *written;

	svngit_modules_parse(taken, &r, "t/f", "f", &value, pool);
	written = svngit_modules_text(taken, pool);
	must(svngit_modules_read(again, written->data, written->len, pool) ==
	    NULL);
	must(again->nelts == taken->nelts);
	must(svn_stringbuf_compare(written, svngit_modules_text(again, pool)));
}

static void
as_modules(const char *text, size_t n, apr_pool_t *pool)
{
	apr_array_header_t *taken = none(pool);
	xn_error_t *error = svngit_modules_read(taken, text, n, pool);
	const svn_stringbuf_t *written;

	if (error == NULL) {
		written = svngit_modules_text(taken, pool);
		must(written->len == n && memcmp(written->data, text, n) == 0);
	}
	xn_error_clear(error);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static apr_pool_t *pool;
	char *text;

	if (pool == NULL) {
		apr_initialize();
		atexit(apr_terminate);
		apr_pool_create(&pool, NULL);
	}
	/* (With a NUL behind it, as values of properties have.) */
	text = malloc(size + 1);
	must(text != NULL);
	if (size > 0)
		memcpy(text, data, size);
	text[size] = '\0';
	as_externals(text, size, pool);
	as_modules(text, size, pool);
	apr_pool_clear(pool);
	free(text);
	return 0;
}
