/*
 * side_nodes.h: the records of nodes that `svnadmin dump` prints, for a digest
 * of what a revision changed.
 *
 *	Node-path: trunk/a
 *	Node-action: change
 *	Prop-content-length: 34		all properties that the node has now, if
 *	Text-content-length: 9		any was set, be it to what it was
 *	Content-length: 43
 *
 *	K 8 ...
 *
 * A mirror by dump has nothing of what was set to what it was: it is made of
 * deltas, which do not say so.  So of a node that was there before (a change, a
 * copy) the properties are taken from a dump with deltas, where there is more
 * than none; and a change of nothing is left out.  Texts are not by deltas,
 * which may be others where the versions of Subversion are.  The SHA-1 of a
 * text is left out: repositories that were made before 1.6 have none.
 */
#ifndef SVNHOTSYNC_SIDE_NODES_H
#define SVNHOTSYNC_SIDE_NODES_H

#include "side_fsfs.h"
#include "side_run.h"

#define NODE_HEAD	16384		/* bytes; lines are less than 4096 */
#define NODE_NO_DELTA	10		/* bytes of "PROPS-END\n" */

struct node {
	char head[NODE_HEAD];		/* the headers that count, a line each,
					 * and the path is the first */
	size_t path_n, head_n;
	int change;			/* it was at that path before, */
	int copied;			/* or elsewhere */
	int text;			/* it has one */
	long long props, all;		/* bytes of its properties, and of them
					 * with the text */
};

static inline int
node_head(struct node *node, const char *line)
{
	size_t n = strlen(line);

	if (n + 1 > sizeof(node->head) - node->head_n)
		return -1;
	memcpy(node->head + node->head_n, line, n);
	node->head_n += n;
	node->head[node->head_n++] = '\n';
	return 0;
}

static inline int
node_header(struct node *node, const char *line)
{
	if (strncmp(line, "Content-length: ", 16) == 0) {
		node->all = fs_whole_number(line + 16);
		return 0;
	}
	if (strncmp(line, "Prop-content-length: ", 21) == 0) {
		node->props = fs_whole_number(line + 21);
		return 0;
	}
	node->change |= strcmp(line, "Node-action: change") == 0;
	node->copied |= strncmp(line, "Node-copyfrom-rev: ", 19) == 0;
	node->text |= strncmp(line, "Text-content-length: ", 21) == 0;
	return strstr(line, "-sha1: ") != NULL ? 0 : node_head(node, line);
}

/* Read the headers of the node whose first one LINE is: 0, or -1, they are not
 * whole, or not known. */
static inline int
node_read(struct run_reader *rd, const char *line, struct node *node)
{
	node->head_n = 0;
	node->change = node->copied = node->text = 0;
	node->props = node->all = 0;
	if (node_head(node, line) != 0)
		return -1;
	node->path_n = node->head_n;
	while ((line = reader_line(rd)) != NULL && line[0] != '\0')
		if (node_header(node, line) != 0)
			return -1;
	return line == NULL || node->props < 0 || node->props > node->all ?
	    -1 : 0;
}

/* N bytes of a body, for HASH (null: for nothing): 0, or -1, it ends before. */
static inline int
record_body(struct run_reader *rd, xn_hash *hash, long long n)
{
	size_t piece;

	for (; n > 0; n -= (long long)piece) {
		piece = n > XN_PIECE ? XN_PIECE : (size_t)n;
		if (!reader_need(rd, piece))
			return -1;
		if (hash != NULL)
			xn_hash_add(hash, rd->bytes + rd->at, piece);
		rd->at += piece;
	}
	return 0;
}

/* Add a node of a dump without deltas to HASH, and read its body: 0; 1, its
 * properties are to be looked at in one with deltas; or -1, it ends before. */
static inline int
node_add(struct run_reader *rd, const struct node *node, xn_hash *hash)
{
	int based = node->change || node->copied;

	if (!node->change || node->text)
		xn_hash_add(hash, node->head, node->head_n);
	if (record_body(rd, based ? NULL : hash, node->props) != 0 ||
	    record_body(rd, hash, node->all - node->props) != 0)
		return -1;
	return based && node->props > 0;
}

/* Add what the properties of a node of a dump with deltas became to HASH, and
 * read its body: 1; 0, there is nothing that counts; or -1, it ends before. */
static inline int
node_add_props(struct run_reader *rd, const struct node *node, xn_hash *hash)
{
	int counts = (node->change || node->copied) &&
	    node->props > NODE_NO_DELTA;

	if (counts)
		xn_hash_add(hash, node->head, node->path_n);
	if (record_body(rd, counts ? hash : NULL, node->props) != 0 ||
	    record_body(rd, NULL, node->all - node->props) != 0)
		return -1;
	return counts;
}

/* The digest of a revision, OUT, with that of what its properties became. */
static inline void
nodes_with_props(unsigned char out[16], const unsigned char props[16])
{
	unsigned char both[32];

	memcpy(both, out, 16);
	memcpy(both + 16, props, 16);
	xn_hash_bytes(both, sizeof(both), out);
}

#endif
