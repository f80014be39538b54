/*
 * side_prove_dump.h: digests of the records that `svnadmin dump` writes, for
 * repositories of which nothing else is known.
 *
 *	Revision-number: 7		its properties are the record's body
 *	Prop-content-length: 94
 *	Content-length: 94
 *
 *	K 8 ...
 *	Node-path: trunk/a		what follows up to the next revision is
 *	...				its content
 *
 * Not by deltas, which may be others where the versions of Subversion are.  The
 * SHA-1 of a text is left out: repositories that were made before 1.6 have none.
 */
#ifndef SVNHOTSYNC_SIDE_PROVE_DUMP_H
#define SVNHOTSYNC_SIDE_PROVE_DUMP_H

#include "side_prove.h"
#include "side_run.h"

#define DUMP_AT_ONCE	1000		/* revisions of one svnadmin */

struct dump_reading {
	struct prove *v;
	struct run_reader rd;
	xn_hash *hash;			/* of the content of rev; or null */
	long long rev, first;
};

static inline void
dump_damaged(const struct dump_reading *d)
{
	xn_fail("svnadmin dump of %s prints something that is not known",
	    d->v->s.path);
}

/* The revision at hand has all its nodes. */
static inline void
dump_end(struct dump_reading *d)
{
	if (d->hash == NULL)
		return;
	xn_hash_end(d->hash, d->v->content + d->rev * 16);
	d->hash = NULL;
	d->v->known[d->rev] |= KNOWN_CONTENT | KNOWN_PROPS;
}

/* N bytes of a body, for HASH (null: for nothing). */
static inline void
dump_body(struct dump_reading *d, xn_hash *hash, long long n)
{
	struct run_reader *rd = &d->rd;
	size_t piece;

	for (; n > 0; n -= (long long)piece) {
		piece = n > XN_PIECE ? XN_PIECE : (size_t)n;
		if (!reader_need(rd, piece))
			dump_damaged(d);
		if (hash != NULL)
			xn_hash_add(hash, rd->bytes + rd->at, piece);
		rd->at += piece;
	}
}

/* The headers that follow: the length of the body; those of a node are of its
 * content. */
static inline long long
dump_headers(struct dump_reading *d, xn_hash *hash)
{
	long long n = 0;
	char *line;

	while ((line = reader_line(&d->rd)) != NULL && line[0] != '\0') {
		if (strncmp(line, "Content-length: ", 16) == 0)
			n = fs_whole_number(line + 16);
		if (hash != NULL && strstr(line, "-sha1: ") == NULL) {
			xn_hash_add(hash, line, strlen(line));
			xn_hash_add(hash, "\n", 1);
		}
	}
	if (line == NULL || n < 0)
		dump_damaged(d);
	return n;
}

static inline void
dump_revision(struct dump_reading *d, long long rev, long long behind)
{
	xn_hash *props;
	long long n;

	dump_end(d);
	if (rev != d->rev + 1 || rev >= behind)
		dump_damaged(d);
	d->rev = rev;
	n = dump_headers(d, NULL);
	props = xn_hash_start();
	dump_body(d, props, n);
	xn_hash_end(props, d->v->props + rev * 16);
	d->hash = xn_hash_start();
	prove_tell(d->v, rev);
}

/* Have svnadmin dump the N revisions from FIRST on. */
static inline void
dump_some(struct prove *v, long long first, long long n)
{
	const char *argv[8] = { "svnadmin", "dump", "-q", "--incremental",
	    "-r" };
	struct dump_reading d;
	struct run run;
	char range[64];
	char *line;

	snprintf(range, sizeof(range), "%lld:%lld", first, first + n - 1);
	argv[5] = range;
	argv[6] = v->s.path;
	memset(&d, 0, sizeof(d));
	d.v = v;
	d.rd.run = &run;
	d.rev = first - 1;
	run_start(&run, argv, XN_CHILD_OUT);
	while ((line = reader_line(&d.rd)) != NULL) {
		if (strncmp(line, "Revision-number: ", 17) == 0) {
			dump_revision(&d, fs_whole_number(line + 17),
			    first + n);
		} else if (strncmp(line, "Node-path: ", 11) == 0) {
			if (d.hash == NULL)
				dump_damaged(&d);
			xn_hash_add(d.hash, line, strlen(line));
			xn_hash_add(d.hash, "\n", 1);
			dump_body(&d, d.hash, dump_headers(&d, d.hash));
		}
	}
	/* Of a dump that failed the last revision is not whole. */
	run_check(&run, "svnadmin dump", v->s.path, run_end(&run));
	dump_end(&d);
	if (d.rev != first + n - 1)
		dump_damaged(&d);
	xn_free(d.rd.bytes);
}

/* For xn_attempt(). */
struct dump_try {
	struct prove *v;
	long long first, n;
};

static inline void
dump_try(void *baton)
{
	struct dump_try *t = baton;

	dump_some(t->v, t->first, t->n);
}

/* Make those of the N revisions from FIRST on known: what svnadmin cannot dump
 * is damaged. */
static inline void
dump_digests(struct prove *v, long long first, long long n)
{
	struct dump_try t = { v, first, 0 };
	long long end = first + n;
	char error[1024];

	while (t.first < end) {
		if (v->known[t.first] == (KNOWN_PROPS | KNOWN_CONTENT)) {
			t.first++;
			continue;
		}
		for (t.n = 1; t.n < DUMP_AT_ONCE && t.first + t.n < end &&
		    v->known[t.first + t.n] == 0;)
			t.n++;
		if (xn_attempt(dump_try, &t, error, sizeof(error)) == 0)
			continue;
		/* "": nobody listens any more. */
		if (error[0] == '\0')
			xn_send(v->channel, "(sl)", "at", t.first);
		while (t.n > 1 && v->known[t.first] != 0) {
			t.first++;
			t.n--;
		}
		prove_damaged(v, v->props + t.first * 16, error);
		prove_damaged(v, v->content + t.first * 16, error);
		v->known[t.first] = KNOWN_PROPS | KNOWN_CONTENT;
	}
}

#endif
