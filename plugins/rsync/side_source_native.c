/*
 * The source's side for an end that is here: see side_source.c.
 */
#include "plugins/rsync/sides.h"

#define remote_main rsync_side_source
#include "side_source.c"
