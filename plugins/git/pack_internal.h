/*
 * pack_internal.h: what pack*.c share.
 */
#ifndef GIT_PACK_INTERNAL_H
#define GIT_PACK_INTERNAL_H

#include <pthread.h>

#include "plugins/git/deflate.h"
#include "plugins/git/delta.h"
#include "plugins/git/pack.h"
#include "plugins/git/stored.h"

struct gitw_pack {
	const char *folder;		/* DIR/objects/pack */
	gitw_stored_t *stored;
	struct gitw_file file;
	struct gitw_deflate deflate;
	struct gitw_delta delta;
	pthread_mutex_t mutex;		/* who writes changes what follows, and
					 * where the file's buffer begins, under
					 * it; who reads beside that has it */
	struct gitw_entries entries;
	uint64_t whole;			/* bytes of entries in there */
	/* Of the blob that is being written in pieces: */
	int in_pieces;
	uint64_t began;			/* where its entry is */
	uint64_t left;			/* bytes that are not there yet */
	gitw_sha1_t sha1;		/* of it as an object */
	apr_pool_t *pool;
};

#endif
