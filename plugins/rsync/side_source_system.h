/*
 * side_source_system.h: a source that is on another disk than the last time is
 * asked about before anything of it is told: it may not be mounted.
 */
#ifndef RSYNC_SIDE_SOURCE_SYSTEM_H
#define RSYNC_SIDE_SOURCE_SYSTEM_H

#include "side_source.h"

/* Go on if it is the one that the coordinator has a name of, or it says so. */
static inline void
rs_same_system(struct rs_source *s)
{
	const char *was = xn_value_text(s->kwargs, "system", NULL), *answer;
	char is[XN_SYSTEM_NAME];

	if (was == NULL)
		return;
	if (xn_file_system(s->root, is) != 0)
		snprintf(is, sizeof(is), "none");
	if (strcmp(is, was) == 0)
		return;
	xn_send(s->channel, "(ss)", "system", is);
	if (*was == '\0')
		return;		/* the first time */
	do {			/* (A poke is no answer.) */
		xn_receive(s->channel, XN_FOREVER, "(s)", &answer);
	} while (strcmp(answer, "look") == 0);
	if (strcmp(answer, "go") != 0)
		xn_fail("it is held");
}

#endif
