/*
 * arena.h: memory for decoded values in tests: malloc'ed one by one, so that
 * the address sanitizer sees each, and freed together.
 */
#ifndef XN_TESTS_ARENA_H
#define XN_TESTS_ARENA_H

#include <stddef.h>
#include <stdlib.h>

struct arena_block {
	struct arena_block *next;
	_Alignas(max_align_t) unsigned char bytes[];
};

struct arena {
	struct arena_block *blocks;
	size_t total;		/* bytes handed out since the last free */
	size_t limit;		/* fail above this; 0 means none */
};

static inline void *
arena_alloc(void *baton, size_t size)
{
	struct arena *a = baton;
	struct arena_block *block;

	if (a->limit != 0 && size > a->limit - a->total)
		return NULL;
	if ((block = malloc(sizeof(*block) + size)) == NULL)
		return NULL;
	block->next = a->blocks;
	a->blocks = block;
	a->total += size;
	return block->bytes;
}

static inline void
arena_free(struct arena *a)
{
	struct arena_block *block, *next;

	for (block = a->blocks; block != NULL; block = next) {
		next = block->next;
		free(block);
	}
	a->blocks = NULL;
	a->total = 0;
}

#endif
