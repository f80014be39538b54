/*
 * Any text as packed-refs: refs with good names, sorted, none twice and none
 * another's folder, which are found; or an error that says why.
 */
#include <stdlib.h>
#include <string.h>

#include <apr_general.h>

#include "plugins/git/refs_internal.h"
#include "tests/fuzz/text.h"

#define A	"0123456789abcdef0123456789abcdef01234567"
#define B	"ffffffffffffffffffffffffffffffffffffffff"

const char *const fuzz_seeds[] = {
	"# pack-refs with: peeled fully-peeled sorted \n" A " refs/heads/a\n"
	    B " refs/tags/v1\n^" A "\n",
	A " refs/a\n" B " refs/a/b\n", A " refs/b\n" B " refs/a\n^" B "\n",
	A " refs/a\n" A " refs/a\n", A " refs/heads/..\n", "^" A "\n",
	A " HEAD\n", A " refs/a.lock\n", A " refs/@{\n#\n", "\n", A "\n", NULL
};

static void
must(int true_here)
{
	if (!true_here)
		abort();
}

static void
check(const struct gitw_refs *refs)
{
	for (size_t i = 0; i < refs->n; i++) {
		const struct gitw_ref *ref = &refs->refs[i];
		size_t n = strlen(ref->name);

		must(gitw_ref_is_name(ref->name));
		must(gitw_refs_find(refs, ref->name) == ref);
		must(i == 0 || strcmp(ref[-1].name, ref->name) < 0);
		for (size_t k = 0; k < refs->n && k < 100; k++)
			must(strncmp(refs->refs[k].name, ref->name, n) != 0 ||
			    refs->refs[k].name[n] != '/');
	}
	must(gitw_refs_equal(refs, refs));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct gitw_refs refs = { .n = 0 };
	static apr_pool_t *pool;
	const char *wrong;
	size_t line = 0;

	if (pool == NULL) {
		apr_initialize();
		atexit(apr_terminate);
		apr_pool_create(&pool, NULL);
	}
	wrong = gitw_refs_parse(&refs, &line, (const char *)data, size, pool);
	must(wrong == NULL || wrong[0] != '\0');
	must(line >= 1 && line <= size + 1);
	if (wrong == NULL)
		check(&refs);
	apr_pool_clear(pool);
	return 0;
}
