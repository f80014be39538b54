/*
 * side_load_svnadmin.h: what the loading side needs of Subversion, done by its
 * programs.
 */
#ifndef SVNHOTSYNC_SIDE_LOAD_SVNADMIN_H
#define SVNHOTSYNC_SIDE_LOAD_SVNADMIN_H

#include "side_load.h"
#include "side_revprops.h"
#include "side_verify_svnadmin.h"

static void
run_whole(const char *const *argv, const char *name, const char *path)
{
	char ignored[256];

	run_line(argv, name, path, ignored, sizeof(ignored));
}

void
load_create(struct load *l, const char *path)
{
	const char *create[] = { "svnadmin", "create", "--fs-type", "fsfs",
	    path, NULL };
	const char *set[] = { "svnadmin", "setuuid", path, l->m.uuid, NULL };

	run_whole(create, "svnadmin create", path);
	run_whole(set, "svnadmin setuuid", path);
}

/* Feed svnadmin: 0 at the end, -1 when it takes no more, 1 when an end is
 * wanted. */
static int
feed(struct load *l, struct run *run)
{
	const void *bytes;
	size_t n;
	int more;

	while ((more = load_piece(l, &bytes, &n)) > 0) {
		run_hear(run);
		if (xn_write_full(run->child.in, bytes, n) != 0)
			return -1;
	}
	return more < 0;
}

int
load_stream(struct load *l, long long first)
{
	const char *argv[] = { "svnadmin", "load", "-q", "--ignore-uuid",
	    "--bypass-prop-validation", "--no-flush-to-disk", l->m.path, NULL };
	int status, ignored, ended;
	struct run run;

	(void)first;
	run_start(&run, argv, XN_CHILD_IN);
	ended = feed(l, &run);
	/* The end of its input commits the last revision: not of a dump that
	 * failed, which may have ended in the middle of it. */
	if (ended == 1 || (ended == 0 && l->dump_status != 0)) {
		xn_child_kill(&run.child, &status, &ignored);
		return -1;
	}
	close(run.child.in);
	run.child.in = -1;
	status = run_end(&run);
	if (status == 0 && ended == 0)
		return 0;
	snprintf(l->why, sizeof(l->why), "svnadmin load %s %d: %s",
	    status > 128 ? "was ended by signal" : "exited with",
	    status > 128 ? status - 128 : status, run.said);
	l->no_space = strstr(run.said, "No space left") != NULL;
	return -1;
}

void
load_digests(struct load *l, long long first, long long n, unsigned char *out)
{
	revprops_digests(l->m.path, first, n, out);
}

static void
take_date(void *baton, long long rev, const char *text, size_t n)
{
	(void)rev;
	fs_props_date(baton, text, n);
}

void
load_date(struct load *l, long long rev, char out[64])
{
	revprops_read(l->m.path, rev, 1, take_date, out);
}

/* Several go to one svnadmin, which flushes what it changes. */
void
load_props(struct load *l, long long rev, const void *text, size_t n)
{
	struct run *run = l->loader;

	if (run == NULL) {
		l->loader = run = xn_malloc(sizeof(*run));
		if (run == NULL)
			xn_fail("out of memory");
		revprops_load(run, l->m.path);
	}
	revprops_put(run, l->m.path, rev, text, n);
}

void
load_props_end(struct load *l)
{
	struct run *run = l->loader;

	if (run == NULL)
		return;
	revprops_loaded(run, l->m.path);
	xn_free(run);
	l->loader = NULL;
}

int
load_verify(struct load *l, const char *path, long long first, long long last,
    int packed)
{
	struct run run;

	(void)l;
	return svnadmin_verify(&run, path, first, last, packed) >= 0;
}

/* Programs are gone with their end. */
void
load_close(struct load *l)
{
	(void)l;
}

#endif
