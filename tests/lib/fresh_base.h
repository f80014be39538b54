/*
 * fresh_base.h: a folder for each case, open as a base.
 *
 * One program includes it once; a case calls fresh() first and gone() last.
 */
#ifndef XN_TESTS_FRESH_BASE_H
#define XN_TESTS_FRESH_BASE_H

#include <unistd.h>

#include <execnet/remote.h>
#include "tests/lib/cunit_main.h"

static char root[] = "/tmp/xn-side-XXXXXX";
static int base;

/* Run shell commands in the folder; they must succeed. */
static inline void
command(const char *text)
{
	char line[4096];

	snprintf(line, sizeof(line), "cd %s && { %s; }", root, text);
	CU_ASSERT_EQUAL_FATAL(system(line), 0);
}

static inline void
fresh(void)
{
	strcpy(root, "/tmp/xn-side-XXXXXX");
	CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(root));
	base = xn_base_open(root);
	CU_ASSERT_FATAL(base >= 0);
}

static inline void
gone(void)
{
	char line[4096];

	close(base);
	snprintf(line, sizeof(line), "rm -rf %s", root);
	CU_ASSERT_EQUAL(system(line), 0);
}

#endif
