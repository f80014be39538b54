/*
 * side_revprops.h: properties of revisions, as `svnadmin dump-revprops` says
 * them, whatever the repository is made of.
 *
 *	Revision-number: 7
 *	Prop-content-length: 94
 *	Content-length: 94
 *
 *	K 8
 *	svn:date
 *	...
 *	PROPS-END
 *
 * They are sorted by name, so what is between the empty line and the end is the
 * same at both ends when the properties are.
 */
#ifndef SVNHOTSYNC_SIDE_REVPROPS_H
#define SVNHOTSYNC_SIDE_REVPROPS_H

#include "side_fsfs.h"
#include "side_run.h"

#define REVPROPS_MAX	(15 << 20)	/* of a revision; fits into a message */

/* Called with the text of the properties of one revision after the other. */
typedef void revprops_fn(void *baton, long long rev, const char *text,
    size_t n);

static inline void
revprops_damaged(const char *path)
{
	xn_fail("svnadmin dump-revprops of %s prints something that is not "
	    "known", path);
}

/* One record, from its first header on: the size of its text. */
static inline size_t
revprops_headers(struct run_reader *rd, const char *path)
{
	static const char wanted[] = "Prop-content-length: ";
	long long n = -1;
	char *line;

	while ((line = reader_line(rd)) != NULL && line[0] != '\0')
		if (strncmp(line, wanted, sizeof(wanted) - 1) == 0)
			n = fs_whole_number(line + sizeof(wanted) - 1);
	if (line == NULL || n < 0 || n > REVPROPS_MAX)
		revprops_damaged(path);
	return (size_t)n;
}

/*
 * Call EACH for the properties of the N revisions from FIRST on; or fails.
 */
static inline void
revprops_read(const char *path, long long first, long long n,
    revprops_fn *each, void *baton)
{
	char range[64];
	const char *argv[7] = { "svnadmin", "dump-revprops", "-q", "-r" };
	struct run_reader rd;
	struct run run;
	long long due = first;
	size_t size;
	char *line;

	snprintf(range, sizeof(range), "%lld:%lld", first, first + n - 1);
	argv[4] = range;
	argv[5] = path;
	memset(&rd, 0, sizeof(rd));
	rd.run = &run;
	run_start(&run, argv, XN_CHILD_OUT);
	while ((line = reader_line(&rd)) != NULL) {
		if (strncmp(line, "Revision-number: ", 17) != 0)
			continue;	/* the dump's own headers */
		if (fs_whole_number(line + 17) != due || due >= first + n)
			revprops_damaged(path);
		size = revprops_headers(&rd, path);
		if (!reader_need(&rd, size))
			revprops_damaged(path);
		each(baton, due++, rd.bytes + rd.at, size);
		rd.at += size;
	}
	run_check(&run, "svnadmin dump-revprops", path, run_end(&run));
	if (due != first + n)
		revprops_damaged(path);
	xn_free(rd.bytes);
}

/* Start svnadmin, which gives revisions of PATH the properties that come by
 * revprops_put(), until its input is closed. */
static inline void
revprops_load(struct run *run, const char *path)
{
	static const char magic[] = "SVN-fs-dump-format-version: 2\n\n";
	const char *argv[] = { "svnadmin", "load-revprops", "-q",
	    "--bypass-prop-validation", path, NULL };

	run_start(run, argv, XN_CHILD_IN);
	if (xn_write_full(run->child.in, magic, sizeof(magic) - 1) != 0)
		run_check(run, "svnadmin load-revprops", path, run_end(run));
}

/* Give REV the properties of TEXT and no others; fails if svnadmin has. */
static inline void
revprops_put(struct run *run, const char *path, long long rev,
    const void *text, size_t n)
{
	char head[160];

	snprintf(head, sizeof(head), "Revision-number: %lld\n"
	    "Prop-content-length: %lld\nContent-length: %lld\n\n", rev,
	    (long long)n, (long long)n);
	run_hear(run);
	if (xn_write_full(run->child.in, head, strlen(head)) != 0 ||
	    xn_write_full(run->child.in, text, n) != 0 ||
	    xn_write_full(run->child.in, "\n", 1) != 0)
		run_check(run, "svnadmin load-revprops", path, run_end(run));
}

/* All were put, and are on the disk now; or fails. */
static inline void
revprops_loaded(struct run *run, const char *path)
{
	close(run->child.in);
	run->child.in = -1;
	run_check(run, "svnadmin load-revprops", path, run_end(run));
}

/* The same for one revision. */
static inline void
revprops_write(const char *path, long long rev, const void *text, size_t n)
{
	struct run run;

	revprops_load(&run, path);
	revprops_put(&run, path, rev, text, n);
	revprops_loaded(&run, path);
}

/* The digests of N revisions from FIRST on, 16 bytes each. */
struct revprops_digests {
	unsigned char *out;
	long long first;
};

static inline void
revprops_digest_one(void *baton, long long rev, const char *text, size_t n)
{
	struct revprops_digests *d = baton;

	xn_hash_bytes(text, n, d->out + (rev - d->first) * 16);
}

static inline void
revprops_digests(const char *path, long long first, long long n,
    unsigned char *out)
{
	struct revprops_digests d;

	d.out = out;
	d.first = first;
	revprops_read(path, first, n, revprops_digest_one, &d);
}

#endif
