#include "core/side/side.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <execnet/remote.h>

#define BLOCK_SIZE	4000u		/* payload of an ordinary block */
#define ALIGNMENT	16u

struct xn_side_block {
	struct xn_side_block *next;
	size_t size;			/* bytes behind the header */
	size_t used;
	size_t pad;			/* keeps what follows aligned */
};

_Static_assert(sizeof(struct xn_side_block) % ALIGNMENT == 0,
    "what follows the header of a block is aligned");

static struct xn_side_block *
block_new(struct xn_side_arena *arena, size_t n)
{
	size_t size = n > BLOCK_SIZE / 4 ? n : BLOCK_SIZE;
	struct xn_side_block *b = malloc(sizeof(*b) + size);

	if (b == NULL)
		return NULL;
	b->size = size;
	b->used = 0;
	if (size == n && arena->blocks != NULL) {
		/* A large one fills its block: keep filling the first. */
		b->next = arena->blocks->next;
		arena->blocks->next = b;
	} else {
		b->next = arena->blocks;
		arena->blocks = b;
	}
	return b;
}

void *
xn_side__arena_alloc(struct xn_side_arena *arena, size_t n)
{
	struct xn_side_block *b = arena->blocks;
	void *p;

	if (n > PTRDIFF_MAX - 2 * sizeof(*b))
		return NULL;
	n = n == 0 ? ALIGNMENT : (n + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
	if (b == NULL || n > b->size - b->used)
		b = block_new(arena, n);
	if (b == NULL)
		return NULL;
	p = (char *)(b + 1) + b->used;
	b->used += n;
	return p;
}

void
xn_side__arena_free(struct xn_side_arena *arena)
{
	while (arena->blocks != NULL) {
		struct xn_side_block *b = arena->blocks;

		arena->blocks = b->next;
		free(b);
	}
}

int
xn_side__arena_holds(const struct xn_side_arena *arena, const void *p)
{
	uintptr_t at = (uintptr_t)p;

	for (const struct xn_side_block *b = arena->blocks; b != NULL;
	    b = b->next) {
		uintptr_t first = (uintptr_t)(b + 1);

		if (at >= first && at - first < b->size)
			return 1;
	}
	return 0;
}

void
xn_side__own(struct xn_side_owned *object,
    void (*drop)(struct xn_side_owned *self))
{
	struct xn_side *side = xn_side_current();

	object->drop = drop;
	object->next = NULL;
	object->here = NULL;
	if (side == NULL)
		return;
	object->next = side->owned;
	object->here = &side->owned;
	if (object->next != NULL)
		object->next->here = &object->next;
	side->owned = object;
}

void
xn_side__disown(struct xn_side_owned *object)
{
	if (object->here == NULL)
		return;
	*object->here = object->next;
	if (object->next != NULL)
		object->next->here = object->here;
	object->here = NULL;
}

void *
xn_alloc(size_t n)
{
	struct xn_side *side = xn_side__need("xn_alloc");
	void *p = xn_side__arena_alloc(&side->memory, n);

	if (p == NULL)
		xn_fail("out of memory: %zu bytes were asked for", n);
	return memset(p, 0, n);
}

char *
xn_printf(const char *format, ...)
{
	struct xn_side *side = xn_side__need("xn_printf");
	va_list ap;
	char *text;
	int n;

	va_start(ap, format);
	n = vsnprintf(NULL, 0, format, ap);
	va_end(ap);
	if (n < 0)
		xn_fail("cannot format \"%s\": %m", format);
	text = xn_side__arena_alloc(&side->memory, (size_t)n + 1);
	if (text == NULL)
		xn_fail("out of memory: a text of %d bytes", n);
	va_start(ap, format);
	vsnprintf(text, (size_t)n + 1, format, ap);
	va_end(ap);
	return text;
}

/* ---- Memory that can be given back ---------------------------------------- */

/* Before each piece of xn_malloc(). */
struct piece {
	struct xn_side_owned owned;	/* first: drop_piece() gets it back */
	size_t pad;			/* keeps what follows aligned */
};

_Static_assert(sizeof(struct piece) % ALIGNMENT == 0,
    "what follows the header of a piece is aligned");

static void
drop_piece(struct xn_side_owned *self)
{
	free(self);
}

void *
xn_malloc(size_t n)
{
	struct piece *piece;

	if (n > PTRDIFF_MAX - sizeof(*piece))
		return NULL;
	piece = malloc(sizeof(*piece) + n);
	if (piece == NULL)
		return NULL;
	xn_side__own(&piece->owned, drop_piece);
	return piece + 1;
}

void *
xn_realloc(void *p, size_t n)
{
	struct piece *piece, *bigger;

	if (p == NULL)
		return xn_malloc(n);
	if (n > PTRDIFF_MAX - sizeof(*piece))
		return NULL;
	/* It may move, and others point to it. */
	piece = (struct piece *)p - 1;
	xn_side__disown(&piece->owned);
	bigger = realloc(piece, sizeof(*piece) + n);
	if (bigger != NULL)
		piece = bigger;
	xn_side__own(&piece->owned, drop_piece);
	return bigger == NULL ? NULL : bigger + 1;
}

void
xn_free(void *p)
{
	struct piece *piece;

	if (p == NULL)
		return;
	piece = (struct piece *)p - 1;
	xn_side__disown(&piece->owned);
	free(piece);
}
