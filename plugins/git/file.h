/*
 * file.h: a new file is written, with the SHA-1 of all of it at its end.
 *
 * Errors: XN_E_SYSTEM with the errno in `status`, or XN_E_NOMEM.
 */
#ifndef GIT_FILE_H
#define GIT_FILE_H

#include <pthread.h>

#include <execnet.h>

#include "plugins/git/sha1.h"

/* What such names begin with, until they get the right one. */
#define GITW_TEMPORARY	"tmp_syncgate_"

#define GITW_FILE_BUFFER	(128 * 1024)

struct gitw_file {
	char *path;			/* malloc'ed */
	int fd;				/* -1: there is none */
	unsigned char *buffer;		/* what is not written yet */
	size_t n;
	uint64_t written;		/* before that */
	pthread_mutex_t *mutex;		/* they change under it; or null */
	uint64_t started;		/* on its way to the disk */
	int sums;			/* SHA1 is of what is written */
	gitw_sha1_t sha1;
};

/*
 * Make a file of a name of its own in FOLDER, with MODE as the umask allows.
 * SUMS: it is summed while it is written, and gitw_file_back() may not be
 * called.
 */
xn_error_t *gitw_file_create(struct gitw_file *file, const char *folder,
    int mode, int sums);

xn_error_t *gitw_file_write(struct gitw_file *file, const void *bytes,
    size_t n);

/*
 * Where at least one byte can be put, and how many: gitw_file_filled() says how
 * many were.
 */
xn_error_t *gitw_file_room(struct gitw_file *file, unsigned char **at,
    size_t *n);
void gitw_file_filled(struct gitw_file *file, size_t n);

/* How much it holds. */
uint64_t gitw_file_size(const struct gitw_file *file);

/* Forget what was written after it held SIZE bytes. */
xn_error_t *gitw_file_back(struct gitw_file *file, uint64_t size);

/* Write what is buffered. */
xn_error_t *gitw_file_flush(struct gitw_file *file);

/* Write N BYTES over its first ones; it is not summed yet. */
xn_error_t *gitw_file_head(struct gitw_file *file, const void *bytes,
    size_t n);

/*
 * Put the SHA-1 of all behind it; *SUM may be null.  Without `sums` it is read
 * again for that.
 */
xn_error_t *gitw_file_sum(struct gitw_id *sum, struct gitw_file *file);

/* Make what it holds durable. */
xn_error_t *gitw_file_sync(struct gitw_file *file);

/*
 * Give it the name PATH; the folder is not flushed.  gitw_file_place() is done
 * with it then.  After gitw_file_link() it has its own name, too, until it is
 * abandoned: so it can be told who PATH is from, if we are killed between them.
 */
xn_error_t *gitw_file_place(struct gitw_file *file, const char *path);
xn_error_t *gitw_file_link(struct gitw_file *file, const char *path);

/* Close it and remove its own name. */
void gitw_file_abandon(struct gitw_file *file);

/* Make what was renamed or removed in FOLDER durable. */
xn_error_t *gitw_folder_sync(const char *folder);

#endif
