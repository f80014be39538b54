/*
 * The side that keeps the system, for an end that is here: see side_system.c.
 */
#include "plugins/fileproc/sides.h"

#define remote_main fileproc_side_system
#include "side_system.c"
