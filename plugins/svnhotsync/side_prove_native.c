/*
 * The side that makes digests, for an end that is here: see side_prove.c.
 */
#include "plugins/svnhotsync/sides.h"

#define remote_main svnhotsync_side_prove
#include "side_prove.c"
