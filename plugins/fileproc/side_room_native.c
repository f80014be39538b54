/*
 * The side that keeps the room, for an end that is here: see side_room.c.
 */
#include "plugins/fileproc/sides.h"

#define remote_main fileproc_side_room
#include "side_room.c"
