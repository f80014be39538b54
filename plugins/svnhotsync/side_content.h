/*
 * side_content.h: what a revision changes, whatever its properties are, as
 * `svnadmin dump` says it.
 */
#ifndef SVNHOTSYNC_SIDE_CONTENT_H
#define SVNHOTSYNC_SIDE_CONTENT_H

#include "side_fsfs.h"
#include "side_run.h"

/* Over the revision's own headers and properties; fails if there are none. */
static inline void
content_skip_props(struct run_reader *rd, const char *path)
{
	static const char wanted[] = "Content-length: ";
	long long n = -1, at = 0;
	char *line;

	while ((line = reader_line(rd)) != NULL &&
	    strncmp(line, "Revision-number: ", 17) != 0)
		continue;
	while (line != NULL && (line = reader_line(rd)) != NULL &&
	    line[0] != '\0')
		if (strncmp(line, wanted, sizeof(wanted) - 1) == 0)
			n = fs_whole_number(line + sizeof(wanted) - 1);
	for (; n >= 0 && at < n && reader_need(rd, 1); at++)
		rd->at++;
	if (line == NULL || n < 0 || at < n)
		xn_fail("svnadmin dump of %s prints something that is not "
		    "known", path);
}

/* The digest of all that REV of the repository at PATH changes: 1, or 0 if that
 * is nothing; or fails. */
static inline int
content_digest(const char *path, long long rev, unsigned char out[16])
{
	const char *argv[8] = { "svnadmin", "dump", "-q", "--incremental",
	    "-r" };
	struct run_reader rd;
	long long bytes = 0;
	struct run run;
	xn_hash *hash;
	char text[32];

	snprintf(text, sizeof(text), "%lld", rev);
	argv[5] = text;
	argv[6] = path;
	memset(&rd, 0, sizeof(rd));
	rd.run = &run;
	run_start(&run, argv, XN_CHILD_OUT);
	content_skip_props(&rd, path);
	hash = xn_hash_start();
	while (reader_need(&rd, 1)) {
		xn_hash_add(hash, rd.bytes + rd.at, rd.n - rd.at);
		bytes += (long long)(rd.n - rd.at);
		rd.at = rd.n;
	}
	xn_hash_end(hash, out);
	xn_free(rd.bytes);
	run_check(&run, "svnadmin dump", path, run_end(&run));
	/* (Behind the properties there are two newlines.) */
	return bytes > 2;
}

#endif
