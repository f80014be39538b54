/*
 * sides.h: the sides of svnhotsync, as functions for an end that is here
 * and as text for one that is elsewhere.
 */
#ifndef SVNHOTSYNC_SIDES_H
#define SVNHOTSYNC_SIDES_H

#include <execnet/value.h>

struct xn_side_channel;

void svnhotsync_side_source(struct xn_side_channel *channel,
    const xn_value *kwargs);
void svnhotsync_side_mirror(struct xn_side_channel *channel,
    const xn_value *kwargs);

void svnhotsync_side_dump(struct xn_side_channel *channel,
    const xn_value *kwargs);
void svnhotsync_side_load(struct xn_side_channel *channel,
    const xn_value *kwargs);
void svnhotsync_side_probe(struct xn_side_channel *channel,
    const xn_value *kwargs);
void svnhotsync_side_verify(struct xn_side_channel *channel,
    const xn_value *kwargs);
void svnhotsync_side_prove(struct xn_side_channel *channel,
    const xn_value *kwargs);
void svnhotsync_side_git(struct xn_side_channel *channel,
    const xn_value *kwargs);	/* git_side.c; it is never shipped, */
void svnhotsync_side_push(struct xn_side_channel *channel,
    const xn_value *kwargs);	/* nor is git_side_push.c */

extern const char svnhotsync_text_source[];	/* side_source.c */
extern const char svnhotsync_text_mirror[];	/* side_mirror.c */
extern const char svnhotsync_text_dump[];	/* side_dump.c */
extern const char svnhotsync_text_load[];	/* side_load.c */
extern const char svnhotsync_text_probe[];	/* side_probe.c */
extern const char svnhotsync_text_verify[];	/* side_verify.c */
extern const char svnhotsync_text_prove[];	/* side_prove.c */

#endif
