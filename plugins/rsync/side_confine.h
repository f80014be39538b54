/*
 * side_confine.h: a side goes without what it does not need.
 */
#ifndef RSYNC_SIDE_CONFINE_H
#define RSYNC_SIDE_CONFINE_H

#include "side_keep.h"

/* Be held beneath ROOT, as the user wants it: kwargs confine (enum). */
static inline void
rs_confine(int root, int writing, const xn_value *kwargs)
{
	int how = (int)xn_value_int(kwargs, "confine", RS_CONFINE_AUTO);
	int rc = how == RS_CONFINE_OFF ? 0 : xn_confine(root, writing);

	if (rc == 0)
		return;
	if (how == RS_CONFINE_REQUIRE)
		xn_fail("cannot be confined to its folder: %s", rc > 0 ?
		    "it runs within syncgate, where its end is here" :
		    strerror(errno));
	if (rc < 0)
		xn_log("not confined to its folder: %m");
}

#endif
