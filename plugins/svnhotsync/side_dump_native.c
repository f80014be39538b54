/*
 * The dumping side for an end that is here: see side_dump.c.
 */
#include "plugins/svnhotsync/sides.h"

#define remote_main svnhotsync_side_dump
#include "side_dump.c"
