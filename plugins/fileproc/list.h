/*
 * list.h: a bounded sorted list of names.
 */
#ifndef FILEPROC_LIST_H
#define FILEPROC_LIST_H

#include <apr_time.h>

/* A name that may be a complete item. */
struct fp_candidate {
	int urgency;			/* 0 is the most urgent */
	long long key;			/* by the order asked for */
	const char *name;		/* relative to data-in */
	int tries;			/* tests that found it incomplete */
	apr_time_t due;			/* in `waiting`: not before */
	apr_time_t changed, since;	/* its last change, and when we saw that
					 * first, where clocks differ */
};

/* A copy of C with its name in one piece of memory; NULL: none left. */
struct fp_candidate *fp_candidate_copy(const struct fp_candidate *c);

typedef int (*fp_compare_fn)(const struct fp_candidate *a,
    const struct fp_candidate *b);
int fp_by_rank(const struct fp_candidate *a, const struct fp_candidate *b);
int fp_by_name(const struct fp_candidate *a, const struct fp_candidate *b);

struct fp_list {
	struct fp_candidate **at;	/* sorted, no two equal; malloced */
	int begin, end;			/* those in between are in it */
	int max;			/* how many at most */
	fp_compare_fn compare;
};

int fp_list_init(struct fp_list *list, int max, fp_compare_fn compare);
void fp_list_clear(struct fp_list *list);
void fp_list_free(struct fp_list *list);
int fp_list_count(const struct fp_list *list);

/*
 * Put C in, which is the list's then.  Returns what does not belong in it any
 * more, the caller's: C itself if an equal one is there, the last one if the
 * list is full, or NULL.
 */
struct fp_candidate *fp_list_add(struct fp_list *list, struct fp_candidate *c);

/* The one equal to C, or NULL; it stays. */
struct fp_candidate *fp_list_find(const struct fp_list *list,
    const struct fp_candidate *c);

/* Take out: the first one, or the one equal to C; NULL if there is none. */
struct fp_candidate *fp_list_first(struct fp_list *list);
struct fp_candidate *fp_list_take(struct fp_list *list,
    const struct fp_candidate *c);

#endif
