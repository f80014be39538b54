/*
 * The target's side for an end that is here: see side_target.c.
 */
#include "plugins/rsync/sides.h"

#define remote_main rsync_side_target
#include "side_target.c"
