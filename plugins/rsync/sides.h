/*
 * sides.h: the two sides of rsync, as functions for an end that is here and as
 * text for one that is elsewhere.
 */
#ifndef RSYNC_SIDES_H
#define RSYNC_SIDES_H

#include <stddef.h>

#include <execnet/value.h>

struct xn_side_channel;

void rsync_side_source(struct xn_side_channel *channel,
    const xn_value *kwargs);
void rsync_side_target(struct xn_side_channel *channel,
    const xn_value *kwargs);

/*
 * List the folders of PATH ahead, as WHAT is kept (RS_PERMS...) asks, while
 * targets are still being connected; the source's side that runs here takes
 * them over by the number, its kwarg `ahead`.  With KNOW, they go by the N
 * bytes of KNOWN (xn_ahead_know()).  0: it will do without.  Who forgets a
 * number that no side has taken frees all; twice is no matter.
 */
int rsync_source_ahead(const char *path, int keep, int know,
    const void *known, size_t n);
void rsync_source_forget(int number);

extern const char rsync_text_source[];	/* side_source.c */
extern const char rsync_text_target[];	/* side_target.c */

#endif
