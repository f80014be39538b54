/*
 * sides.h: the sides of fileproc, as functions for an end that is here and as
 * text for one that is elsewhere.
 */
#ifndef FILEPROC_SIDES_H
#define FILEPROC_SIDES_H

#include <execnet/value.h>

struct xn_side_channel;

void fileproc_side_room(struct xn_side_channel *channel,
    const xn_value *kwargs);
void fileproc_side_command(struct xn_side_channel *channel,
    const xn_value *kwargs);
void fileproc_side_system(struct xn_side_channel *channel,
    const xn_value *kwargs);

extern const char fileproc_text_room[];		/* side_room.c */
extern const char fileproc_text_command[];	/* side_command.c */

/* side_process.c, to be followed by a user's text; there is no native one. */
extern const char fileproc_text_process[];
extern const char fileproc_text_system[];	/* side_system.c */

#endif
