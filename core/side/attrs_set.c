/*
 * Making the extended attributes of a file those that somebody has sent.
 */
#include "core/side/attrs.h"
#include "core/side/side.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <execnet/remote.h>

#define OWNER_WRITES	0200

/* One file whose attributes are being set. */
struct setting {
	struct xn_side_attrs_of of;
	int users;		/* we may set only those of users */
	int again;		/* this is the second time, for user.* alone */
	int refused;		/* one of user.* was EACCES the first time */
	int worst;		/* errno of what could not be set, or 0 */
};

static int
is_user(const char *name)
{
	return strncmp(name, "user.", 5) == 0;
}

/* That this user may not, or that this file system has none, is the least of
 * what can be told. */
static void
failed(struct setting *s, int number)
{
	if (s->worst == 0 || s->worst == EPERM || s->worst == EOPNOTSUPP)
		s->worst = number == EACCES ? EPERM : number;
}

static void
failed_with(struct setting *s, const char *name)
{
	if (errno == EACCES && s->users && is_user(name) && !s->again)
		s->refused = 1;
	else
		failed(s, errno);
}

static void
put(struct setting *s, const struct xn_side_attr *a)
{
	if (xn_side__attr_set(&s->of, a->name, a->value, a->n) != 0)
		failed_with(s, a->name);
}

/* (Those that are not users' are none of ours, if we are not root.) */
static void
take_away(struct setting *s, const char *name)
{
	if ((!s->users || xn_side__attr_is_users(name)) &&
	    xn_side__attr_remove(&s->of, name) != 0 && errno != ENODATA)
		failed_with(s, name);
}

/* Both are sorted: go through them side by side, and remove what is not
 * wanted, or put what is not there. */
static int
apply(struct setting *s, const unsigned char *wanted, size_t wanted_n,
    const unsigned char *have, size_t have_n, int removing)
{
	struct xn_side_attr w, h;
	int more = xn_side__attrs_next(&wanted, &wanted_n, &w);
	int old = xn_side__attrs_next(&have, &have_n, &h);

	while (more == 1 || old == 1) {
		int order = old != 1 ? -1 : more != 1 ? 1 :
		    strcmp(w.name, h.name);

		if (s->again && !is_user(order > 0 ? h.name : w.name))
			;
		else if (order > 0 && removing)
			take_away(s, h.name);
		else if (!removing && (order < 0 || (order == 0 &&
		    (w.n != h.n || memcmp(w.value, h.value, w.n) != 0))))
			put(s, &w);
		if (order <= 0)
			more = xn_side__attrs_next(&wanted, &wanted_n, &w);
		if (order >= 0)
			old = xn_side__attrs_next(&have, &have_n, &h);
	}
	return more == 0 && old == 0 ? 0 : -1;
}

/* Every byte of what the other end sent, before anything is changed. */
static int
check(const unsigned char *attrs, size_t n)
{
	struct xn_side_attr a;
	char last[sizeof(a.name)] = "";
	int more;

	if (n > XN_ATTRS_MAX || (n > 0 && attrs == NULL)) {
		errno = EINVAL;
		return -1;
	}
	while ((more = xn_side__attrs_next(&attrs, &n, &a)) == 1) {
		if (strcmp(last, a.name) >= 0) {
			errno = EINVAL;
			return -1;
		}
		strcpy(last, a.name);
	}
	return more;
}

/* Removing comes first: there may be room for no more. */
static int
read_and_apply(struct setting *s, const unsigned char *attrs, size_t n)
{
	struct xn_side_attrs have = { .bytes = NULL };
	int result = xn_side__attrs_read(&s->of, 0, &have), number;

	for (int removing = 1; result == 0 && removing >= 0; removing--)
		result = apply(s, attrs, n, have.bytes, have.n, removing);
	number = errno;
	xn_side__attrs_free(&have);
	errno = number;
	return result;
}

static int
change_mode(const struct setting *s, mode_t mode)
{
	return s->of.name == NULL ? fchmod(s->of.at, mode) :
	    xn_side__chmod(s->of.at, s->of.name, mode);
}

/* user.* wants the right to write, which an owner can give himself: 1 if that
 * was missing and is there now. */
static int
may_write_now(const struct setting *s, struct stat *st)
{
	int result = s->of.name == NULL ? fstat(s->of.at, st) :
	    fstatat(s->of.at, s->of.name, st, AT_SYMLINK_NOFOLLOW);

	return result == 0 && (S_ISREG(st->st_mode) || S_ISDIR(st->st_mode)) &&
	    (st->st_mode & OWNER_WRITES) == 0 &&
	    change_mode(s, (st->st_mode & 07777) | OWNER_WRITES) == 0;
}

static int
set_attrs(const struct xn_side_attrs_of *of, const unsigned char *attrs,
    size_t n)
{
	struct setting s = { .of = *of, .users = geteuid() != 0 };
	int result = read_and_apply(&s, attrs, n);
	struct stat st;

	if (result == 0 && s.refused && !may_write_now(&s, &st)) {
		failed(&s, EPERM);
	} else if (result == 0 && s.refused) {
		s.again = 1;
		result = read_and_apply(&s, attrs, n);
		if (change_mode(&s, st.st_mode & 07777) != 0)
			failed(&s, errno);
	}
	if (result == 0 && s.worst != 0) {
		errno = s.worst;
		result = -1;
	}
	return result;
}

int
xn_set_attrs(int base, const char *path, const unsigned char *attrs,
    unsigned int n)
{
	char name[XN_SIDE_NAME];
	struct xn_side_attrs_of of = { -1, name };
	int result;

	if (check(attrs, n) != 0)
		return -1;
	of.at = xn_side__place(base, path, name);
	if (of.at == -1)
		return -1;
	result = set_attrs(&of, attrs, n);
	xn_side__parent_done(base, of.at);
	return result;
}

int
xn_fset_attrs(int fd, const unsigned char *attrs, unsigned int n)
{
	struct xn_side_attrs_of of = { fd, NULL };

	if (check(attrs, n) != 0)
		return -1;
	return set_attrs(&of, attrs, n);
}
