/*
 * config_scan.h: what libConfuse would silently misread.
 */
#ifndef SYNCGATE_JOB_CONFIG_SCAN_H
#define SYNCGATE_JOB_CONFIG_SCAN_H

#include <stddef.h>

/* What is wrong with a text; see the top of config_scan.c. */
typedef struct syncgate_scan_problem {
	int line;		/* 0: nothing is wrong */
	const char *reason;	/* what to do; NULL: word is an unknown name */
	char word[64];		/* of a section or function */
} syncgate_scan_problem_t;

/*
 * Look through the N bytes at TEXT for the first problem.  Comments become
 * blanks.
 */
void syncgate_config_scan(syncgate_scan_problem_t *problem, char *text,
    size_t n);

/* The names that may stand outside of all braces; ends with NULL. */
extern const char *const syncgate_config_names[];

#endif
