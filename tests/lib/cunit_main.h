/*
 * cunit_main.h: the main() of a unit test program.
 *
 * A program lists its cases in a table of sentences and calls xn_test_main().
 * Run without arguments it runs everything; `program 3` runs case 3, and
 * `program --list` lists them.  It exits 1 when an assertion failed or when
 * nothing ran.
 */
#ifndef XN_TESTS_CUNIT_MAIN_H
#define XN_TESTS_CUNIT_MAIN_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <CUnit/Basic.h>

struct xn_test_case {
	const char *sentence;
	void (*function)(void);
};

static inline int
xn_test_main(const char *suite_name, const struct xn_test_case *cases,
    size_t n, int argc, char **argv)
{
	CU_pSuite suite;
	size_t only = 0;
	unsigned int failed, ran;

	if (argc > 1 && strcmp(argv[1], "--list") == 0) {
		for (size_t i = 0; i < n; i++)
			printf("%zu %s\n", i + 1, cases[i].sentence);
		return 0;
	}
	if (argc > 1)
		only = (size_t)strtoul(argv[1], NULL, 10);
	if (CU_initialize_registry() != CUE_SUCCESS)
		return 2;
	suite = CU_add_suite(suite_name, NULL, NULL);
	for (size_t i = 0; suite != NULL && i < n; i++) {
		if (only != 0 && only != i + 1)
			continue;
		if (CU_add_test(suite, cases[i].sentence,
		    cases[i].function) == NULL)
			return 2;
	}
	CU_basic_set_mode(CU_BRM_VERBOSE);
	CU_basic_run_tests();
	failed = CU_get_number_of_failures();
	ran = CU_get_number_of_tests_run();
	CU_cleanup_registry();
	return failed != 0 || ran == 0;
}

#define XN_TEST_MAIN(suite_name, table)					\
int									\
main(int argc, char **argv)						\
{									\
	return xn_test_main((suite_name), (table),			\
	    sizeof(table) / sizeof((table)[0]), argc, argv);		\
}

#endif
