/*
 * config_scan.h: what libConfuse would silently misread.
 */
#ifndef SYNCGATE_JOB_CONFIG_SCAN_H
#define SYNCGATE_JOB_CONFIG_SCAN_H

#include <stddef.h>

/*
 * Look through N bytes of a configuration.  An unquoted value ends where a
 * comment seems to begin: host:/srv/svn/ is what would be left of
 * host:/srv/svn/ * (without the blank).  Returns 0, or the number of the first
 * line that is wrong, with *REASON saying what to do.
 */
int syncgate_config_scan(const char *text, size_t n, const char **reason);

#endif
