/*
 * side_verify_svnadmin.h: verifying revisions by svnadmin.
 */
#ifndef SVNHOTSYNC_SIDE_VERIFY_SVNADMIN_H
#define SVNHOTSYNC_SIDE_VERIFY_SVNADMIN_H

#include "side_run.h"

#define SIGNAL_KILL	9
#define SIGNAL_TERM	15

/*
 * Subversion 1.14 finds the indexes of sound packs inconsistent (E160058): is
 * that all that it said, beside that it is not content (E165011, E205012)?
 */
static inline int
only_odd(const char *said)
{
	int odd = 0;

	for (const char *p = strstr(said, ": E"); p != NULL;
	    p = strstr(p + 1, ": E")) {
		odd += strncmp(p, ": E160058:", 10) == 0;
		if (strncmp(p, ": E160058:", 10) != 0 &&
		    strncmp(p, ": E165011:", 10) != 0 &&
		    strncmp(p, ": E205012:", 10) != 0)
			return 0;
	}
	return odd > 0;
}

/*
 * Verify the revisions FIRST to LAST of PATH: 0; 1 if, with PACKED, all that
 * svnadmin says is what it wrongly says of packs; or -1.  R->said is what it
 * said.  Fails if it was ended from outside: then it has said nothing of the
 * revisions.
 */
static inline int
svnadmin_verify(struct run *r, const char *path, long long first,
    long long last, int packed)
{
	const char *argv[8] = { "svnadmin", "verify", "-q", "--keep-going",
	    "-r" };
	char range[64];
	int status;

	snprintf(range, sizeof(range), "%lld:%lld", first, last);
	argv[5] = range;
	argv[6] = path;
	run_start(r, argv, 0);
	r->silent = 1;
	status = run_end(r);
	if (status == 128 + SIGNAL_KILL || status == 128 + SIGNAL_TERM)
		run_check(r, "svnadmin verify", path, status);
	if (status > 128) {
		snprintf(r->said, sizeof(r->said), "svnadmin was ended by "
		    "signal %d", status - 128);
		return -1;
	}
	if (status == 0)
		return 0;
	/* What was cut off may have said of something that is really bad. */
	return packed && !r->said_more && only_odd(r->said) ? 1 : -1;
}

#endif
