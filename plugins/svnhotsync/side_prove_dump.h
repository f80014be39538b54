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
 * SHA-1 of a text is left out: repositories that were made before 1.6 have
 * none.
 */
#ifndef SVNHOTSYNC_SIDE_PROVE_DUMP_H
#define SVNHOTSYNC_SIDE_PROVE_DUMP_H

#include "side_prove.h"
#include "side_run.h"

#define DUMP_AT_ONCE	1000		/* revisions of one svnadmin */

struct dump_reading {
	struct prove *v;
	struct run run;
	struct run_reader rd;
	xn_hash *hash;			/* of the content of rev; or null */
	xn_hash *props;			/* of its properties; or null */
	long long first, n;		/* what is dumped, */
	long long rev;			/* and the one at hand */
};

static inline void
dump_damaged(const struct dump_reading *d)
{
	xn_fail("svnadmin dump of %s prints something that is not known",
	    d->v->s.path);
}

/* It ended within something: why, it has said. */
static inline void
dump_ended(struct dump_reading *d)
{
	if (d->rd.ended)
		run_check(&d->run, "svnadmin dump", d->v->s.path,
		    run_end(&d->run));
	dump_damaged(d);
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
			dump_ended(d);
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
	if (line == NULL)
		dump_ended(d);
	if (n < 0)
		dump_damaged(d);
	return n;
}

static inline void
dump_revision(struct dump_reading *d, long long rev, long long behind)
{
	long long n;

	dump_end(d);
	if (rev != d->rev + 1 || rev >= behind)
		dump_damaged(d);
	d->rev = rev;
	n = dump_headers(d, NULL);
	d->props = xn_hash_start();
	dump_body(d, d->props, n);
	xn_hash_end(d->props, d->v->props + rev * 16);
	d->props = NULL;
	d->hash = xn_hash_start();
	prove_tell(d->v, rev);
}

/* For xn_attempt(): have svnadmin dump what is asked for. */
static inline void
dump_some(void *baton)
{
	struct dump_reading *d = baton;
	const char *argv[8] = { "svnadmin", "dump", "-q", "--incremental",
	    "-r" };
	char range[64];
	char *line;

	snprintf(range, sizeof(range), "%lld:%lld", d->first,
	    d->first + d->n - 1);
	argv[5] = range;
	argv[6] = d->v->s.path;
	d->rd.run = &d->run;
	d->rev = d->first - 1;
	run_start(&d->run, argv, XN_CHILD_OUT);
	d->run.silent = 1;	/* what it says of a revision is the answer */
	while ((line = reader_line(&d->rd)) != NULL) {
		if (strncmp(line, "Revision-number: ", 17) == 0) {
			dump_revision(d, fs_whole_number(line + 17),
			    d->first + d->n);
		} else if (strncmp(line, "Node-path: ", 11) == 0) {
			if (d->hash == NULL)
				dump_damaged(d);
			xn_hash_add(d->hash, line, strlen(line));
			xn_hash_add(d->hash, "\n", 1);
			dump_body(d, d->hash, dump_headers(d, d->hash));
		}
	}
	/* Of a dump that failed the last revision is not whole. */
	run_check(&d->run, "svnadmin dump", d->v->s.path, run_end(&d->run));
	dump_end(d);
	if (d->rev != d->first + d->n - 1)
		dump_damaged(d);
}

/* However it ended, nothing of it stays. */
static inline void
dump_let_go(struct dump_reading *d)
{
	unsigned char unused[16];
	int ignored;

	if (d->run.running)
		xn_child_kill(&d->run.child, &ignored, &ignored);
	if (d->hash != NULL)
		xn_hash_end(d->hash, unused);
	if (d->props != NULL)
		xn_hash_end(d->props, unused);
	xn_free(d->rd.bytes);
}

/* Make those of the N revisions from FIRST on known: what svnadmin cannot dump
 * is damaged. */
static inline void
dump_digests(struct prove *v, long long first, long long n)
{
	struct dump_reading d;
	long long end = first + n;
	char error[1024];
	int failed;

	while (first < end) {
		if (v->known[first] == (KNOWN_PROPS | KNOWN_CONTENT)) {
			first++;
			continue;
		}
		for (n = 1; n < DUMP_AT_ONCE && first + n < end &&
		    v->known[first + n] == 0;)
			n++;
		memset(&d, 0, sizeof(d));
		d.v = v;
		d.first = first;
		d.n = n;
		failed = xn_attempt(dump_some, &d, error, sizeof(error));
		dump_let_go(&d);
		if (failed == 0)
			continue;
		/* "": nobody listens any more. */
		if (error[0] == '\0')
			xn_send(v->channel, "(sl)", "at", first);
		for (; n > 1 && v->known[first] != 0; n--)
			first++;
		prove_damaged(v, v->props + first * 16, error);
		prove_damaged(v, v->content + first * 16, error);
		v->known[first] = KNOWN_PROPS | KNOWN_CONTENT;
	}
}

#endif
