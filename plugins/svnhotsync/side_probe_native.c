/*
 * The side that looks which method fits, for an end that is here.
 */
#include "plugins/svnhotsync/sides.h"

#define remote_main svnhotsync_side_probe
#include "side_probe.c"
