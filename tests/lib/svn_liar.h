/*
 * svn_liar.h: a test as the source of a mirror, which lies to it.
 */
#ifndef XN_TESTS_SVN_LIAR_H
#define XN_TESTS_SVN_LIAR_H

#include "tests/lib/svnrepo.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/lib/cunit_main.h"

#define SHARD	8
#define UUID	"8c3f31fa-6e10-48f8-a2f4-41ccfaf40e27"
#define FORMAT	"8\nlayout sharded 8\naddressing logical\n"

/* Paths, good from begin() to svnrepo_end(). */
static const char *source, *mirror;

/* For whatever takes bytes. */
static const char bytes[64] = "some bytes";

/* A mirror with r10, and its source. */
static inline void
begin(void)
{
	static char paths[2][512];

	svnrepo_begin();
	source = strcpy(paths[0], svnrepo_path("source"));
	mirror = strcpy(paths[1], svnrepo_path("mirror"));
	svnrepo_make(source, SHARD);
	for (long long rev = 1; rev <= 10; rev++)
		svnrepo_commit(source, SHARD, rev, 0);
	free(svnpair_once(source, mirror));
	CU_ASSERT_EQUAL_FATAL(svnrepo_youngest(mirror), 10);
}

/* The digest of r10 out of db/syncgate. */
static inline void
read_digest(unsigned char out[16])
{
	FILE *f = fopen(svnrepo_path("mirror/db/syncgate"), "r");
	char line[256], hex[64];
	unsigned int byte;

	CU_ASSERT_PTR_NOT_NULL_FATAL(f);
	while (fgets(line, sizeof(line), f) != NULL)
		if (sscanf(line, "upcoming 10 file %63s", hex) == 1)
			for (int i = 0; i < 16; i++) {
				CU_ASSERT_EQUAL(sscanf(hex + i * 2, "%2x",
				    &byte), 1);
				out[i] = (unsigned char)byte;
			}
	fclose(f);
}

/* Speak as the source until the mirror asks whether both have the same r10. */
static inline struct svnpair *
introduce(void)
{
	struct svnpair *p = svnpair_start(NULL, mirror, 0, 0);

	svnpair_send(p, "(slyyylls)", "repository", 1LL, FORMAT, strlen(FORMAT),
	    UUID, strlen(UUID), "", (size_t)0, 20LL, 8LL, "");
	CU_ASSERT_STRING_EQUAL(svnpair_receive(p), "('digest', 10)");
	return p;
}

/* And then, until it asks for revisions. */
static inline struct svnpair *
greet(void)
{
	unsigned char digest[16] = { 0 };
	struct svnpair *p = introduce();

	read_digest(digest);
	svnpair_send(p, "(sllyy)", "digest", 10LL, 1LL, digest, (size_t)16,
	    "", (size_t)0);
	CU_ASSERT_STRING_EQUAL(svnpair_receive(p), "('from', 11, 0)");
	return p;
}

/* It must have refused with PART in its text, with all as BEFORE. */
static inline void
expect_refusal(struct svnpair *p, const char *part, const char *before)
{
	char *error = svnpair_join(p);

	CU_ASSERT_PTR_NOT_NULL(error);
	if (error == NULL || strstr(error, part) == NULL)
		printf("\n  wanted: %s\n  got:    %s\n", part,
		    error == NULL ? "nothing" : error);
	CU_ASSERT(error != NULL && strstr(error, part) != NULL);
	free(error);
	CU_ASSERT_EQUAL(svnrepo_youngest(mirror), 10);
	if (before != NULL)
		CU_ASSERT_STRING_EQUAL(before, svnrepo_digest(mirror, 0));
	/* Nothing beside the two repositories came into being. */
	CU_ASSERT_NOT_EQUAL(access(svnrepo_path("evil"), F_OK), 0);
	CU_ASSERT_NOT_EQUAL(access(svnrepo_path("mirror/evil"), F_OK), 0);
	CU_ASSERT_NOT_EQUAL(access(svnrepo_path("mirror/db/evil"), F_OK), 0);
}

#endif
