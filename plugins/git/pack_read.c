/*
 * pack_read.c: what was written to a pack is read again, before it has ended.
 *
 * Its last bytes may not be in the file yet.  So long as they are not, they
 * stay where they are in the buffer; the mutex is for when they move.
 */
#include "plugins/git/pack.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "plugins/git/pack_internal.h"

/* What of AT is in the buffer, or, *N being 0, in the file. */
static void
read_buffer(size_t *n, struct gitw_pack *pack, void *bytes, size_t room,
    uint64_t at)
{
	uint64_t written;

	*n = 0;
	pthread_mutex_lock(&pack->mutex);
	written = pack->file.written;
	if (at >= written && at < pack->whole) {
		*n = (size_t)(pack->whole - at);
		if (*n > room)
			*n = room;
		memcpy(bytes, pack->file.buffer + (at - written), *n);
	}
	pthread_mutex_unlock(&pack->mutex);
}

static xn_error_t *
read_at(size_t *n, void *baton, void *bytes, size_t room, uint64_t at)
{
	struct gitw_pack *pack = baton;
	ssize_t got;

	read_buffer(n, pack, bytes, room, at);
	if (*n > 0)
		return NULL;
	do
		got = pread(pack->file.fd, bytes, room, (off_t)at);
	while (got == -1 && errno == EINTR);
	if (got == -1)
		return xn_error_system(errno, "cannot read %s",
		    pack->file.path);
	*n = (size_t)got;
	return NULL;
}

xn_error_t *
gitw_pack_read(struct gitw_content *content, gitw_pack_t *pack,
    const struct gitw_id *id, size_t most, struct gitw_chain *chain)
{
	const struct gitw_source source = { pack->file.path, read_at, pack };
	const struct gitw_entry *entry;
	uint64_t at;

	*content = (struct gitw_content){ 0 };
	pthread_mutex_lock(&pack->mutex);
	entry = gitw_entries_find(&pack->entries, id);
	at = entry == NULL ? 0 : entry->offset;
	pthread_mutex_unlock(&pack->mutex);
	return at == 0 ? NULL : gitw_chain_read(content, chain, &source, at,
	    most);
}
