/*
 * merge_copy.c: packs are put behind each other.
 *
 * A delta says how far before it its base is, so a body stays right wherever it
 * is.  An index is shifted with it.  Old packs and indexes are checked by their
 * sums on the way: damage is not to get a good sum.
 */
#include "plugins/git/merge_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <apr_strings.h>

#include "plugins/git/clean.h"
#include "plugins/git/deflate.h"
#include "plugins/git/place.h"

#define PIECE		(128 * 1024)

/* A pack that is read from its beginning to its end. */
struct source {
	const char *path;
	int fd;
	uint64_t at, body_end;		/* its sum is behind that */
	uint64_t *offsets;		/* of its entries, sorted; or null */
	size_t n, next;			/* of those; the first behind AT */
	int has_ref_delta;
	gitw_sha1_t sha1;
	unsigned char *piece;
};

/* ---- One pack ----------------------------------------------------------- */

static xn_error_t *
damaged(const char *path)
{
	return xn_error_create(XN_E_JOB, "%s is damaged", path);
}

static xn_error_t *
check_index(const struct gitw_packed *packed)
{
	const unsigned char *begin = packed->index.counts - 8;
	const unsigned char *sum = packed->index.sums + GITW_ID;
	gitw_sha1_t sha1;
	struct gitw_id id;

	gitw_sha1_begin(&sha1);
	gitw_sha1_add(&sha1, begin, (size_t)(sum - begin));
	gitw_sha1_end(&id, &sha1);
	if (memcmp(id.bytes, sum, GITW_ID) != 0)
		return xn_error_create(XN_E_JOB, "%s.idx is damaged",
		    packed->base);
	return NULL;
}

static int
by_offset(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static xn_error_t *
take_offsets(struct source *s, const struct gitw_packed *packed)
{
	s->n = packed->index.n;
	s->offsets = malloc((s->n + 1) * sizeof(*s->offsets));
	if (s->offsets == NULL)
		return xn_error_create(XN_E_NOMEM, "out of memory");
	for (size_t i = 0; i < s->n; i++)
		s->offsets[i] = gitw_index_offset(&packed->index, i);
	qsort(s->offsets, s->n, sizeof(*s->offsets), by_offset);
	if (s->n > 0 && (s->offsets[0] != GITW_PACK_HEADER ||
	    s->offsets[s->n - 1] >= s->body_end))
		return xn_error_create(XN_E_JOB, "%s.idx is damaged",
		    packed->base);
	return NULL;
}

static void
close_source(struct source *s)
{
	if (s->fd != -1)
		close(s->fd);
	free(s->offsets);
	free(s->piece);
}

static xn_error_t *
open_source(struct source *s, const struct gitw_packed *packed,
    apr_pool_t *pool)
{
	memset(s, 0, sizeof(*s));
	s->path = apr_pstrcat(pool, packed->base, ".pack", NULL);
	s->body_end = packed->size - GITW_ID;
	s->piece = malloc(PIECE);
	s->fd = open(s->path, O_RDONLY | O_CLOEXEC);
	if (s->fd == -1)
		return xn_error_system(errno, "cannot open %s", s->path);
	if (s->piece == NULL)
		return xn_error_create(XN_E_NOMEM, "out of memory");
	gitw_sha1_begin(&s->sha1);
	XN_TRY(check_index(packed));
	return take_offsets(s, packed);
}

/* Of the entries that begin in the N bytes of the piece. */
static void
look_at_types(struct source *s, size_t n)
{
	while (s->next < s->n && s->offsets[s->next] < s->at + n) {
		int type = s->piece[s->offsets[s->next] - s->at] >> 4 & 7;

		s->has_ref_delta |= type == GITW_REF_DELTA;
		s->next++;
	}
}

/* The next piece: *N bytes, 0 at the end of the body. */
static xn_error_t *
read_piece(size_t *n, struct source *s)
{
	uint64_t left = s->body_end - s->at;
	ssize_t got;

	*n = 0;
	if (left == 0)
		return NULL;
	do
		got = pread(s->fd, s->piece, left < PIECE ? (size_t)left :
		    PIECE, (off_t)s->at);
	while (got == -1 && errno == EINTR);
	if (got == -1)
		return xn_error_system(errno, "cannot read %s", s->path);
	if (got == 0)
		return damaged(s->path);
	gitw_sha1_add(&s->sha1, s->piece, (size_t)got);
	look_at_types(s, (size_t)got);
	*n = (size_t)got;
	return NULL;
}

/* Its body to FILE. */
static xn_error_t *
copy_body(struct gitw_file *file, struct source *s,
    const struct gitw_packed *packed)
{
	struct gitw_id sum;
	size_t n;

	for (;;) {
		size_t skip = s->at == 0 ? GITW_PACK_HEADER : 0;

		XN_TRY(read_piece(&n, s));
		if (n == 0)
			break;
		if (n < skip)
			return damaged(s->path);
		XN_TRY(gitw_file_write(file, s->piece + skip, n - skip));
		s->at += n;
	}
	gitw_sha1_end(&sum, &s->sha1);
	if (memcmp(sum.bytes, packed->index.sums, GITW_ID) != 0)
		return damaged(s->path);
	return NULL;
}

/* ---- Several ------------------------------------------------------------ */

/* The entries of PACKED, whose body will begin at AT. */
static xn_error_t *
add_entries(int *shared, struct gitw_entries *entries,
    const struct gitw_packed *packed, uint64_t at)
{
	for (size_t i = 0; !*shared && i < packed->index.n; i++) {
		struct gitw_entry entry = {
			.crc = gitw_index_crc(&packed->index, i),
			.offset = gitw_index_offset(&packed->index, i) -
			    GITW_PACK_HEADER + at
		};

		gitw_index_id(&entry.id, &packed->index, i);
		*shared = gitw_entries_find(entries, &entry.id) != NULL;
		XN_TRY(gitw_entries_add(entries, &entry));
	}
	return NULL;
}

/* The entries of all, before anything is copied. */
static xn_error_t *
collect(struct gitw_packed **bad, struct gitw_entries *entries,
    struct gitw_packed *const *packs, size_t n)
{
	uint64_t at = GITW_PACK_HEADER;

	for (size_t i = 0; i < n; i++) {
		int shared = 0;

		XN_TRY(add_entries(&shared, entries, packs[i], at));
		if (shared) {
			*bad = packs[i];
			return NULL;
		}
		at += packs[i]->size - GITW_PACK_HEADER - GITW_ID;
	}
	return NULL;
}

static xn_error_t *
copy_bodies(struct gitw_packed **bad, struct gitw_file *file,
    struct gitw_packed *const *packs, size_t n, apr_pool_t *pool)
{
	for (size_t i = 0; i < n && *bad == NULL; i++) {
		struct source source;
		xn_error_t *error = open_source(&source, packs[i], pool);

		if (error == NULL)
			error = copy_body(file, &source, packs[i]);
		if (error == NULL && source.has_ref_delta)
			*bad = packs[i];
		close_source(&source);
		XN_TRY(error);
	}
	return NULL;
}

/*
 * Say on the disk that the pack SUM will stand for PACKS: if we are killed when
 * it is there, and they are, gitw_clean() removes them.
 */
static xn_error_t *
mark(struct gitw_packed *const *packs, size_t n, const struct gitw_id *sum,
    apr_pool_t *pool)
{
	for (size_t i = 0; i < n; i++) {
		const char *pack = apr_pstrcat(pool, packs[i]->base, ".pack",
		    NULL);
		const char *second = gitw_old_mark(packs[i]->base, sum, pool);

		if (link(pack, second) != 0 && errno != EEXIST)
			return xn_error_system(errno, "cannot link %s to %s",
			    pack, second);
	}
	return NULL;
}

static xn_error_t *
remove_old(struct gitw_packed *const *packs, size_t n,
    const struct gitw_id *sum, apr_pool_t *pool)
{
	for (size_t i = 0; i < n; i++)
		XN_TRY(gitw_old_remove(packs[i]->base, sum, pool));
	return NULL;
}

static xn_error_t *
write_pack(struct gitw_packed **bad, struct gitw_file *file,
    struct gitw_entries *entries, struct gitw_packed *const *packs, size_t n,
    const char *folder, apr_pool_t *pool)
{
	unsigned char header[GITW_PACK_HEADER];
	struct gitw_id name;

	gitw_pack_header(header, entries->n);
	XN_TRY(gitw_file_write(file, header, sizeof(header)));
	XN_TRY(copy_bodies(bad, file, packs, n, pool));
	if (*bad != NULL)
		return NULL;
	XN_TRY(gitw_file_sum(&name, file));
	XN_TRY(mark(packs, n, &name, pool));
	XN_TRY(gitw_place(file, &name, entries, folder, pool));
	return remove_old(packs, n, &name, pool);
}

xn_error_t *
gitw_merge_copy(struct gitw_packed **bad, struct gitw_packed *const *packs,
    size_t n, const char *folder, apr_pool_t *pool)
{
	struct gitw_entries entries = { 0 };
	struct gitw_file file;
	xn_error_t *error;

	*bad = NULL;
	error = collect(bad, &entries, packs, n);
	if (error == NULL && *bad == NULL)
		error = gitw_file_create(&file, folder, 0444, 1);
	if (error == NULL && *bad == NULL) {
		error = write_pack(bad, &file, &entries, packs, n, folder,
		    pool);
		gitw_file_abandon(&file);
	}
	gitw_entries_free(&entries);
	return error;
}
