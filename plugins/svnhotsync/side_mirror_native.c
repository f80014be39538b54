/*
 * The mirror's side for an end that is here: see side_mirror.c.
 */
#include "plugins/svnhotsync/sides.h"

#define remote_main svnhotsync_side_mirror
#include "side_mirror.c"
