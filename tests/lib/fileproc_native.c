/*
 * The side for processors in C natively, with the example as its processor;
 * elsewhere it is only compiled at the other end.
 */
#include "tests/lib/fileproc_native.h"

#define remote_main fileproc_native_uppercase
#include "plugins/fileproc/side_process.c"
#include "conf/examples/fileproc-uppercase.c"
