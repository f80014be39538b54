/*
 * side_target_backup.h: what is replaced or deleted is kept (backup = yes).
 *
 * Beside its place under its name and a suffix, or in a tree of backups, whose
 * folders have the modes and owners of those that they stand for.  What is about
 * to be replaced gets a second name there first, so that its own is never free;
 * what is deleted moves; what is written into is copied.
 */
#ifndef RSYNC_SIDE_TARGET_BACKUP_H
#define RSYNC_SIDE_TARGET_BACKUP_H

#include "side_target_write.h"

enum rs_backup { RS_BACKUP_LINK, RS_BACKUP_MOVE, RS_BACKUP_COPY };

/* Is NAME in the folder DIR a backup, or where they are? */
static inline int
rs_is_backup(const struct rs_target *t, const char *dir, const char *name)
{
	size_t n = strlen(name), suffix;

	if (!t->backup)
		return 0;
	if (t->backup_dir != NULL)
		return rs_is_path(dir, name, t->backup_dir);
	suffix = strlen(t->suffix);
	return n > suffix && strcmp(name + n - suffix, t->suffix) == 0;
}

/* ---- The tree of backups ------------------------------------------------------ */

/* The folder PATH of the backups is to be like DIR, the one that it is for. */
static inline int
rs_backup_like(struct rs_target *t, const char *path, const char *dir)
{
	xn_list *list = xn_list_one(t->root, dir, rs_what(t->keep));
	const xn_entry *e = list != NULL && xn_list_n(list) == 1 ?
	    xn_list_entry(list, 0) : NULL;
	int rc = -1;

	if (e != NULL)
		rc = rs_apply(t, t->root, path, e, rs_all(t) & ~RS_D_TIME);
	if (rc == 0 && !(t->keep & RS_PERMS))
		rc = xn_set_mode(t->root, path, e->mode);
	if (list != NULL)
		xn_list_close(list);
	return rc;
}

/* Make the folder PATH of the backups, and those above it. */
static inline int
rs_backup_make(struct rs_target *t, char *path)
{
	size_t own = strlen(t->backup_dir), n = 0;
	int rc = 0;

	do {
		char kept;

		n += n > 0;
		n += strcspn(path + n, "/");
		kept = path[n];
		path[n] = '\0';
		rc = xn_mkdir(t->root, path, n <= own ? 0755 : 0700);
		if (rc != 0 && errno == EEXIST)
			rc = 0;
		else if (rc == 0 && n > own)
			rc = rs_backup_like(t, path, path + own + 1);
		path[n] = kept;
	} while (rc == 0 && path[n] != '\0');
	return rc;
}

static inline void
rs_backup_close(struct rs_target *t)
{
	if (t->backups.path == NULL)
		return;
	close(t->backups.fd);
	xn_free(t->backups.path);
	t->backups.path = NULL;
}

/* Where the backups of DIR, open as BASE, are: as a base, or -1. */
static inline int
rs_backup_folder(struct rs_target *t, const char *dir, int base)
{
	char *path;
	int fd;

	if (t->backup_dir == NULL)
		return base;
	path = rs_join(t->backup_dir, dir);
	if (t->backups.path != NULL && strcmp(t->backups.path, path) == 0) {
		xn_free(path);
		return t->backups.fd;
	}
	rs_backup_close(t);
	fd = xn_open(t->root, path, XN_O_READ | XN_O_DIRECTORY, 0);
	if (fd == -1 && errno == ENOENT && rs_backup_make(t, path) == 0)
		fd = xn_open(t->root, path, XN_O_READ | XN_O_DIRECTORY, 0);
	if (fd == -1) {
		xn_free(path);
		return -1;
	}
	t->backups.path = path;
	t->backups.fd = fd;
	return fd;
}

/* ---- One backup ------------------------------------------------------------------ */

/* A copy of BASE/E, with all that E has, as NAME in TO. */
static inline int
rs_backup_copy(struct rs_target *t, int base, const xn_entry *e, int to,
    const char *name)
{
	int from = xn_open(base, e->name, XN_O_READ, 0), fd, rc = -1;

	if (from == -1)
		return -1;
	fd = xn_open(to, name, XN_O_READ | XN_O_WRITE | XN_O_CREATE |
	    XN_O_EXCLUSIVE, 0600);
	if (fd != -1 && rs_copy_file(fd, from, e->size) == 0)
		rc = rs_set_open(t, fd, e, e->mode);
	if (fd != -1)
		close(fd);
	close(from);
	return rc;
}

/* TEMPORARY in TO takes the name NAME, whatever has it. */
static inline int
rs_backup_name(struct rs_target *t, int to, const char *temporary,
    const char *name)
{
	int rc = xn_rename(to, temporary, name), error;

	if (rc != 0 && (errno == EISDIR || errno == ENOTEMPTY ||
	    errno == EEXIST) && t->backup_dir != NULL &&
	    xn_remove_tree(to, name) == 0)
		rc = xn_rename(to, temporary, name);
	error = errno;
	/* It is still there if both were names of one file. */
	xn_unlink(to, temporary);
	errno = error;
	return rc;
}

static inline int
rs_backup_entry(struct rs_target *t, int base, const xn_entry *e, int to,
    int how)
{
	size_t n = strlen(e->name), suffix = strlen(t->suffix);
	char temporary[64], *name = rs_memory(n + suffix + 1);
	int rc;

	memcpy(name, e->name, n);
	memcpy(name + n, t->suffix, suffix);

	rs_temporary_name(t, temporary);
	if (how == RS_BACKUP_COPY)
		rc = rs_backup_copy(t, base, e, to, temporary);
	else if (how == RS_BACKUP_MOVE)
		rc = xn_rename_at(base, e->name, to, temporary);
	else
		rc = xn_hardlink_at(base, e->name, to, temporary);
	if (rc != 0 && how != RS_BACKUP_COPY && e->type == 'f') {
		rc = rs_backup_copy(t, base, e, to, temporary);
		if (rc == 0 && how == RS_BACKUP_MOVE)
			rc = xn_unlink(base, e->name);
	}
	if (rc == 0)
		rc = rs_backup_name(t, to, temporary, name);
	xn_free(name);
	return rc;
}

/*
 * Keep what is called NAME in the folder DIR, open as BASE, if there is
 * something, and a folder is not: 0, or -1.
 */
static inline int
rs_back_up(struct rs_target *t, const char *dir, int base, const char *name,
    int how)
{
	xn_list *list;
	const xn_entry *e;
	int to, rc = 0;

	if (!t->backup)
		return 0;
	list = xn_list_one(base, name, rs_what(t->keep));
	if (list == NULL)
		return errno == ENOENT ? 0 : -1;
	e = xn_list_n(list) == 1 ? xn_list_entry(list, 0) : NULL;
	if (e != NULL && e->type != 'd') {
		to = rs_backup_folder(t, dir, base);
		rc = to == -1 ? -1 : rs_backup_entry(t, base, e, to, how);
	}
	xn_list_close(list);
	return rc;
}

#endif
