/*
 * packs.c: see packs.h.
 */
#include "plugins/git/packs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <apr_strings.h>

#include "plugins/git/stored.h"

#define OPEN_MOST	8		/* packs */

/* A pack that is open. */
struct open_pack {
	const struct gitw_packed *packed;	/* null: none */
	int fd;
	char path[4096];
};

struct gitw_packs {
	const char *dir;
	apr_pool_t *pool;		/* of what follows */
	gitw_stored_t *stored;		/* null: they are to be looked for */
	struct open_pack open[OPEN_MOST];
	unsigned int next;		/* the place that is given away next */
	struct gitw_chain chain;
};

static void
close_packs(struct gitw_packs *packs)
{
	for (size_t i = 0; i < OPEN_MOST; i++) {
		if (packs->open[i].packed != NULL)
			close(packs->open[i].fd);
		packs->open[i].packed = NULL;
	}
}

static apr_status_t
free_packs(void *baton)
{
	struct gitw_packs *packs = baton;

	close_packs(packs);
	gitw_chain_free(&packs->chain);
	return APR_SUCCESS;
}

gitw_packs_t *
gitw_packs_create(const char *dir, apr_pool_t *pool)
{
	struct gitw_packs *packs = apr_pcalloc(pool, sizeof(*packs));

	packs->dir = apr_pstrdup(pool, dir);
	apr_pool_create(&packs->pool, pool);
	apr_pool_cleanup_register(pool, packs, free_packs,
	    apr_pool_cleanup_null);
	return packs;
}

void
gitw_packs_forget(gitw_packs_t *packs)
{
	close_packs(packs);
	apr_pool_clear(packs->pool);
	packs->stored = NULL;
}

/* ---- Reading ------------------------------------------------------------ */

/* It, open, or null: it has gone. */
static xn_error_t *
open_pack(struct open_pack **out, struct gitw_packs *packs,
    const struct gitw_packed *packed)
{
	struct open_pack *place = &packs->open[packs->next];

	for (size_t i = 0; i < OPEN_MOST; i++)
		if (packs->open[i].packed == packed) {
			*out = &packs->open[i];
			return NULL;
		}
	*out = NULL;
	if (place->packed != NULL)
		close(place->fd);
	place->packed = NULL;
	apr_snprintf(place->path, sizeof(place->path), "%s.pack",
	    packed->base);
	place->fd = open(place->path, O_RDONLY | O_CLOEXEC);
	if (place->fd == -1)
		return errno == ENOENT ? NULL : xn_error_system(errno,
		    "cannot open %s", place->path);
	place->packed = packed;
	packs->next = (packs->next + 1) % OPEN_MOST;
	*out = place;
	return NULL;
}

/* (Nothing is read of the sum at its end.) */
static xn_error_t *
read_at(size_t *n, void *baton, void *bytes, size_t room, uint64_t at)
{
	const struct open_pack *pack = baton;
	uint64_t end = pack->packed->size - GITW_ID;
	ssize_t got;

	*n = 0;
	if (at >= end)
		return NULL;
	if (room > end - at)
		room = (size_t)(end - at);
	do
		got = pread(pack->fd, bytes, room, (off_t)at);
	while (got == -1 && errno == EINTR);
	if (got == -1)
		return xn_error_system(errno, "cannot read %s", pack->path);
	*n = (size_t)got;
	return NULL;
}

static xn_error_t *
check(struct gitw_content *content, const struct gitw_id *id, const char *path)
{
	char hex[GITW_HEX + 1];
	struct gitw_id is;

	if (content->bytes == NULL)
		return NULL;
	gitw_object_id(&is, content->type, content->bytes, content->n);
	if (gitw_id_compare(&is, id) == 0)
		return NULL;
	free(content->bytes);
	content->bytes = NULL;
	return xn_error_create(XN_E_JOB, "%s is damaged: what it has as the "
	    "object %s is another one", path, gitw_id_hex(id, hex));
}

/* Read it where it is now known to be; *GONE: that has been removed. */
static xn_error_t *
read_once(struct gitw_content *content, int *gone, struct gitw_packs *packs,
    const struct gitw_id *id, size_t most)
{
	struct gitw_source source = { .read = read_at };
	struct gitw_packed *packed;
	struct open_pack *pack;
	uint64_t at;

	*gone = 0;
	if (packs->stored == NULL)
		XN_TRY(gitw_stored_open(&packs->stored, packs->dir,
		    packs->pool));
	packed = gitw_stored_find(&at, packs->stored, id);
	if (packed == NULL)
		return NULL;
	XN_TRY(open_pack(&pack, packs, packed));
	*gone = pack == NULL;
	if (*gone)
		return NULL;
	source.path = pack->path;
	source.baton = pack;
	XN_TRY(gitw_chain_read(content, &packs->chain, &source, at, most));
	return check(content, id, source.path);
}

xn_error_t *
gitw_packs_read(struct gitw_content *content, gitw_packs_t *packs,
    const struct gitw_id *id, size_t most)
{
	int gone;

	*content = (struct gitw_content){ 0 };
	XN_TRY(read_once(content, &gone, packs, id, most));
	if (!gone)
		return NULL;
	/* Packs were made one: that is there before the old ones go. */
	gitw_packs_forget(packs);
	return read_once(content, &gone, packs, id, most);
}
