/*
 * filter.h: the sides' filter rules, for the coordinator: it cannot include
 * their headers beside its own.
 */
#ifndef RSYNC_FILTER_H
#define RSYNC_FILTER_H

#include <stddef.h>

#define RSYNC_RULE_MAX	4200	/* bytes of a rule as rsync_filter_rule() has it */

/* How a rule, or the lines of a text, are written. */
enum rsync_rule_how { RSYNC_RULES, RSYNC_EXCLUDES, RSYNC_INCLUDES };

typedef struct rsync_filter rsync_filter_t;

/* A filter without rules, for a tree at ROOT; NULL: no memory. */
rsync_filter_t *rsync_filter_create(const char *root);
void rsync_filter_destroy(rsync_filter_t *filter);

/* Add one rule, or the lines of TEXT, N bytes of the file NAME: 0, or -1 and WHY
 * (of WHY_N bytes) says what is wrong. */
int rsync_filter_add(rsync_filter_t *filter, int how, const char *rule,
    char *why, size_t why_n);
int rsync_filter_add_text(rsync_filter_t *filter, int how, const char *name,
    const char *text, size_t n, char *why, size_t why_n);

/* Its rules, one after the other, into OUT: 1, or 0 when there are no more.
 * Begins anew after that. */
int rsync_filter_rule(rsync_filter_t *filter, char out[RSYNC_RULE_MAX]);

/* Is TEXT a list of names, a line (NUL: a NUL) behind each?  As above. */
int rsync_names_check(const char *text, size_t n, int nul, char *why,
    size_t why_n);

/* All of the file PATH, malloc'ed, its size in *N; NULL and errno. */
char *rsync_read_file(const char *path, size_t *n);

#endif
