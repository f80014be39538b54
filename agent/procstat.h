/*
 * procstat.h: what /proc says of a process.
 */
#ifndef XN_AGENT_PROCSTAT_H
#define XN_AGENT_PROCSTAT_H

#include <stddef.h>

/*
 * Read /proc/PID/stat into TEXT, of SIZE bytes.  What stands behind the name,
 * " STATE PARENT ...", since a name may hold anything; NULL if the process is
 * gone.  What does not fit is cut.
 */
const char *xn_procstat_read(char *text, size_t size, const char *pid);

#endif
