/*
 * side_target_open.h: what the target's side is to do, and where; before it
 * begins.
 */
#ifndef RSYNC_SIDE_TARGET_OPEN_H
#define RSYNC_SIDE_TARGET_OPEN_H

#include "side_target_real.h"
#include "side_target_write.h"

#define RS_LOCK_WAIT	5000	/* milliseconds; a run that was cut ends soon */

/* Which groups this user may give files to. */
static inline void
rs_get_my_groups(struct rs_target *t)
{
	int n = getgroups(0, NULL);

	t->my_groups = rs_memory((size_t)(n < 0 ? 1 : n + 1) *
	    sizeof(*t->my_groups));
	n = n <= 0 ? 0 : getgroups(n, t->my_groups);
	t->my_groups_n = n < 0 ? 0 : n;
	t->my_groups[t->my_groups_n++] = getegid();
}

static inline void
rs_read_kwargs(struct rs_target *t, const xn_value *kwargs)
{
	t->path = xn_value_text(kwargs, "path", "");
	t->real = xn_value_text(kwargs, "real", NULL);
	t->peer = xn_value_channel(xn_value_get(kwargs, "peer"));
	if (t->peer == NULL)
		xn_fail("there is no channel to the source");
	t->keep = (int)xn_value_int(kwargs, "keep", 0);
	t->dry = xn_value_bool(kwargs, "dry", 0);
	t->itemize = xn_value_bool(kwargs, "itemize", 0);
	t->size_only = xn_value_bool(kwargs, "size_only", 0);
	t->ignore_errors = xn_value_bool(kwargs, "ignore_errors", 0);
	t->allow_empty = xn_value_bool(kwargs, "allow_empty", 0);
	t->remove = (int)xn_value_int(kwargs, "remove", RS_DELETE_NO);
	t->max_delete = xn_value_int(kwargs, "max_delete", -1);
	t->hold_count = xn_value_int(kwargs, "hold_count", -1);
	t->hold_percent = (int)xn_value_int(kwargs, "hold_percent", -1);
	t->whole_file = xn_value_bool(kwargs, "whole_file", 0);
	t->sync = (int)xn_value_int(kwargs, "sync", 0);
	t->snapshots = (int)xn_value_int(kwargs, "snapshots", 0);
	t->follow = xn_value_bool(kwargs, "follow", 0);
	t->full = (double)xn_value_int(kwargs, "full", 0);
	t->is_root = geteuid() == 0;
	rs_get_my_groups(t);
	if (!t->is_root)
		t->keep = (t->keep & ~RS_OWNER) | RS_USERS;
	rs_out_open(&t->out, t->peer, (int)xn_value_int(kwargs, "level", 0));
}

/* kwargs: files, a dict (options_files.c). */
static inline void
rs_read_files(struct rs_target *t, const xn_value *files)
{
	struct rs_map users, groups;

	t->checksum = xn_value_bool(files, "checksum", 0);
	t->update = xn_value_bool(files, "update", 0);
	t->append = xn_value_bool(files, "append", 0);
	t->inplace = xn_value_bool(files, "inplace", 0);
	t->partial = xn_value_bool(files, "partial", 0);
	t->existing = xn_value_bool(files, "existing", 0);
	t->ignore_existing = xn_value_bool(files, "ignore_existing", 0);
	t->force = xn_value_bool(files, "force", 0);
	t->replace_snapshots = xn_value_bool(files, "replace_snapshots", 0);
	t->backup = xn_value_bool(files, "backup", 0);
	t->suffix = xn_value_text(files, "suffix", "~");
	t->backup_dir = xn_value_text(files, "backup_dir", NULL);
	rs_map_read(&users, xn_value_get(files, "users"));
	rs_map_read(&groups, xn_value_get(files, "groups"));
	if (!(t->keep & RS_NUMERIC)) {
		rs_map_look_up(&users, &t->users, &t->marks.users, 0);
		rs_map_look_up(&groups, &t->groups, &t->marks.groups, 1);
	}
	rs_map_free(&users);
	rs_map_free(&groups);
}

/* What a new file here does not get, where modes are not kept. */
static inline int
rs_find_umask(void)
{
	int proc = xn_base_open("/proc/self"), mask = 022;
	char *text = proc == -1 ? NULL : xn_read_file(proc, "status",
	    64 * 1024, NULL);
	const char *line = text == NULL ? NULL : strstr(text, "\nUmask:");

	if (line != NULL)
		mask = (int)strtol(line + 7, NULL, 8) & 0777;
	free(text);
	if (proc != -1)
		close(proc);
	return mask;
}

/* The folder that PATH is in. */
static inline const char *
rs_folder_above(const char *path)
{
	const char *end = path + strlen(path);

	while (end > path + 1 && end[-1] == '/')
		end--;
	while (end > path + 1 && end[-1] != '/')
		end--;
	while (end > path + 1 && end[-1] == '/')
		end--;
	return xn_printf("%.*s", (int)(end - path), path);
}

/* May we make something in the folder that FD is?  By its mode: who is root may,
 * and an ACL or a file system that is read-only is found out by doing it. */
static inline int
rs_may_write(const struct rs_target *t, int fd)
{
	xn_stat_t st;
	int bits = 0003;

	if (t->is_root || xn_fstat(fd, &st) != 0)
		return 1;
	if ((unsigned int)st.uid == (unsigned int)geteuid())
		bits = 0300;
	else
		for (int i = 0; i < t->my_groups_n; i++)
			if (t->my_groups[i] == (unsigned int)st.gid)
				bits = 0030;
	return (st.mode & bits) == bits;
}

/* The target is not there: make it, or (dry) see whether that could be. */
static inline void
rs_make_root(struct rs_target *t)
{
	const char *above = rs_folder_above(t->path);
	const char *link = rs_target_link(t, above);
	int fd = xn_base_open(above);

	if (fd == -1)
		xn_fail("cannot make the target %s: the folder %s, in which it "
		    "would be, must be there: %m", t->path, above);
	if (link != NULL)
		xn_fail("the target %s is a symbolic link to %s, which is not "
		    "there: make that folder, or remove the link", t->path,
		    link);
	rs_check_real(t, fd, strlen(rs_last_name(t->path)) + 1);
	errno = EACCES;
	if (!t->dry)
		t->root = xn_base_make(t->path, 0755);
	if (t->dry ? !rs_may_write(t, fd) : t->root == -1)
		xn_fail("cannot make the target %s: %m", t->path);
	close(fd);
}

static inline void
rs_open_root(struct rs_target *t)
{
	unsigned char random[8];

	t->root = xn_base_open(t->path);
	t->made = t->root == -1 && errno == ENOENT;
	if (t->made)
		rs_make_root(t);
	else if (t->root == -1)
		xn_fail("cannot open the target %s: %m", t->path);
	if (t->root != -1 && !t->dry && xn_lock(t->root, RS_LOCK_WAIT) != 0)
		xn_fail("cannot lock the target %s: %s", t->path,
		    errno == EAGAIN ? "another run is at work on it" :
		    strerror(errno));
	rs_note_real(t, rs_folder_above(t->path));
	xn_random(random, sizeof(random));
	for (int i = 0; i < 8; i++)
		snprintf(t->run + 2 * i, 3, "%02x", random[i]);
	t->umask = rs_find_umask();
	rs_place_find(&t->place, t->path, t->root != -1 ? NULL :
	    rs_folder_above(t->path));
}

#endif
