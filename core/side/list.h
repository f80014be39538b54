/*
 * list.h: a list of entries, shared by the files that make one.
 */
#ifndef XN_SIDE_LIST_H
#define XN_SIDE_LIST_H

#include "core/side/attrs.h"
#include "core/side/side.h"

#include <execnet/remote.h>

struct xn_side_known;
struct xn_side_texts;

struct xn_list {
	struct xn_side_owned owned;	/* first: drop() gets it back */
	struct xn_side_texts *texts;	/* the one being filled first */
	xn_entry *entries;
	int n;
	int what;			/* XN_LIST_* */
	struct xn_side_known *known;	/* which have no attributes; or NULL */
	struct xn_side_attrs attrs;	/* of the entry being looked at */
	const unsigned char *last_attrs; /* of the one before that had some */
	unsigned int last_attrs_n;
};

/* N BYTES and a NUL behind them, until the list is closed; NULL and errno. */
char *xn_side__list_keep(xn_list *list, const void *bytes, size_t n);

/*
 * Look at all entries, which have names and are in FOLDER; those that are gone
 * are taken out.  0, or -1 and errno when there is no memory.
 */
int xn_side__list_look(xn_list *list, int folder);

/* For tests: whether this thread looks at entries without statx(). */
void xn_side__look_by_stat(int always);

/*
 * What xn_list_open() does, in any thread, by what KNOWN (or NULL) says: nobody
 * owns the list yet; and the program of this thread does from now on; or it is
 * freed (NULL is allowed).
 */
xn_list *xn_side__list_read(int base, const char *path, int what,
    struct xn_side_known *known);
void xn_side__list_own(xn_list *list);
void xn_side__list_free(xn_list *list);

#endif
