/*
 * stored.c: see stored.h.
 */
#include "plugins/git/stored.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <apr_strings.h>

#define PACK_HEADER	12

struct gitw_stored {
	const char *objects;		/* DIR/objects */
	apr_array_header_t *packs;	/* struct gitw_packed * */
	unsigned char loose[256];	/* is there a folder of that byte? */
	apr_pool_t *pool;
};

struct mapping {
	void *bytes;
	size_t size;
};

static apr_status_t
unmap(void *baton)
{
	const struct mapping *m = baton;

	munmap(m->bytes, m->size);
	return APR_SUCCESS;
}

/* ---- One pack ----------------------------------------------------------- */

/*
 * The file at PATH in memory; *BYTES is null if there is none.  An empty file
 * cannot be mapped: its size is 0, and *BYTES a text.
 */
static xn_error_t *
map(const void **bytes, size_t *size, const char *path, apr_pool_t *pool)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), bad = errno;
	struct mapping *m;
	struct stat st;

	*bytes = NULL;
	*size = 0;
	if (fd == -1 && bad == ENOENT)
		return NULL;
	if (fd == -1 || fstat(fd, &st) != 0) {
		bad = errno;
		if (fd != -1)
			close(fd);
		return xn_error_system(bad, "cannot open %s", path);
	}
	if (st.st_size == 0) {
		close(fd);
		*bytes = "";
		return NULL;
	}
	m = apr_palloc(pool, sizeof(*m));
	m->size = *size = (size_t)st.st_size;
	m->bytes = mmap(NULL, m->size, PROT_READ, MAP_PRIVATE, fd, 0);
	bad = errno;
	close(fd);
	if (m->bytes == MAP_FAILED)
		return xn_error_system(bad, "cannot map %s", path);
	apr_pool_cleanup_register(pool, m, unmap, apr_pool_cleanup_null);
	*bytes = m->bytes;
	return NULL;
}

/*
 * Is the pack at FD the one that INDEX is of, by what it begins and ends with?
 */
static int
is_of(const struct gitw_index *index, int fd, uint64_t size)
{
	unsigned char head[PACK_HEADER], tail[GITW_ID];
	uint32_t n = (uint32_t)index->n;
	const unsigned char want[PACK_HEADER] = { 'P', 'A', 'C', 'K', 0, 0, 0,
		2, (unsigned char)(n >> 24), (unsigned char)(n >> 16),
		(unsigned char)(n >> 8), (unsigned char)n };

	return size >= sizeof(head) + sizeof(tail) &&
	    pread(fd, head, sizeof(head), 0) == (ssize_t)sizeof(head) &&
	    pread(fd, tail, sizeof(tail), (off_t)(size - sizeof(tail))) ==
	    (ssize_t)sizeof(tail) &&
	    memcmp(head, want, sizeof(head)) == 0 &&
	    memcmp(tail, index->sums, sizeof(tail)) == 0;
}

/* Is the pack beside the index there (*THERE), and the one of the index? */
static xn_error_t *
check_pack(int *there, struct gitw_packed *packed, apr_pool_t *pool)
{
	const char *path = apr_pstrcat(pool, packed->base, ".pack", NULL);
	int fd = open(path, O_RDONLY | O_CLOEXEC), good, bad = errno;
	struct stat st;

	*there = fd != -1;
	if (fd == -1)
		return bad == ENOENT ? NULL : xn_error_system(bad,
		    "cannot open %s", path);
	good = fstat(fd, &st) == 0;
	packed->size = good ? (uint64_t)st.st_size : 0;
	good = good && is_of(&packed->index, fd, packed->size);
	close(fd);
	if (!good)
		return xn_error_create(XN_E_JOB,
		    "the pack %s is damaged, or not the one of its index",
		    path);
	return NULL;
}

/* A pack without an index, or the other way round, is none, as in Git. */
static xn_error_t *
open_pack(gitw_stored_t *stored, const char *base)
{
	struct gitw_packed *packed = apr_pcalloc(stored->pool,
	    sizeof(*packed));
	const char *path = apr_pstrcat(stored->pool, base, ".idx", NULL);
	const char *wrong;
	const void *bytes;
	size_t size;
	int there;

	packed->base = base;
	XN_TRY(map(&bytes, &size, path, stored->pool));
	if (bytes == NULL)
		return NULL;
	wrong = gitw_index_parse(&packed->index, bytes, size);
	if (wrong != NULL)
		return xn_error_create(XN_E_JOB, "cannot use the index %s: %s",
		    path, wrong);
	XN_TRY(check_pack(&there, packed, stored->pool));
	if (there)
		APR_ARRAY_PUSH(stored->packs, struct gitw_packed *) = packed;
	return NULL;
}

/* ---- All of them -------------------------------------------------------- */

static int
is_known(const gitw_stored_t *stored, const char *base)
{
	for (int i = 0; i < stored->packs->nelts; i++) {
		const struct gitw_packed *packed = APR_ARRAY_IDX(stored->packs,
		    i, struct gitw_packed *);

		if (!packed->gone && strcmp(packed->base, base) == 0)
			return 1;
	}
	return 0;
}

/* Open the packs that are not known yet. */
static xn_error_t *
open_packs(gitw_stored_t *stored)
{
	const char *folder = apr_pstrcat(stored->pool, stored->objects,
	    "/pack", NULL);
	xn_error_t *error = NULL;
	struct dirent *entry;
	DIR *d = opendir(folder);

	if (d == NULL)
		return xn_error_system(errno, "cannot read the folder %s",
		    folder);
	while (error == NULL && (entry = readdir(d)) != NULL) {
		size_t n = strlen(entry->d_name);
		const char *base;

		if (n <= 4 || strcmp(entry->d_name + n - 4, ".idx") != 0 ||
		    strncmp(entry->d_name, "pack-", 5) != 0)
			continue;
		base = apr_psprintf(stored->pool, "%s/%.*s", folder,
		    (int)(n - 4), entry->d_name);
		if (!is_known(stored, base))
			error = open_pack(stored, base);
	}
	closedir(d);
	return error;
}

/* Most repositories of ours have no loose objects: seldom look for one. */
static void
look_for_loose(gitw_stored_t *stored)
{
	for (int i = 0; i < 256; i++) {
		const char *path = apr_psprintf(stored->pool, "%s/%02x",
		    stored->objects, (unsigned int)i);

		stored->loose[i] = access(path, F_OK) == 0;
	}
}

xn_error_t *
gitw_stored_open(gitw_stored_t **stored, const char *dir, apr_pool_t *pool)
{
	gitw_stored_t *s = apr_pcalloc(pool, sizeof(*s));

	s->pool = pool;
	s->objects = apr_pstrcat(pool, dir, "/objects", NULL);
	s->packs = apr_array_make(pool, 16, sizeof(struct gitw_packed *));
	look_for_loose(s);
	*stored = s;
	return open_packs(s);
}

const apr_array_header_t *
gitw_stored_packs(const gitw_stored_t *stored)
{
	return stored->packs;
}

/* ---- Objects ------------------------------------------------------------ */

/* The path of a loose object in PATH, or 0: there is none. */
static int
find_loose(char path[4096], const gitw_stored_t *stored,
    const struct gitw_id *id)
{
	char hex[GITW_HEX + 1];
	struct stat st;

	if (!stored->loose[id->bytes[0]])
		return 0;
	gitw_id_hex(id, hex);
	apr_snprintf(path, 4096, "%s/%.2s/%s", stored->objects, hex, hex + 2);
	/* A power failure leaves empty ones: they are worth nothing. */
	return stat(path, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0;
}

static struct gitw_packed *
find_packed(long *i, const gitw_stored_t *stored, const struct gitw_id *id)
{
	for (int n = 0; n < stored->packs->nelts; n++) {
		struct gitw_packed *packed = APR_ARRAY_IDX(stored->packs, n,
		    struct gitw_packed *);

		if (!packed->gone &&
		    (*i = gitw_index_find(&packed->index, id)) >= 0)
			return packed;
	}
	return NULL;
}

struct gitw_packed *
gitw_stored_find(uint64_t *at, const gitw_stored_t *stored,
    const struct gitw_id *id)
{
	long i;
	struct gitw_packed *packed = find_packed(&i, stored, id);

	if (packed != NULL)
		*at = gitw_index_offset(&packed->index, (size_t)i);
	return packed;
}

int
gitw_stored_has(const gitw_stored_t *stored, const struct gitw_id *id)
{
	char path[4096];
	long i;

	return find_packed(&i, stored, id) != NULL ||
	    find_loose(path, stored, id);
}

/* 1 if it is as new as now, 0 if that cannot be, -1 if it has gone. */
static int
touch(const char *path)
{
	if (utimensat(AT_FDCWD, path, NULL, 0) == 0)
		return 1;
	return errno == ENOENT ? -1 : 0;
}

static int
touch_pack(struct gitw_packed *packed)
{
	char path[4096];
	int touched;

	if (packed->fresh)
		return 1;
	apr_snprintf(path, sizeof(path), "%s.pack", packed->base);
	touched = touch(path);
	packed->fresh = touched > 0;
	packed->gone = touched < 0;
	return touched;
}

xn_error_t *
gitw_stored_use(int *has, gitw_stored_t *stored, const struct gitw_id *id)
{
	struct gitw_packed *packed;
	char path[4096];
	long i;

	*has = 0;
	while ((packed = find_packed(&i, stored, id)) != NULL) {
		int touched = touch_pack(packed);

		*has = touched > 0;
		if (touched >= 0)
			return NULL;
		/* Packs were made one: that is there before the old ones go. */
		XN_TRY(open_packs(stored));
	}
	*has = find_loose(path, stored, id) && touch(path) > 0;
	return NULL;
}
