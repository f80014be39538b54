/*
 * The source's side for an end that is here: see side_source.c.
 */
#include "plugins/svnhotsync/sides.h"

#define remote_main svnhotsync_side_source
#include "side_source.c"
