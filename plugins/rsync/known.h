/*
 * known.h: what is remembered of a tree from one run to the next: which of its
 * folders have nothing with extended attributes in them (<execnet/tree.h>).
 *
 * It is here, whichever machine the tree is on.  All of it may be lost, and a
 * run does without what it cannot read or write.
 */
#ifndef RSYNC_KNOWN_H
#define RSYNC_KNOWN_H

#include <syncgate/plugin.h>

#include "plugins/rsync/options.h"

struct rsync_known;

/*
 * What is known of the tree at LOCATION, the ROLE ("source", "target") of JOB;
 * nothing at first, with `checksum`, and once a day.  NULL: this job has no use
 * for it.
 */
struct rsync_known *rsync_known_open(syncgate_job_t *job,
    const struct rsync_options *o, const char *role,
    const xn_location_t *location, apr_pool_t *pool);

/* For the side that lists the tree; of NULL none. */
const void *rsync_known_bytes(const struct rsync_known *known, size_t *n);

/* It has found other N BYTES: XN_E_PROTOCOL if they cannot be that. */
xn_error_t *rsync_known_save(struct rsync_known *known, syncgate_job_t *job,
    const void *bytes, size_t n, apr_pool_t *scratch);

#endif
