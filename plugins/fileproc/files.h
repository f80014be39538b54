/*
 * files.h: what the plugin does with folders here, beneath an open one.
 */
#ifndef FILEPROC_FILES_H
#define FILEPROC_FILES_H

#include <sys/stat.h>

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

/* 1 if NAME of FOLDER is there, be it a link to nothing; else 0 and errno. */
int fp_is_there(int folder, const char *name);

/*
 * OLD of FROM becomes PATH beneath BASE, whose folders are made, again if
 * somebody removes them meanwhile; never through a link.  REPLACE: as rename()
 * does.  0, or -1 and errno.
 */
int fp_rename_beneath(int from, const char *old, int base, const char *path,
    int replace);

/* The file system says so of a name that somebody chose: it can never be. */
int fp_is_about_name(int number);

/* Make the folder PATH, with its parents; open it: a descriptor or an error. */
xn_error_t *fp_open_folder(int *fd, const char *path, int mode);

/* Write all N bytes: 0, or -1 and errno. */
int fp_write_full(int fd, const void *bytes, size_t n);

/* ---- names.c ------------------------------------------------------------------ */

/* Microseconds on a clock that nobody sets. */
apr_time_t fp_now(void);

#define FP_DEPTH_MAX	64		/* folders in folders */

/* Is TEXT an id, 32 digits? */
int fp_is_id(const char *text);

/* The last part of a name. */
const char *fp_base(const char *name);

/*
 * The folder that NAME is in beneath DIR, reached without any link: DIR itself
 * if NAME has no '/', else to be closed by fp_parent_done().  -1 and errno.
 * MAKE: folders that are not there are made.
 */
int fp_parent(int dir, const char *name, int make);
void fp_parent_done(int dir, int parent);

/* renameat() that replaces nothing: 0, or -1 and errno (EEXIST). */
int fp_rename_new(int from, const char *old, int to, const char *new);

/* ---- tree.c ------------------------------------------------------------------- */

/*
 * Call EACH for everything in the folder FD and beneath it, folders before what
 * is in them: 0 goes on.  Returns what EACH did, or -1 and errno; ELOOP: deeper
 * than FP_DEPTH_MAX.  FD stays open.
 */
typedef int (*fp_tree_fn)(void *baton, int parent, const char *name,
    const struct stat *st);
int fp_tree_walk(int fd, fp_tree_fn each, void *baton);

/* Remove NAME in DIR, whatever it is: 0 (also if it is not there), or -1. */
int fp_tree_remove(int dir, const char *name);

/*
 * Remove the folder NAME in DIR if there are only folders in it, else remove
 * only such: 0 (also if it is not there), or -1 and errno (ENOTEMPTY).
 */
int fp_tree_prune(int dir, const char *name);

#endif
