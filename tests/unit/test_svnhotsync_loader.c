/*
 * Loading dumps by libsvn: what arrives stays as it is, and what a dump from
 * elsewhere may say is bounded.
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <apr_general.h>

#include "plugins/svnhotsync/loader.h"
#include "tests/lib/cunit_main.h"

#define UUID	"12345678-1234-4234-8234-123456789012"
#define HEAD	"SVN-fs-dump-format-version: 3\n\nUUID: " UUID "\n\n"

static char path[PATH_MAX];
static char error[LOADER_ERROR];
static loader_t *loader;

/* A text as pieces of a few bytes. */
struct text {
	const char *at;
	size_t left, piece;
	int fails;			/* instead of its end */
};

static int
next_piece(void *baton, const void **bytes, size_t *n, char *why)
{
	struct text *t = baton;

	if (t->left == 0 && t->fails) {
		snprintf(why, LOADER_ERROR, "it is not whole");
		return -1;
	}
	*bytes = t->at;
	*n = t->left < t->piece ? t->left : t->piece;
	t->at += *n;
	t->left -= *n;
	return *n > 0;
}

static int
load(const char *dump, long first, size_t piece, int fails)
{
	struct text t = { dump, strlen(dump), piece, fails };
	enum loader_why why;

	error[0] = '\0';
	return loader_load(loader, first, next_piece, &t, &why, error);
}

/* A record with PROPS, and headers before its lengths. */
static void
add(char *out, const char *headers, const char *props)
{
	size_t n = strlen(props);

	sprintf(out + strlen(out), "%sProp-content-length: %zu\n"
	    "Content-length: %zu\n\n%s\n", headers, n, n, props);
}

/* Once: libsvn keeps pools that it makes at its first use, until the end. */
static void
begin_apr(void)
{
	static int begun;

	if (begun)
		return;
	begun = 1;
	CU_ASSERT_EQUAL_FATAL(apr_initialize(), APR_SUCCESS);
	atexit(apr_terminate);
}

/* A new repository with r1. */
static void
begin(void)
{
	const char *tmp = getenv("TMPDIR");
	char dump[4096] = HEAD;

	begin_apr();
	snprintf(path, sizeof(path), "%s/loader.XXXXXX",
	    tmp != NULL ? tmp : "/tmp");
	CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(path));
	strcat(path, "/r");
	CU_ASSERT_EQUAL_FATAL(loader_create(path, UUID, error), 0);
	CU_ASSERT_EQUAL_FATAL(loader_open(&loader, path, error), 0);
	add(dump, "Revision-number: 1\n", "K 7\nsvn:log\nV 5\na\r\nb\n\n"
	    "PROPS-END\n");
	add(dump, "Node-path: \nNode-kind: dir\nNode-action: change\n",
	    "K 13\nsvn:mergeinfo\nV 14\n/b:1,2,3,5-6,4\nPROPS-END\n");
	CU_ASSERT_EQUAL_FATAL(load(dump, 1, 7, 0), 0);
}

static void
end(void)
{
	char command[PATH_MAX + 16];

	loader_close(loader);
	*strrchr(path, '/') = '\0';
	snprintf(command, sizeof(command), "rm -rf '%s'", path);
	CU_ASSERT_EQUAL(system(command), 0);
}

/* Does svnlook WORDS PATH BEHIND say what is WANTED? */
static int
look(const char *words, const char *behind, const char *wanted)
{
	char command[PATH_MAX + 128], got[512] = "";
	size_t n;
	FILE *f;

	snprintf(command, sizeof(command), "svnlook %s '%s' %s 2>&1", words,
	    path, behind);
	f = popen(command, "r");
	n = f == NULL ? 0 : fread(got, 1, sizeof(got) - 1, f);
	got[n] = '\0';
	if (f != NULL)
		pclose(f);
	if (strcmp(got, wanted) != 0)
		printf("  svnlook %s: wanted \"%s\", got \"%s\"\n", words,
		    wanted, got);
	return strcmp(got, wanted) == 0;
}

static void
a_revision_stays_as_it_is(void)
{
	const char *text;
	size_t n;

	begin();
	CU_ASSERT_EQUAL_FATAL(loader_props(loader, 1, &text, &n, error), 0);
	CU_ASSERT_STRING_EQUAL(text, "K 7\nsvn:log\nV 5\na\r\nb\n\n"
	    "PROPS-END\n");
	CU_ASSERT(look("propget", "svn:mergeinfo /", "/b:1,2,3,5-6,4"));
	end();
}

static void
what_others_committed_is_seen(void)
{
	char dump[4096] = HEAD;

	begin();
	add(dump, "Revision-number: 1\n", "PROPS-END\n");
	CU_ASSERT_EQUAL(load(dump, 1, 100, 0), -1);
	CU_ASSERT_PTR_NOT_NULL(strstr(error, "somebody else committed r1"));
	end();
}

static void
what_is_not_whole_is_not_committed(void)
{
	char dump[4096] = HEAD;

	begin();
	add(dump, "Revision-number: 2\n", "PROPS-END\n");
	add(dump, "Node-path: x\nNode-kind: dir\nNode-action: add\n",
	    "PROPS-END\n");
	CU_ASSERT_EQUAL(load(dump, 2, 100, 1), -1);
	CU_ASSERT_PTR_NOT_NULL(strstr(error, "it is not whole"));
	CU_ASSERT(look("youngest", "", "1\n"));
	CU_ASSERT_EQUAL(load(dump, 2, 100, 0), 0);
	CU_ASSERT(look("youngest", "", "2\n"));
	end();
}

/* What must be refused, and by what words. */
static const struct {
	const char *dump, *why;
} refused[] = {
	{ HEAD "Revision-number: 7\n\n", "r7 where r2 was due" },
	{ HEAD "Revision-number: x\n\n", "r-1 where r2 was due" },
	{ "SVN-fs-dump-format-version: 3\n\n"
	    "UUID: 12345678-1234-4234-8234-000000000000\n\n",
	    "the mirror's is" },
	{ HEAD "Revision-number: 2\nProp-content-length: 99\n"
	    "Content-length: 99\n\nK 99999999999\n", "bytes, and 67108864" },
	{ HEAD "Revision-number: 2\nProp-content-length: 99\n"
	    "Content-length: 99\n\nK 1\na\nV 18446744073709551615\n",
	    "bytes, and 67108864" },
	{ HEAD "Revision-number: 2\n\nNode-path: a\nNode-kind: dir\n"
	    "Node-action: explode\n\n", "action that is not known" },
	{ HEAD "Revision-number: 2\n\nNode-path: a\nNode-kind: ghost\n"
	    "Node-action: add\n\n", "of no known kind" },
	{ HEAD "Revision-number: 2\n\nNode-path: a\nNode-kind: dir\n"
	    "Node-action: add\nNode-copyfrom-rev: 2\n"
	    "Node-copyfrom-path: x\n\n", "from a later revision" },
	{ HEAD "Revision-number: 0\n\nNode-path: a\nNode-kind: dir\n"
	    "Node-action: add\n\n", "where it cannot be" },
	{ HEAD "Revision-number: 2\n\nNode-path: ../../a\nNode-kind: dir\n"
	    "Node-action: add\n\n", ".." },
	{ "rubbish\n", "" },
};

static void
a_hostile_dump_is_refused(void)
{
	begin();
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		int result = load(refused[i].dump, 2, 1000, 0);

		if (result != -1 || strstr(error, refused[i].why) == NULL)
			printf("  dump %zu: %d, %s\n", i, result, error);
		CU_ASSERT_EQUAL(result, -1);
		CU_ASSERT_PTR_NOT_NULL(strstr(error, refused[i].why));
	}
	CU_ASSERT(look("youngest", "", "1\n"));
	end();
}

static void
endless_lines_are_refused(void)
{
	char *dump = calloc(1, 2 << 20);

	begin();
	strcpy(dump, HEAD "Revision-number: 2\nX: ");
	memset(dump + strlen(dump), 'x', 1 << 20);
	CU_ASSERT_EQUAL(load(dump, 2, 60000, 0), -1);
	CU_ASSERT_PTR_NOT_NULL(strstr(error, "line longer than any"));
	strcpy(dump, HEAD "Revision-number: 2\n");
	for (int i = 0; i < 5000; i++)
		sprintf(dump + strlen(dump), "X%d: x\n", i);
	CU_ASSERT_EQUAL(load(dump, 2, 60000, 0), -1);
	CU_ASSERT_PTR_NOT_NULL(strstr(error, "more headers"));
	free(dump);
	end();
}

/* Small ones, of which each is nothing to wonder at. */
static void
endless_properties_are_refused(void)
{
	static const char one[] = "K 1\na\nV 1\nx\n";
	size_t n = (128 << 20) / 64, size = n * (sizeof(one) - 1);
	char *dump = calloc(1, size + 4096), *at;

	begin();
	sprintf(dump, HEAD "Revision-number: 2\nProp-content-length: %zu\n"
	    "Content-length: %zu\n\n", size + 10, size + 10);
	at = dump + strlen(dump);
	for (size_t i = 0; i < n; i++, at += sizeof(one) - 1)
		memcpy(at, one, sizeof(one) - 1);
	strcpy(at, "PROPS-END\n\n");
	CU_ASSERT_EQUAL(load(dump, 2, 60000, 0), -1);
	CU_ASSERT_PTR_NOT_NULL(strstr(error, "bytes of properties"));
	free(dump);
	end();
}

static void
properties_become_exactly_those(void)
{
	static const char *const bad[] = {
		"", "PROPS-END", "K 3\nabc\nPROPS-END\n",
		"K 99\nabc\nV 1\nx\nPROPS-END\n", "K 1\na\nV 1\nxPROPS-END\n",
		"K 999999999999999999999\na\n", "PROPS-END\nPROPS-END\n"
	};
	static const char good[] = "K 1\na\nV 2\n\n\n\nK 7\nsvn:log\nV 0\n\n"
	    "PROPS-END\n";
	const char *text;
	size_t n;

	begin();
	CU_ASSERT_EQUAL(loader_set_props(loader, 1, good, sizeof(good) - 1,
	    error), 0);
	CU_ASSERT_EQUAL_FATAL(loader_props(loader, 1, &text, &n, error), 0);
	CU_ASSERT_STRING_EQUAL(text, good);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CU_ASSERT_EQUAL(loader_set_props(loader, 1, bad[i],
		    strlen(bad[i]), error), -1);
	CU_ASSERT_EQUAL(loader_set_props(loader, 99, good, sizeof(good) - 1,
	    error), -1);
	CU_ASSERT_EQUAL_FATAL(loader_props(loader, 1, &text, &n, error), 0);
	CU_ASSERT_STRING_EQUAL(text, good);
	end();
}

static const struct xn_test_case cases[] = {
	{ "a revision stays as it is", a_revision_stays_as_it_is },
	{ "what others committed is seen", what_others_committed_is_seen },
	{ "what is not whole is not committed",
	    what_is_not_whole_is_not_committed },
	{ "a hostile dump is refused", a_hostile_dump_is_refused },
	{ "endless lines are refused", endless_lines_are_refused },
	{ "endless properties are refused", endless_properties_are_refused },
	{ "properties become exactly those", properties_become_exactly_those },
};

XN_TEST_MAIN("svnhotsync loader", cases)
