/*
 * side_content.h: what a revision changed, as one digest, whatever the
 * repository is made of: the nodes that `svnadmin dump` prints of it
 * (side_nodes.h), without the properties of the revision itself.
 */
#ifndef SVNHOTSYNC_SIDE_CONTENT_H
#define SVNHOTSYNC_SIDE_CONTENT_H

#include "side_nodes.h"

/* One record, whose first header LINE is, of a dump with or without DELTAS:
 * what node_add_props() and node_add() say. */
static inline int
content_record(struct run_reader *rd, const char *line, int deltas,
    xn_hash *hash)
{
	int revision = strncmp(line, "Revision-number: ", 17) == 0;
	struct node node;

	if (!revision && strncmp(line, "Node-path: ", 11) != 0)
		return 0;	/* what the dump itself begins with */
	if (node_read(rd, line, &node) != 0)
		return -1;
	if (revision)
		return record_body(rd, NULL, node.all);
	return deltas ? node_add_props(rd, &node, hash) :
	    node_add(rd, &node, hash);
}

/* Of REV of the repository at PATH, in a dump with or without DELTAS: is there
 * something that a record says 1 of?  Or fails. */
static inline int
content_pass(const char *path, long long rev, int deltas,
    unsigned char out[16])
{
	const char *argv[9] = { "svnadmin", "dump", "-q", "--incremental",
	    "-r" };
	struct run_reader rd;
	struct run run;
	xn_hash *hash;
	char range[64];
	char *line;
	int some = 0, found = 0, ignored;

	snprintf(range, sizeof(range), "%lld:%lld", rev, rev);
	argv[5] = range;
	argv[6] = path;
	argv[7] = deltas ? "--deltas" : NULL;
	memset(&rd, 0, sizeof(rd));
	rd.run = &run;
	run_start(&run, argv, XN_CHILD_OUT);
	hash = xn_hash_start();
	while (found >= 0 && (line = reader_line(&rd)) != NULL) {
		found = content_record(&rd, line, deltas, hash);
		some |= found > 0;
	}
	xn_hash_end(hash, out);
	xn_free(rd.bytes);
	if (found >= 0 || rd.ended)
		run_check(&run, "svnadmin dump", path, run_end(&run));
	else
		xn_child_kill(&run.child, &ignored, &ignored);
	if (found < 0)
		xn_fail("svnadmin dump of %s prints something that is not "
		    "known", path);
	return some;
}

/* Of REV of the repository at PATH; or fails. */
static inline void
content_digest(const char *path, long long rev, unsigned char out[16])
{
	unsigned char props[16];

	if (content_pass(path, rev, 0, out) &&
	    content_pass(path, rev, 1, props))
		nodes_with_props(out, props);
}

#endif
