/*
 * The loading side for a mirror that is here: see side_load.c.  What it needs
 * of Subversion libsvn does in this thread.
 *
 * A side ends by a jump, which must not pass over libsvn: so what libsvn calls
 * back is an attempt.
 */
#include "plugins/svnhotsync/sides.h"

#define SVNHOTSYNC_LIBSVN
#define remote_main svnhotsync_side_load
#include "side_load.c"

#include "plugins/svnhotsync/loader.h"

void
load_create(struct load *l, const char *path)
{
	if (loader_create(path, l->m.uuid, l->why) != 0)
		xn_fail("cannot make the mirror %s: %s", l->m.path, l->why);
}

/* The mirror, opened when it is first needed. */
static loader_t *
mirror_opened(struct load *l)
{
	loader_t *loader;

	if (l->loader == NULL) {
		if (loader_open(&loader, l->m.path, l->why) != 0)
			xn_fail("cannot open the mirror %s: %s", l->m.path,
			    l->why);
		l->loader = loader;
	}
	return l->loader;
}

/* One piece, for an attempt. */
struct piece {
	struct load *load;
	const void *bytes;
	size_t n;
	int state;
};

static void
take_piece(void *baton)
{
	struct piece *p = baton;

	p->state = load_piece(p->load, &p->bytes, &p->n);
}

static int
next_piece(void *baton, const void **bytes, size_t *n, char *error)
{
	struct piece p = { baton, NULL, 0, -1 };

	if (xn_attempt(take_piece, &p, error, LOADER_ERROR) != 0) {
		if (error[0] == '\0')
			snprintf(error, LOADER_ERROR, "the source's side ended "
			    "the conversation");
		return -1;
	}
	if (p.state < 0)
		snprintf(error, LOADER_ERROR, "an end was asked for");
	/* The end of a dump commits its last revision: not of one that failed,
	 * which may have ended in the middle of it. */
	if (p.state == 0 && ((struct load *)baton)->dump_status != 0) {
		snprintf(error, LOADER_ERROR, "the dump is not whole");
		return -1;
	}
	*bytes = p.bytes;
	*n = p.n;
	return p.state;
}

int
load_stream(struct load *l, long long first)
{
	enum loader_why why;
	int rc = loader_load(mirror_opened(l), (long)first, next_piece, l,
	    &why, l->why);

	l->no_space = why == LOADER_NO_SPACE;
	l->foreign = why == LOADER_FOREIGN;
	return rc;
}

static void
props_of(struct load *l, long long rev, const char **text, size_t *n)
{
	if (loader_props(mirror_opened(l), (long)rev, text, n, l->why) != 0)
		xn_fail("cannot read the properties of r%lld in %s: %s", rev,
		    l->m.path, l->why);
}

void
load_digests(struct load *l, long long first, long long n, unsigned char *out)
{
	const char *text;
	size_t size;

	for (long long i = 0; i < n; i++) {
		props_of(l, first + i, &text, &size);
		xn_hash_bytes(text, size, out + i * 16);
	}
}

void
load_date(struct load *l, long long rev, char out[64])
{
	const char *text;
	size_t n;

	props_of(l, rev, &text, &n);
	fs_props_date(out, text, n);
}

void
load_props(struct load *l, long long rev, const void *text, size_t n)
{
	if (loader_set_props(mirror_opened(l), (long)rev, text, n,
	    l->why) != 0)
		xn_fail("cannot change the properties of r%lld in %s: %s", rev,
		    l->m.path, l->why);
}

void
load_props_end(struct load *l)
{
	(void)l;
}

static int
never(void *baton)
{
	(void)baton;
	return 0;
}

int
load_verify(struct load *l, const char *path, long long first, long long last,
    int packed)
{
	char odd[LOADER_ERROR];
	long bad;

	return loader_verify(path, (long)first, (long)last, packed, never, l,
	    &bad, odd, l->why) == 0;
}

void
load_close(struct load *l)
{
	loader_close(l->loader);
	l->loader = NULL;
}
