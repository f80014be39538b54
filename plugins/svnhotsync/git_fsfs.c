/*
 * git_fsfs.c: the files of the repository.
 *
 * That of a revision is read as a whole.  A pack is opened when the conversion
 * comes to it, and its index stays in memory; of one that is not open any more
 * no text is read, since that would take too long for one.
 */
#include "plugins/svnhotsync/git_fsfs_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <apr_strings.h>

#define FORMAT_MOST	1024		/* bytes of db/format */
#define FILE_MOST	(8 << 20)	/* of a revision's */
#define PACK_INDEX_MOST	(16 << 20)
#define KNOWN_BITS	17
#define FNV_BASE	2166136261u
#define FNV_PRIME	16777619u

/* ---- Files ------------------------------------------------------------- */

/* Read the file PATH, of at most MOST bytes, into POOL, with a NUL behind. */
static int
read_file(const char **bytes, apr_size_t *n, const char *path,
    apr_size_t most, apr_pool_t *pool)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	apr_size_t done = 0;
	struct stat st;
	ssize_t got = 1;
	char *to;

	if (fd == -1)
		return 0;
	if (fstat(fd, &st) != 0 || st.st_size < 0 ||
	    (apr_uint64_t)st.st_size > most) {
		close(fd);
		return 0;
	}
	*n = (apr_size_t)st.st_size;
	*bytes = to = apr_palloc(pool, *n + 1);
	while (done < *n && (got > 0 || (got == -1 && errno == EINTR))) {
		got = read(fd, to + done, *n - done);
		done += got > 0 ? (apr_size_t)got : 0;
	}
	close(fd);
	to[*n] = '\0';
	return done == *n;
}

int
svngit_fsfs_number(apr_uint64_t *number, const char **at)
{
	const char *p = *at;

	*number = 0;
	for (; *p >= '0' && *p <= '9' && p - *at < 18; p++)
		*number = *number * 10 + (apr_uint64_t)(*p - '0');
	if (p == *at || (*p >= '0' && *p <= '9'))
		return 0;
	*at = p;
	return 1;
}

/* What db/format says, in TEXT. */
static int
parse_format(long *shard, const char *text)
{
	const char *layout = strstr(text, "\nlayout sharded ");
	apr_uint64_t format, n;

	if (!svngit_fsfs_number(&format, &text) || format < 7 || format > 8 ||
	    *text != '\n' || strstr(text, "\naddressing logical\n") == NULL)
		return 0;
	*shard = 0;
	if (layout == NULL)
		return strstr(text, "\nlayout linear\n") != NULL;
	layout += strlen("\nlayout sharded ");
	if (!svngit_fsfs_number(&n, &layout) || *layout != '\n' || n == 0 ||
	    n > 1000000000)
		return 0;
	*shard = (long)n;
	return 1;
}

static apr_status_t
free_known(void *baton)
{
	struct svngit_fsfs *fsfs = baton;

	free(fsfs->known);
	return APR_SUCCESS;
}

/* ---- Packs ------------------------------------------------------------- */

/* Read N bytes at AT into TO, and a NUL behind. */
static int
read_at(char *to, int fd, apr_uint64_t at, apr_size_t n)
{
	apr_size_t done = 0;
	ssize_t got = 1;

	while (done < n && (got > 0 || (got == -1 && errno == EINTR))) {
		got = pread(fd, to + done, n - done, (off_t)(at + done));
		done += got > 0 ? (apr_size_t)got : 0;
	}
	to[done] = '\0';
	return done == n;
}

static apr_status_t
close_pack(void *baton)
{
	struct svngit_pack *pack = baton;

	close(pack->fd);
	pack->fd = -1;
	return APR_SUCCESS;
}

static void
forget_pack(struct svngit_pack *pack)
{
	apr_pool_clear(pack->pool);
	pack->shard = -1;
}

/* Take the index of PACK, whose file is open and has SIZE bytes. */
static int
read_pack(struct svngit_pack *pack, const svngit_fsfs_t *fsfs, long shard,
    apr_uint64_t size)
{
	struct svngit_items items = { .first = shard * fsfs->shard,
		.count = fsfs->shard };
	apr_uint64_t items_end, index, behind;
	apr_size_t n = size < 256 ? (apr_size_t)size : 256;
	char tail[257], *bytes;
	int good;

	if (!read_at(tail, pack->fd, size - n, n) ||
	    !svngit_fsfs_footer(&items_end, &index, &behind, size, tail, n) ||
	    behind - index > PACK_INDEX_MOST)
		return 0;
	n = (apr_size_t)(behind - index);
	bytes = malloc(n + 1);
	if (bytes == NULL)
		abort();	/* as APR's pools */
	good = read_at(bytes, pack->fd, index, n) &&
	    svngit_fsfs_index(&items, items_end, bytes, n, pack->pool);
	free(bytes);
	pack->items = items.items;
	pack->n = items.n;
	return good;
}

/* Open the pack of SHARD, if there is one. */
static void
open_pack(svngit_fsfs_t *fsfs, long shard)
{
	struct svngit_pack *pack = &fsfs->packs[shard % SVNGIT_PACKS];
	struct stat st;
	char name[48];

	if (pack->shard == shard)
		return;
	forget_pack(pack);
	snprintf(name, sizeof(name), "/db/revs/%ld.pack/pack", shard);
	pack->fd = open(apr_pstrcat(pack->pool, fsfs->mirror, name, NULL),
	    O_RDONLY | O_CLOEXEC);
	if (pack->fd == -1)
		return;
	apr_pool_cleanup_register(pack->pool, pack, close_pack,
	    apr_pool_cleanup_null);
	if (fstat(pack->fd, &st) == 0 && st.st_size > 0 && read_pack(pack,
	    fsfs, shard, (apr_uint64_t)st.st_size))
		pack->shard = shard;
}

/* ---- Opening ----------------------------------------------------------- */

svngit_fsfs_t *
svngit_fsfs_create(const char *mirror, svngit_store_t *store, apr_pool_t *pool)
{
	struct svngit_fsfs *fsfs = apr_pcalloc(pool, sizeof(*fsfs));

	fsfs->mirror = mirror;
	fsfs->store = store;
	/* (Memory that is never touched is none.) */
	fsfs->known = calloc((apr_size_t)1 << KNOWN_BITS,
	    sizeof(*fsfs->known));
	if (fsfs->known == NULL)
		abort();	/* as APR's pools */
	apr_pool_cleanup_register(pool, fsfs, free_known,
	    apr_pool_cleanup_null);
	apr_pool_create(&fsfs->pool, pool);
	for (int i = 0; i < SVNGIT_PACKS; i++) {
		apr_pool_create(&fsfs->packs[i].pool, pool);
		fsfs->packs[i].shard = -1;
	}
	fsfs->file.rev = SVN_INVALID_REVNUM;
	return fsfs;
}

void
svngit_fsfs_look(svngit_fsfs_t *fsfs)
{
	const char *text;
	apr_size_t n;

	apr_pool_clear(fsfs->pool);
	fsfs->file = (struct svngit_file){ .rev = SVN_INVALID_REVNUM };
	fsfs->nodes = NULL;
	for (int i = 0; i < SVNGIT_PACKS; i++)
		forget_pack(&fsfs->packs[i]);
	fsfs->can = read_file(&text, &n, apr_pstrcat(fsfs->pool, fsfs->mirror,
	    "/db/format", NULL), FORMAT_MOST, fsfs->pool) &&
	    parse_format(&fsfs->shard, text);
}

int
svngit_fsfs_file(const char **bytes, apr_size_t *n, const svngit_fsfs_t *fsfs,
    const char *dir, svn_revnum_t rev, apr_size_t most, apr_pool_t *pool)
{
	char name[48];

	if (!fsfs->can || rev < 0)
		return 0;
	if (fsfs->shard == 0)
		snprintf(name, sizeof(name), "%ld", (long)rev);
	else
		snprintf(name, sizeof(name), "%ld/%ld",
		    (long)rev / fsfs->shard, (long)rev);
	return read_file(bytes, n, apr_pstrcat(pool, fsfs->mirror, "/", dir,
	    "/", name, NULL), most, pool);
}

/* ---- Revisions --------------------------------------------------------- */

/* Where REV is in a pack that is open. */
static int
find_packed(struct svngit_file *file, const svngit_fsfs_t *fsfs,
    svn_revnum_t rev)
{
	const struct svngit_pack *pack;
	apr_size_t begin, end;
	apr_uint32_t after;

	if (fsfs->shard == 0 || rev < 0)
		return 0;
	pack = &fsfs->packs[rev / fsfs->shard % SVNGIT_PACKS];
	if (pack->shard != rev / fsfs->shard)
		return 0;
	after = (apr_uint32_t)(rev % fsfs->shard);
	begin = svngit_fsfs_first(pack->items, pack->n, after);
	end = svngit_fsfs_first(pack->items, pack->n, after + 1);
	*file = (struct svngit_file){ .rev = rev, .fd = pack->fd,
		.items = pack->items + begin, .n = end - begin };
	return 1;
}

int
svngit_fsfs_load(struct svngit_file *file, const svngit_fsfs_t *fsfs,
    svn_revnum_t rev, apr_size_t most, apr_pool_t *pool)
{
	struct svngit_items items = { .first = rev, .count = 1 };
	apr_uint64_t items_end, index, behind;
	apr_size_t n;

	if (find_packed(file, fsfs, rev))
		return 1;
	*file = (struct svngit_file){ .rev = rev, .fd = -1 };
	if (!svngit_fsfs_file(&file->bytes, &n, fsfs, "db/revs", rev, most,
	    pool) || !svngit_fsfs_footer(&items_end, &index, &behind, n,
	    file->bytes, n) || !svngit_fsfs_index(&items, items_end,
	    file->bytes + index, (apr_size_t)(behind - index), pool))
		return 0;
	file->items = items.items;
	file->n = items.n;
	return 1;
}

int
svngit_fsfs_bytes(const char **bytes, const struct svngit_file *file,
    const struct svngit_item *item, apr_pool_t *pool)
{
	char *to;

	if (file->bytes != NULL) {
		*bytes = file->bytes + item->at;
		return 1;
	}
	if (item->n > FILE_MOST)
		return 0;
	*bytes = to = apr_palloc(pool, (apr_size_t)item->n + 1);
	return read_at(to, file->fd, item->at, item->n);
}

/* FNV-1a of each fourth byte, from the first, second, third and fourth on; and
 * that of these sums and what is left. */
static apr_uint32_t
sum_of(const char *bytes, apr_size_t n)
{
	const unsigned char *p = (const unsigned char *)bytes;
	apr_uint32_t sums[4] = { FNV_BASE, FNV_BASE, FNV_BASE, FNV_BASE };
	apr_uint32_t sum = FNV_BASE;

	for (; n >= 4; n -= 4, p += 4)
		for (int i = 0; i < 4; i++)
			sums[i] = (sums[i] ^ p[i]) * FNV_PRIME;
	for (int i = 0; i < 4; i++)
		for (int shift = 24; shift >= 0; shift -= 8)
			sum = (sum ^ (sums[i] >> shift & 0xff)) * FNV_PRIME;
	for (; n > 0; n--)
		sum = (sum ^ *p++) * FNV_PRIME;
	return sum;
}

int
svngit_fsfs_whole(const char **bytes, const struct svngit_file *file,
    const struct svngit_item *item, apr_pool_t *pool)
{
	return svngit_fsfs_bytes(bytes, file, item, pool) &&
	    sum_of(*bytes, item->n) == item->checksum;
}

int
svngit_fsfs_begin(svngit_fsfs_t *fsfs, svn_revnum_t rev)
{
	apr_pool_clear(fsfs->pool);
	fsfs->nodes = NULL;
	if (svngit_fsfs_load(&fsfs->file, fsfs, rev, FILE_MOST, fsfs->pool))
		return 1;
	if (fsfs->can && fsfs->shard > 0 && rev >= 0) {
		open_pack(fsfs, rev / fsfs->shard);
		if (find_packed(&fsfs->file, fsfs, rev))
			return 1;
	}
	fsfs->file = (struct svngit_file){ .rev = SVN_INVALID_REVNUM };
	return 0;
}

/* ---- What is known ----------------------------------------------------- */

struct svngit_known *
svngit_fsfs_known(svngit_fsfs_t *fsfs, svn_revnum_t rev, apr_uint64_t number)
{
	apr_uint64_t hash = ((apr_uint64_t)rev << 24 ^ number) *
	    0x9e3779b97f4a7c15;

	return &fsfs->known[hash >> (64 - KNOWN_BITS)];
}

void
svngit_fsfs_know(svngit_fsfs_t *fsfs, const struct svngit_rep *rep,
    const struct gitw_id *id)
{
	if (rep->number != 0)
		*svngit_fsfs_known(fsfs, rep->rev, rep->number) =
		    (struct svngit_known){ rep->rev, rep->number, SVNGIT_NONE,
		    *id };
}
