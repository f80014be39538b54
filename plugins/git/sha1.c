/*
 * sha1.c: see sha1.h.
 */
#include "plugins/git/sha1.h"

#include <inttypes.h>
#include <stdio.h>

void
gitw_sha1_begin(gitw_sha1_t *sha1)
{
	SHA1_Init(sha1);
}

void
gitw_sha1_object(gitw_sha1_t *sha1, enum gitw_type type, uint64_t size)
{
	char header[32];
	int n = snprintf(header, sizeof(header), "%s %" PRIu64,
	    gitw_type_name(type), size);

	gitw_sha1_begin(sha1);
	gitw_sha1_add(sha1, header, (size_t)n + 1);
}

void
gitw_sha1_add(gitw_sha1_t *sha1, const void *bytes, size_t n)
{
	SHA1_Update(sha1, bytes, n);
}

void
gitw_sha1_end(struct gitw_id *sum, gitw_sha1_t *sha1)
{
	SHA1_Final(sum->bytes, sha1);
}
