/*
 * attrs.h: extended attributes as one block of bytes, and how to get at those
 * of a file.
 *
 * Packed, as <execnet/tree.h> has it: for each, sorted by name,
 *
 *	2 bytes		length of the name
 *	4 bytes		length of the value
 *	name, value
 */
#ifndef XN_SIDE_ATTRS_H
#define XN_SIDE_ATTRS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* ---- The calls: attrs_of.c ---------------------------------------------- */

/* What has attributes: NAME in the folder AT, itself, also if it is a link; or
 * what is open as AT, where NAME is null. */
struct xn_side_attrs_of {
	int at;
	const char *name;
};

/* As llistxattr() and its like. */
ssize_t xn_side__attr_list(const struct xn_side_attrs_of *of, char *names,
    size_t size);
ssize_t xn_side__attr_get(const struct xn_side_attrs_of *of, const char *name,
    void *value, size_t size);
int xn_side__attr_set(const struct xn_side_attrs_of *of, const char *name,
    const void *value, size_t n);
int xn_side__attr_remove(const struct xn_side_attrs_of *of, const char *name);

/* For tests: 1 makes this thread do without the calls of Linux 6.13. */
void xn_side__attrs_by_proc(int always);

/* ---- Packed: attrs.c ---------------------------------------------------- */

/* A buffer for them that is used again and again; begin with zeros. */
struct xn_side_attrs {
	unsigned char *bytes;		/* N packed ones */
	size_t n, room;
	char *names;			/* of attributes, as the system says */
	size_t names_room;
	int had;			/* the last file had some */
	const char **order;		/* of them, sorted */
	size_t order_room;		/* bytes */
};
void xn_side__attrs_free(struct xn_side_attrs *attrs);

/* Only those that any owner may set: user.*, and POSIX ACLs. */
int xn_side__attr_is_users(const char *name);

/*
 * Those of OF into ATTRS, of no more than users' if USERS: 0, or -1 and errno,
 * E2BIG if they are more than XN_ATTRS_MAX bytes.
 */
int xn_side__attrs_read(const struct xn_side_attrs_of *of, int users,
    struct xn_side_attrs *attrs);

/* One of packed ones. */
struct xn_side_attr {
	char name[256];
	const unsigned char *value;
	size_t n;
};

/*
 * Take the first of the N bytes at *AT: 1, and *AT and *N are behind it; 0 at
 * the end; -1 and errno EINVAL if that is none, or not one that may be set.
 */
int xn_side__attrs_next(const unsigned char **at, size_t *n,
    struct xn_side_attr *out);

#endif
