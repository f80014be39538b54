/*
 * sides.h: the two sides of rsync, as functions for an end that is here and as
 * text for one that is elsewhere.
 */
#ifndef RSYNC_SIDES_H
#define RSYNC_SIDES_H

#include <execnet/value.h>

struct xn_side_channel;

void rsync_side_source(struct xn_side_channel *channel,
    const xn_value *kwargs);
void rsync_side_target(struct xn_side_channel *channel,
    const xn_value *kwargs);

extern const char rsync_text_source[];	/* side_source.c */
extern const char rsync_text_target[];	/* side_target.c */

#endif
