/*
 * side_target_real.h: which folder a target's path leads to.  A job that follows
 * begins anew when its target was replaced; it must not come to another folder
 * then, by a link that was put in its place, and make that like the source.
 *
 * kwargs: real (path; or none), where it led to when the job began.  Else we tell
 * the coordinator, unless the target's own name is a link: then it may lead
 * elsewhere whenever its owner likes.
 *   => ("real", path)
 */
#ifndef RSYNC_SIDE_TARGET_REAL_H
#define RSYNC_SIDE_TARGET_REAL_H

#include "side_target.h"

/* The link NAME in the folder BASE: its text, or null; it lives as long as the
 * program. */
static inline const char *
rs_link_text(int base, const char *name)
{
	xn_list *list = base == -1 ? NULL : xn_list_one(base, name, 0);
	const char *text = NULL;

	if (list != NULL && xn_list_n(list) == 1 &&
	    xn_list_entry(list, 0)->type == 'l')
		text = xn_printf("%s", xn_list_entry(list, 0)->link);
	if (list != NULL)
		xn_list_close(list);
	return text;
}

/* Where the open folder FD is, without links; null: the kernel does not say. */
static inline const char *
rs_real_path(int fd)
{
	int base = xn_base_open("/proc/self/fd");
	const char *text = rs_link_text(base, xn_printf("%d", fd));

	if (base != -1)
		close(base);
	return text != NULL && text[0] == '/' ? text : NULL;
}

/* The last name of PATH, without what is behind it; "." for the root. */
static inline const char *
rs_last_name(const char *path)
{
	const char *end = path + strlen(path), *begin;

	while (end > path && end[-1] == '/')
		end--;
	begin = end;
	while (begin > path && begin[-1] != '/')
		begin--;
	return begin == end ? "." : xn_printf("%.*s", (int)(end - begin),
	    begin);
}

/* What the target's own name, in the folder ABOVE, is a link to, or null. */
static inline const char *
rs_target_link(const struct rs_target *t, const char *above)
{
	int base = xn_base_open(above);
	const char *text = rs_link_text(base, rs_last_name(t->path));

	if (base != -1)
		close(base);
	return text;
}

/* The folder FD, whose path is REAL but for what is to be made in it, MORE
 * bytes at its end: is it where it was? */
static inline void
rs_check_real(const struct rs_target *t, int fd, size_t more)
{
	const char *real = t->real == NULL ? NULL : rs_real_path(fd);
	size_t n = t->real == NULL ? 0 : strlen(t->real) - more;

	if (n == 0)
		n = 1;		/* the root of all */
	if (real == NULL || (strlen(real) == n && strncmp(real, t->real,
	    n) == 0))
		return;
	xn_fail("the target %s was the folder %s when the job began, and leads "
	    "to %s now, by a link: nothing is done there.  Put it back, or "
	    "start the job anew if that is meant", t->path, t->real, real);
}

/* The root is open: tell where it is, or see that it is where it was. */
static inline void
rs_note_real(const struct rs_target *t, const char *above)
{
	const char *real;

	if (!t->follow || t->root == -1)
		return;
	rs_check_real(t, t->root, 0);
	if (t->real != NULL || rs_target_link(t, above) != NULL)
		return;
	real = rs_real_path(t->root);
	if (real != NULL)
		xn_send(t->channel, "(sp)", "real", real);
}

#endif
