/*
 * fake_run.h: a program run over the fake port, and the error it ends with.
 */
#ifndef XN_TESTS_FAKE_RUN_H
#define XN_TESTS_FAKE_RUN_H

#include "tests/lib/cunit_main.h"
#include "tests/lib/fake_port.h"

/* Run MAIN at end 1; SPEAK, if not null, is the test's part at end 0. */
static inline char *
run_with(xn_side_main *main_function, void (*speak)(struct xn_fake *f),
    const xn_value *kwargs, struct xn_fake **keep)
{
	struct xn_fake *f = xn_fake_create();
	char *error;

	xn_fake_start(f, 1, main_function, kwargs);
	if (speak != NULL)
		speak(f);
	error = xn_fake_join(f, 1);
	if (keep != NULL)
		*keep = f;
	else
		xn_fake_destroy(f);
	return error;
}

/* A program must have ended with TEXT, the error that run_with() gave. */
static inline void
expect_text(char *error, const char *text)
{
	CU_ASSERT_PTR_NOT_NULL_FATAL(error);
	if (strcmp(error, text) != 0)
		printf("\n  expected: %s\n  got:      %s\n", text, error);
	CU_ASSERT_STRING_EQUAL(error, text);
	free(error);
}

#endif
