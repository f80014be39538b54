/*
 * Extended attributes, packed: reading those of a file, and taking apart what
 * somebody has sent.
 */
#include "core/side/attrs.h"

#include <errno.h>
#include <linux/limits.h>
#include <stdlib.h>
#include <string.h>

#include <execnet/remote.h>

#define HEAD		6u	/* bytes before the name */
#define NAMES_FIRST	512u	/* the kernel takes memory for as many */
#define VALUE_FIRST	256u

static const char acl_access[] = "system.posix_acl_access";
static const char acl_default[] = "system.posix_acl_default";

void
xn_side__attrs_free(struct xn_side_attrs *attrs)
{
	free(attrs->bytes);
	free(attrs->names);
	free(attrs->order);
	memset(attrs, 0, sizeof(*attrs));
}

/* Is NAME one of the kind PREFIX ("user.")? */
static int
is_of(const char *name, const char *prefix)
{
	size_t n = strlen(prefix);

	return strncmp(name, prefix, n) == 0 && name[n] != '\0';
}

int
xn_side__attr_is_users(const char *name)
{
	return is_of(name, "user.") || strcmp(name, acl_access) == 0 ||
	    strcmp(name, acl_default) == 0;
}

/* What else is of the system is no property of a file (NFS shows some). */
static int
is_wanted(const char *name)
{
	return xn_side__attr_is_users(name) || is_of(name, "trusted.") ||
	    is_of(name, "security.");
}

/* ---- Reading ------------------------------------------------------------ */

static int
grow(void **p, size_t *room, size_t n)
{
	void *more;

	if (n <= *room)
		return 0;
	more = realloc(*p, n);
	if (more == NULL)
		return -1;
	*p = more;
	*room = n;
	return 0;
}

/* Room for N more bytes, and where. */
static unsigned char *
room_for(struct xn_side_attrs *attrs, size_t n)
{
	size_t need = attrs->n + n;
	void *bytes = attrs->bytes;

	if (need > attrs->room) {
		if (grow(&bytes, &attrs->room, need * 2) != 0)
			return NULL;
		attrs->bytes = bytes;
	}
	return attrs->bytes + attrs->n;
}

/*
 * The names of OF's attributes: how many bytes.  Most files have none, and to
 * be asked how many there are costs the kernel less than memory for them would;
 * but behind one that has some another is likely.
 */
static ssize_t
read_names(const struct xn_side_attrs_of *of, struct xn_side_attrs *attrs)
{
	void *names = attrs->names;
	ssize_t n;

	if (!attrs->had) {
		n = xn_side__attr_list(of, NULL, 0);
		if (n == 0 || (n == -1 && errno == EOPNOTSUPP))
			return 0;
		if (n == -1)
			return -1;
	}
	if (grow(&names, &attrs->names_room, NAMES_FIRST) != 0)
		return -1;
	attrs->names = names;
	n = xn_side__attr_list(of, attrs->names, attrs->names_room);
	if (n == -1 && errno == ERANGE) {
		if (grow(&names, &attrs->names_room, XATTR_LIST_MAX) != 0)
			return -1;
		attrs->names = names;
		n = xn_side__attr_list(of, attrs->names, attrs->names_room);
	}
	attrs->had = n > 0;
	/* A file system that has none. */
	return n == -1 && errno == EOPNOTSUPP ? 0 : n;
}

static int
compare(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void
put_number(unsigned char *out, size_t n, unsigned int bytes)
{
	while (bytes-- > 0) {
		out[bytes] = (unsigned char)n;
		n >>= 8;
	}
}

/* The value of NAME to where it will be packed, if ROOM bytes hold it. */
static ssize_t
read_value(const struct xn_side_attrs_of *of, const char *name,
    struct xn_side_attrs *attrs, size_t room)
{
	size_t head = HEAD + strlen(name);
	unsigned char *at = room_for(attrs, head + room);

	return at == NULL ? -1 : xn_side__attr_get(of, name, at + head, room);
}

/* Add the one called NAME; one that is gone is none. */
static int
add(const struct xn_side_attrs_of *of, const char *name,
    struct xn_side_attrs *attrs)
{
	size_t length = strlen(name);
	ssize_t n = read_value(of, name, attrs, VALUE_FIRST);
	unsigned char *at;

	if (n == -1 && errno == ERANGE)
		n = read_value(of, name, attrs, XATTR_SIZE_MAX);
	if (n == -1)
		return errno == ENODATA || errno == EOPNOTSUPP ? 0 : -1;
	at = attrs->bytes + attrs->n;
	put_number(at, length, 2);
	put_number(at + 2, (size_t)n, 4);
	memcpy(at + HEAD, name, length);
	attrs->n += HEAD + length + (size_t)n;
	if (attrs->n <= XN_ATTRS_MAX)
		return 0;
	errno = E2BIG;
	return -1;
}

/* Those of the N bytes of names that are wanted, sorted: how many, or -1. */
static int
sort_names(struct xn_side_attrs *attrs, size_t n, int users)
{
	const char *end = attrs->names + n;
	size_t count = 0;

	for (const char *name = attrs->names; name < end;
	    name += strlen(name) + 1) {
		void *order = attrs->order;

		if (users ? !xn_side__attr_is_users(name) : !is_wanted(name))
			continue;
		if ((count + 1) * sizeof(name) > attrs->order_room &&
		    grow(&order, &attrs->order_room,
		    (count + 8) * 2 * sizeof(name)) != 0)
			return -1;
		attrs->order = order;
		attrs->order[count++] = name;
	}
	if (count > 1)
		qsort(attrs->order, count, sizeof(*attrs->order), compare);
	return (int)count;
}

int
xn_side__attrs_read(const struct xn_side_attrs_of *of, int users,
    struct xn_side_attrs *attrs)
{
	ssize_t n = read_names(of, attrs);
	int count;

	attrs->n = 0;
	if (n <= 0)
		return (int)n;
	count = sort_names(attrs, (size_t)n, users);
	for (int i = 0; i < count; i++)
		if (add(of, attrs->order[i], attrs) != 0)
			return -1;
	return count == -1 ? -1 : 0;
}

/* ---- Taking apart ------------------------------------------------------- */

static size_t
get_number(const unsigned char *p, unsigned int bytes)
{
	size_t n = 0;

	while (bytes-- > 0)
		n = n << 8 | *p++;
	return n;
}

int
xn_side__attrs_next(const unsigned char **at, size_t *n,
    struct xn_side_attr *out)
{
	size_t length;

	if (*n == 0)
		return 0;
	errno = EINVAL;
	if (*n < HEAD)
		return -1;
	length = get_number(*at, 2);
	out->n = get_number(*at + 2, 4);
	if (length >= sizeof(out->name) || out->n > XATTR_SIZE_MAX ||
	    *n - HEAD < length || *n - HEAD - length < out->n)
		return -1;
	memcpy(out->name, *at + HEAD, length);
	out->name[length] = '\0';
	out->value = *at + HEAD + length;
	if (strlen(out->name) != length || !is_wanted(out->name))
		return -1;
	*at += HEAD + length + out->n;
	*n -= HEAD + length + out->n;
	return 1;
}
