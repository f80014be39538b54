/*
 * moment.h: when something is due.
 */
#ifndef SYNCGATE_SUPERVISE_MOMENT_H
#define SYNCGATE_SUPERVISE_MOMENT_H

#include <stdint.h>

/* Microseconds by syncgate_clock(), which nobody sets. */
typedef long long moment_t;

#define NEVER	INT64_MAX

#endif
