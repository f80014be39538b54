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
 * Which of it counts, and why some of it is looked at in a second dump, with
 * deltas, side_nodes.h says.
 */
#ifndef SVNHOTSYNC_SIDE_PROVE_DUMP_H
#define SVNHOTSYNC_SIDE_PROVE_DUMP_H

#include "side_nodes.h"
#include "side_prove.h"

#define DUMP_AT_ONCE	1000		/* revisions of one svnadmin */
#define DUMP_GAP	20		/* that cost less than to start it */

struct dump_reading {
	struct prove *v;
	struct run run;
	struct run_reader rd;
	struct node node;
	xn_hash *hash;			/* of the content of rev; or null */
	xn_hash *props;			/* of its properties; or null */
	long long first, n;		/* what is dumped, */
	long long rev;			/* and the one at hand */
	long long again;		/* -1; or, in the second look, with
					 * deltas, how far the first one came,
					 * which is said meanwhile */
	int some;			/* of the one at hand something counts
					 * in it */
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
	unsigned char *content = d->v->content + d->rev * 16;
	unsigned char props[16] = { 0 };

	if (d->hash == NULL)
		return;
	xn_hash_end(d->hash, d->again >= 0 ? props : content);
	d->hash = NULL;
	if (d->again >= 0 && d->some)
		nodes_with_props(content, props);
	if (d->again >= 0)
		d->v->known[d->rev] = 0;
	d->v->known[d->rev] |= KNOWN_CONTENT | KNOWN_PROPS;
}

static inline void
dump_revision(struct dump_reading *d, const char *line, long long behind)
{
	long long rev = fs_whole_number(line + 17);

	dump_end(d);
	if (rev != d->rev + 1 || rev >= behind)
		dump_damaged(d);
	d->rev = rev;
	d->some = 0;
	if (node_read(&d->rd, line, &d->node) != 0)
		dump_ended(d);
	d->props = d->again >= 0 ? NULL : xn_hash_start();
	if (record_body(&d->rd, d->props, d->node.all) != 0)
		dump_ended(d);
	if (d->props != NULL)
		xn_hash_end(d->props, d->v->props + rev * 16);
	d->props = NULL;
	d->hash = xn_hash_start();
	prove_tell(d->v, d->again >= 0 ? d->again : rev);
}

static inline void
dump_node(struct dump_reading *d, const char *line)
{
	int found;

	if (d->hash == NULL)
		dump_damaged(d);
	if (node_read(&d->rd, line, &d->node) != 0)
		dump_ended(d);
	found = d->again >= 0 ? node_add_props(&d->rd, &d->node, d->hash) :
	    node_add(&d->rd, &d->node, d->hash);
	if (found < 0)
		dump_ended(d);
	d->some |= found;
	if (found > 0 && d->again < 0)
		d->v->known[d->rev] |= KNOWN_BY_HALF;
}

/* For xn_attempt(): have svnadmin dump what is asked for. */
static inline void
dump_some(void *baton)
{
	struct dump_reading *d = baton;
	const char *argv[9] = { "svnadmin", "dump", "-q", "--incremental",
	    "-r" };
	char range[64];
	char *line;

	snprintf(range, sizeof(range), "%lld:%lld", d->first,
	    d->first + d->n - 1);
	argv[5] = range;
	argv[6] = d->v->s.path;
	argv[7] = d->again >= 0 ? "--deltas" : NULL;
	d->rd.run = &d->run;
	d->rev = d->first - 1;
	run_start(&d->run, argv, XN_CHILD_OUT);
	d->run.silent = 1;	/* what it says of a revision is the answer */
	while ((line = reader_line(&d->rd)) != NULL) {
		if (strncmp(line, "Revision-number: ", 17) == 0)
			dump_revision(d, line, d->first + d->n);
		else if (strncmp(line, "Node-path: ", 11) == 0)
			dump_node(d, line);
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

/* Read the N revisions from FIRST on, AGAIN or not (-1): 0, or -1 and ERROR. */
static inline int
dump_read(struct dump_reading *d, struct prove *v, long long first,
    long long n, long long again, char *error, size_t size)
{
	int failed;

	memset(d, 0, sizeof(*d));
	d->v = v;
	d->first = first;
	d->n = n;
	d->again = again;
	failed = xn_attempt(dump_some, d, error, size);
	dump_let_go(d);
	/* "": nobody listens any more. */
	if (failed != 0 && error[0] == '\0')
		xn_send(v->channel, "(sl)", "at", first);
	return failed;
}

/* How many of the revisions from FIRST on and before END are to be looked at
 * again by one svnadmin. */
static inline long long
dump_together(const struct prove *v, long long first, long long end)
{
	long long last = first;

	for (long long rev = first; rev < end && rev - last <= DUMP_GAP; rev++)
		if ((v->known[rev] & KNOWN_BY_HALF) != 0)
			last = rev;
	return last - first + 1;
}

/* Have those of the revisions from FIRST on and before END that need it be
 * looked at with deltas, too; without, all up to AT are known. */
static inline void
dump_again(struct prove *v, long long first, long long end, long long at)
{
	struct dump_reading d;
	char error[1024];

	for (; first < end; first++) {
		if ((v->known[first] & KNOWN_BY_HALF) == 0)
			continue;
		if (dump_read(&d, v, first, dump_together(v, first, end), at,
		    error, sizeof(error)) == 0)
			continue;
		first = d.rev < first ? first : d.rev;
		prove_damaged(v, v->content + first * 16, error);
		v->known[first] = KNOWN_PROPS | KNOWN_CONTENT;
	}
}

/* Make those of the N revisions from FIRST on known: what svnadmin cannot dump
 * is damaged. */
static inline void
dump_digests(struct prove *v, long long first, long long n)
{
	struct dump_reading d;
	long long end = first + n, begin;
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
		failed = dump_read(&d, v, first, n, -1, error, sizeof(error));
		for (begin = first; n > 0 &&
		    (v->known[first] & KNOWN_CONTENT) != 0; n--)
			first++;
		dump_again(v, begin, first, d.rev);
		if (failed == 0 || n == 0)
			continue;
		prove_damaged(v, v->props + first * 16, error);
		prove_damaged(v, v->content + first * 16, error);
		v->known[first] = KNOWN_PROPS | KNOWN_CONTENT;
	}
}

#endif
