/*
 * The side that runs a command, for an end that is here: see side_command.c.
 */
#include "plugins/fileproc/sides.h"

#define remote_main fileproc_side_command
#include "side_command.c"
