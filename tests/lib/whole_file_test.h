/*
 * whole_file_test.h: what tests of whole files have in common, those that go
 * from a program to the client and back: their bytes, and folders for them.
 */
#ifndef WHOLE_FILE_TEST_H
#define WHOLE_FILE_TEST_H

#include "tests/lib/gateway_test.h"

#define PATIENCE	apr_time_from_sec(60)
#define LARGE		3000000

/* The byte AT a place: not a power of two long, so that no piece is like
 * another.  The programs that are sent have it in their texts. */
static inline unsigned char
byte_at(long long at)
{
	return (unsigned char)(at % 251 + at / 60000);
}

/* A folder for programs, in memory or on the disk. */
static inline char *
make_folder(int in_memory)
{
	char here[4096];
	char *path = apr_pstrdup(pool, in_memory ?
	    "/dev/shm/whole-file.XXXXXX" : "whole-file.XXXXXX");

	CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(path));
	return path[0] == '/' ? path :
	    apr_psprintf(pool, "%s/%s", getcwd(here, sizeof(here)), path);
}

#endif
