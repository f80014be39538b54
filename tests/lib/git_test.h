/*
 * git_test.h: a folder for each case, with a bare repository of git's own.
 *
 * One program includes it once; a case calls begin() first and end() last.
 */
#ifndef XN_TESTS_GIT_TEST_H
#define XN_TESTS_GIT_TEST_H

#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#include <apr_general.h>
#include <apr_strings.h>

#include <execnet.h>

#include "plugins/git/id.h"
#include "plugins/git/pack.h"
#include "tests/lib/cunit_main.h"

static char root[PATH_MAX], dir[PATH_MAX + 8];	/* a folder; r in it */
static apr_pool_t *pool;

/* The status of shell commands in the folder. */
static inline int
command(const char *format, ...)
{
	char *text, *line;
	va_list ap;
	int status;

	va_start(ap, format);
	text = apr_pvsprintf(pool, format, ap);
	va_end(ap);
	line = apr_psprintf(pool, "cd '%s' && export HOME=$PWD && { %s\n}",
	    root, text);
	status = system(line);
	if (status != 0)
		fprintf(stderr, "status %d: %s\n", status, text);
	return status;
}

/* What a command says, without the newline at its end. */
static inline const char *
output(const char *format, ...)
{
	static char said[65536];
	va_list ap;
	size_t n;
	FILE *f;

	va_start(ap, format);
	f = popen(apr_psprintf(pool, "cd '%s' && { %s\n} 2>&1", root,
	    apr_pvsprintf(pool, format, ap)), "r");
	va_end(ap);
	CU_ASSERT_PTR_NOT_NULL_FATAL(f);
	n = fread(said, 1, sizeof(said) - 1, f);
	pclose(f);
	said[n] = '\0';
	if (n > 0 && said[n - 1] == '\n')
		said[n - 1] = '\0';
	return said;
}

static inline void
begin(void)
{
	const char *tmp = getenv("TMPDIR");
	static int begun;

	if (!begun) {
		CU_ASSERT_EQUAL_FATAL(apr_initialize(), APR_SUCCESS);
		atexit(apr_terminate);
		begun = 1;
	}
	apr_pool_create(&pool, NULL);
	snprintf(root, sizeof(root), "%s/git.XXXXXX",
	    tmp != NULL ? tmp : "/tmp");
	CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(root));
	snprintf(dir, sizeof(dir), "%s/r", root);
	CU_ASSERT_EQUAL_FATAL(command("git init -q --bare -b main r"), 0);
}

static inline void
end(void)
{
	CU_ASSERT_EQUAL(command("chmod -R u+w . && rm -rf '%s'", root), 0);
	apr_pool_destroy(pool);
}

/* 1 if ERROR is none; says what it is. */
static inline int
good(xn_error_t *error)
{
	if (error == NULL)
		return 1;
	fprintf(stderr, "%s\n", xn_error_text(error, pool));
	xn_error_clear(error);
	return 0;
}

/* The code of ERROR, which is consumed, if its text has PART in it, else -1. */
static inline int
code_of(xn_error_t *error, const char *part)
{
	const char *text = error == NULL ? "no error" :
	    xn_error_text(error, pool);
	int code = error == NULL ? 0 : error->code;

	if (strstr(text, part) == NULL) {
		fprintf(stderr, "not '%s': %s\n", part, text);
		code = -1;
	}
	xn_error_clear(error);
	return code;
}

static inline const char *
hex_of(const struct gitw_id *id)
{
	return gitw_id_hex(id, apr_palloc(pool, GITW_HEX + 1));
}

static inline gitw_pack_t *
new_pack(void)
{
	gitw_pack_t *pack = NULL;

	CU_ASSERT_FATAL(good(gitw_pack_create(&pack, dir, pool)));
	return pack;
}

/* Add TEXT to a pack. */
static inline struct gitw_id
add(gitw_pack_t *pack, enum gitw_type type, const char *text)
{
	struct gitw_id id;

	CU_ASSERT_FATAL(good(gitw_pack_add(&id, pack, type, text, strlen(text),
	    NULL)));
	return id;
}

/* A tree with one file, and a commit of it. */
static inline struct gitw_id
add_commit(gitw_pack_t *pack, const char *text, const struct gitw_id *parent)
{
	struct gitw_id blob = add(pack, GITW_BLOB, text), tree, commit;
	char bytes[64] = "100644 file", *end_of_name;
	const char *lines;

	end_of_name = bytes + strlen(bytes) + 1;
	memcpy(end_of_name, blob.bytes, GITW_ID);
	CU_ASSERT_FATAL(good(gitw_pack_add(&tree, pack, GITW_TREE, bytes,
	    (size_t)(end_of_name - bytes) + GITW_ID, NULL)));
	lines = apr_psprintf(pool, "tree %s\n%s%s%sauthor A <a@b> 1 +0000\n"
	    "committer A <a@b> 1 +0000\n\n%s", hex_of(&tree),
	    parent == NULL ? "" : "parent ",
	    parent == NULL ? "" : hex_of(parent), parent == NULL ? "" : "\n",
	    text);
	commit = add(pack, GITW_COMMIT, lines);
	return commit;
}

#endif
