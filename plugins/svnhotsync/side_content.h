/*
 * side_content.h: what a revision changed, as one digest, whatever the repository
 * is made of: the nodes that `svnadmin dump` prints of it, without the
 * properties of the revision itself.
 *
 * Not by deltas, which may be others where the versions of Subversion are.  The
 * SHA-1 of a text is left out: repositories that were made before 1.6 have none.
 */
#ifndef SVNHOTSYNC_SIDE_CONTENT_H
#define SVNHOTSYNC_SIDE_CONTENT_H

#include "side_fsfs.h"
#include "side_run.h"

static inline void
content_damaged(const char *path)
{
	xn_fail("svnadmin dump of %s prints something that is not known", path);
}

/* The headers after the first of a record, and its body; HASH may be null. */
static inline void
content_record(struct run_reader *rd, xn_hash *hash, const char *path)
{
	long long n = 0;
	size_t piece;
	char *line;

	while ((line = reader_line(rd)) != NULL && line[0] != '\0') {
		if (strncmp(line, "Content-length: ", 16) == 0)
			n = fs_whole_number(line + 16);
		if (hash != NULL && strstr(line, "-sha1: ") == NULL)
			xn_hash_add(hash, line, strlen(line) + 1);
	}
	if (line == NULL || n < 0)
		content_damaged(path);
	for (; n > 0; n -= (long long)piece) {
		piece = n > XN_PIECE ? XN_PIECE : (size_t)n;
		if (!reader_need(rd, piece))
			content_damaged(path);
		if (hash != NULL)
			xn_hash_add(hash, rd->bytes + rd->at, piece);
		rd->at += piece;
	}
}

/* Of REV of the repository at PATH; or fails. */
static inline void
content_digest(const char *path, long long rev, unsigned char out[16])
{
	const char *argv[8] = { "svnadmin", "dump", "-q", "--incremental",
	    "-r" };
	xn_hash *hash = xn_hash_start();
	struct run_reader rd;
	struct run run;
	char range[64];
	char *line;
	int node;

	snprintf(range, sizeof(range), "%lld:%lld", rev, rev);
	argv[5] = range;
	argv[6] = path;
	memset(&rd, 0, sizeof(rd));
	rd.run = &run;
	run_start(&run, argv, XN_CHILD_OUT);
	while ((line = reader_line(&rd)) != NULL) {
		node = strncmp(line, "Node-path: ", 11) == 0;
		if (!node && strncmp(line, "Revision-number: ", 17) != 0)
			continue;
		if (node)
			xn_hash_add(hash, line, strlen(line) + 1);
		content_record(&rd, node ? hash : NULL, path);
	}
	run_check(&run, "svnadmin dump", path, run_end(&run));
	xn_hash_end(hash, out);
	xn_free(rd.bytes);
}

#endif
