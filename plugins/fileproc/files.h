/*
 * files.h: what the plugin does with folders here, beneath an open one.
 */
#ifndef FILEPROC_FILES_H
#define FILEPROC_FILES_H

#include <execnet.h>

/*
 * Open PATH beneath BASE, never through a link, never out of it (openat2): a
 * descriptor, or -1 and errno.
 */
int fp_open_beneath(int base, const char *path, int flags, int mode);

/* Make the folders that the last part of PATH lies in: 0, or -1 and errno. */
int fp_make_parents(int base, const char *path, int mode);

/* The folder that the last part of PATH lies in, opened; or -1 and errno. */
int fp_open_parent(int base, const char *path);
const char *fp_last_part(const char *path);

/* Remove NAME of FOLDER with all that is in it; ENOENT is no error. */
int fp_remove_tree(int folder, const char *name);

/* Rename without replacing: 0, or -1 and errno (EEXIST). */
int fp_rename_new(int from, const char *name, int to, const char *as);

/* Make the folder PATH, with its parents; open it: a descriptor or an error. */
xn_error_t *fp_open_folder(int *fd, const char *path, int mode);

/* Write all N bytes: 0, or -1 and errno. */
int fp_write_full(int fd, const void *bytes, size_t n);

#endif
