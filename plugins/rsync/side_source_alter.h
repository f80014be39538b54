/*
 * side_source_alter.h: what entries are to be at the targets, where that is
 * not what they are here (chmod, chown), and which the targets leave as they are
 * (links = no, max-size...).
 *
 * It is done to the list, before its digest is made: so a folder that is already
 * as it is to be has the same digest at both ends.
 */
#ifndef RSYNC_SIDE_SOURCE_ALTER_H
#define RSYNC_SIDE_SOURCE_ALTER_H

#include "side_source.h"

struct rs_copy {
	struct rs_copy *next;
	unsigned char bytes[];
};

/* ---- Modes ---------------------------------------------------------------- */

static inline int
rs_mode_rule(const int *rule, int mode, int is_folder, int executable)
{
	int flags = rule[0], or = rule[2];
	int copied = rule[3] * ((mode >> rule[4]) & 7) & rule[5];

	if (flags & (is_folder ? RS_MODE_FILES : RS_MODE_FOLDERS))
		return mode;
	if ((flags & RS_MODE_X) && !executable && !is_folder)
		or &= ~0111;
	mode = (mode & rule[1]) | or;
	if (flags & RS_MODE_GIVE)
		mode |= copied;
	if (flags & RS_MODE_TAKE)
		mode &= ~copied;
	return mode & 07777;
}

/* The ACL of N bytes at P gets the permissions of MODE, as chmod() does it. */
static inline void
rs_acl_mode(unsigned char *p, size_t n, int mode)
{
	unsigned char *group = NULL;

	for (size_t i = 4; i + 8 <= n; i += 8) {
		int tag = p[i] | p[i + 1] << 8;

		if (tag == 0x01)		/* the owner */
			p[i + 2] = (unsigned char)(mode >> 6 & 7);
		else if (tag == 0x20)		/* all others */
			p[i + 2] = (unsigned char)(mode & 7);
		else if (tag == 0x10)		/* the mask */
			group = p + i;
		else if (tag == 0x04 && group == NULL)
			group = p + i;		/* the group, without one */
	}
	if (group != NULL)
		group[2] = (unsigned char)(mode >> 3 & 7);
}

/* The ACL among the attributes of E, which are copied for that. */
static inline void
rs_attrs_mode(struct rs_copy **copies, xn_entry *e)
{
	static const char acl[] = "system.posix_acl_access";
	size_t name_n, value_n, at = 0;
	struct rs_copy *copy = NULL;

	while (at + 6 <= e->attrs_n) {
		const unsigned char *p = e->attrs + at;

		name_n = (size_t)p[0] << 8 | p[1];
		value_n = (size_t)p[2] << 24 | (size_t)p[3] << 16 |
		    (size_t)p[4] << 8 | p[5];
		at += 6 + name_n + value_n;
		if (at > e->attrs_n)
			return;
		if (name_n != sizeof(acl) - 1 ||
		    memcmp(p + 6, acl, name_n) != 0)
			continue;
		copy = rs_memory(sizeof(*copy) + e->attrs_n);
		memcpy(copy->bytes, e->attrs, e->attrs_n);
		rs_acl_mode(copy->bytes + at - value_n, value_n, e->mode);
		copy->next = *copies;
		*copies = copy;
		e->attrs = copy->bytes;
		return;
	}
}

static inline void
rs_alter_mode(struct rs_source *s, struct rs_copy **copies, xn_entry *e)
{
	int mode = e->mode, executable = mode & 0111;

	if (e->type == 'l')
		return;
	for (int i = 0; i < s->modes_n; i++)
		mode = rs_mode_rule(s->modes + i * RS_MODE_RULE, mode,
		    e->type == 'd', executable);
	if (mode == e->mode)
		return;
	e->mode = (unsigned short)mode;
	rs_attrs_mode(copies, e);
}

/* ---- All of it -------------------------------------------------------------- */

/* E is to be what the options say; what has to live as long is in *COPIES. */
static inline void
rs_alter_entry(struct rs_source *s, struct rs_copy **copies, xn_entry *e)
{
	if (e->type == '?')
		return;
	if (s->modes_n > 0)
		rs_alter_mode(s, copies, e);
	e->uid = rs_map_id(&s->map_users, e->uid, 0, s->numeric);
	e->gid = rs_map_id(&s->map_groups, e->gid, 1, s->numeric);
}

/* Is what has E's name at a target to be left as it is? */
static inline int
rs_stays(const struct rs_source *s, const xn_entry *e)
{
	switch (e->type) {
	case 'l':
		return s->leave & RS_NO_LINKS;
	case 'c':
	case 'b':
		return s->leave & RS_NO_DEVICES;
	case 'p':
	case 's':
		return s->leave & RS_NO_SPECIALS;
	case 'f':
		return (s->max_size >= 0 && e->size > s->max_size) ||
		    e->size < s->min_size;
	default:
		return 0;
	}
}

static inline void
rs_copies_free(struct rs_copy **copies)
{
	struct rs_copy *copy;

	while ((copy = *copies) != NULL) {
		*copies = copy->next;
		xn_free(copy);
	}
}

/* kwargs: files, a dict (options_files.c). */
static inline void
rs_alter_open(struct rs_source *s, const xn_value *kwargs)
{
	const xn_value *files = xn_value_get(kwargs, "files");
	const char *text = xn_value_text(files, "mode", "");
	char *end;

	s->modes = xn_alloc((strlen(text) / 2 + RS_MODE_RULE) * sizeof(int));
	for (int n = 0; *text != '\0'; text = end + strspn(end, " ")) {
		s->modes[n++] = (int)strtol(text, &end, 10);
		s->modes_n = n / RS_MODE_RULE;
		if (end == text)
			xn_fail("a change of modes is no number");
	}
	rs_map_read(&s->map_users, xn_value_get(files, "users"));
	rs_map_read(&s->map_groups, xn_value_get(files, "groups"));
	rs_map_mark(&s->map_users, &s->marks.users);
	rs_map_mark(&s->map_groups, &s->marks.groups);
	s->numeric = xn_value_bool(files, "numeric", 0);
	s->leave = (int)xn_value_int(files, "leave", 0);
	s->max_size = xn_value_int(files, "max_size", -1);
	s->min_size = xn_value_int(files, "min_size", -1);
	s->prune = xn_value_bool(files, "prune", 0);
	s->inplace = xn_value_bool(files, "inplace", 0);
	s->limit = xn_value_int(files, "bwlimit", 0);
	s->backup_dir = xn_value_text(files, "backup_dir", NULL);
}

static inline void
rs_alter_close(struct rs_source *s)
{
	rs_map_free(&s->map_users);
	rs_map_free(&s->map_groups);
	rs_copies_free(&s->copies);
}

#endif
