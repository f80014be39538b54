/*
 * side_state.h: the state of a source, as one digest.
 *
 * A mirror that is held, since its source went back or is another one, may be
 * made anew when somebody approves that; and what is approved is what was seen,
 * not what is put in the source's place until then, with the same UUID and the
 * same number of revisions.  So the approval names, of the source's youngest
 * revision, what it changed and its properties (who, when, why), and the
 * repository's own instance id, where it has one: reading all of it would take
 * as long as copying it.
 */
#ifndef SVNHOTSYNC_SIDE_STATE_H
#define SVNHOTSYNC_SIDE_STATE_H

#include "side_fsfs.h"

#define STATE_WITHIN	600	/* seconds for an answer; by dump all that the
				 * revision changed is read */

/* Of what CHANGED is the digest of, and PROPS of N bytes (null: they cannot be
 * read), in the repository whose folder db is DB. */
static inline void
state_of(int db, const unsigned char changed[16], const char *props, size_t n,
    unsigned char out[16])
{
	xn_hash *hash = xn_hash_start();
	size_t uuid_n = 0;
	char *uuid = xn_read_file(db, "uuid", SMALL_FILE, &uuid_n);

	xn_hash_add(hash, changed, 16);
	if (uuid != NULL)
		xn_hash_add(hash, uuid, uuid_n);
	free(uuid);
	if (props != NULL)
		xn_hash_add(hash, props, n);
	xn_hash_end(hash, out);
}

/*
 * Ask the source on PEER for its state at REV.  What else it was saying is
 * passed over: who asks is about to end.
 */
static inline void
state_ask(xn_channel *peer, long long rev, unsigned char out[16])
{
	double until = xn_clock() + STATE_WITHIN;
	const xn_value *message;
	const void *digest;
	const char *tag;
	long long theirs;
	size_t n;
	int left;

	xn_send(peer, "(sl)", "state", rev);
	do {
		left = (int)((until - xn_clock()) * 1000);
		message = left < 0 ? NULL : xn_receive_value(peer, left);
		if (message == NULL)
			xn_fail("the source does not say in which state it "
			    "is");
		if (!xn_unpack_value(xn_value_item(message, 0), "s", &tag))
			xn_fail("the source sent something else than a "
			    "message");
	} while (strcmp(tag, "state") != 0);
	if (!xn_unpack_value(message, "(sly)", &tag, &theirs, &digest, &n) ||
	    theirs != rev || n != 16)
		xn_fail("the source answered something else than its state");
	memcpy(out, digest, 16);
}

#endif
