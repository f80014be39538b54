/*
 * known.c: see known.h.
 */
#include "plugins/fileproc/known.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <apr_strings.h>

#include "plugins/fileproc/files.h"
#include "plugins/fileproc/inside.h"

#define OURS		"data-out"
#define FLAT		" flat"
#define TEXT_SIZE	(FP_ID_LENGTH + sizeof(FLAT))

/* What the file NAME holds; "" if it is not there. */
static int
read_text(int folder, const char *name, char text[TEXT_SIZE])
{
	int fd = fp_open_beneath(folder, name, O_RDONLY | O_NONBLOCK, 0);
	ssize_t n;

	text[0] = '\0';
	if (fd < 0)
		return errno == ENOENT ? 0 : -1;
	n = read(fd, text, TEXT_SIZE - 1);
	text[n < 0 ? 0 : n] = '\0';
	close(fd);
	return n < 0 ? -1 : 0;
}

/* Whole or not at all, and durable. */
static int
write_text(int folder, const char *name, const char *text, apr_pool_t *pool)
{
	const char *made = apr_pstrcat(pool, name, ".new", NULL);
	int fd = openat(folder, made, O_WRONLY | O_CREAT | O_TRUNC |
	    O_NOFOLLOW | O_CLOEXEC, 0600);
	int bad, number;

	if (fd < 0)
		return -1;
	bad = fp_write_full(fd, text, strlen(text)) != 0 || fsync(fd) != 0;
	number = errno;
	close(fd);
	if (!bad)
		return renameat(folder, made, folder, name) == 0 &&
		    (fsync(folder) == 0 || errno == EINVAL) ? 0 : -1;
	unlinkat(folder, made, 0);
	errno = number;
	return -1;
}

/* The token of data-out, which is made if need be. */
static xn_error_t *
token_of_out(fp_job_t *job, int new)
{
	const char *name = apr_pstrcat(job->pool, fp_intake_queue(job->intake),
	    ".id", NULL);
	char text[TEXT_SIZE];
	int fd = fp_open_beneath(job->out, FP_OWN_FOLDER,
	    O_RDONLY | O_DIRECTORY, 0), bad;

	bad = fd < 0 || read_text(fd, name, text) != 0;
	if (!bad && (new || !fp_is_id(text))) {
		xn_error_t *error = fp_new_id(text);

		if (error != NULL) {
			close(fd);
			return error;
		}
		bad = write_text(fd, name, text, job->pool) != 0;
	}
	if (fd >= 0)
		close(fd);
	if (bad)
		return fp_job_errno("make", job->o->data_out,
		    apr_pstrcat(job->pool, FP_OWN_FOLDER "/", name, NULL));
	memcpy(job->token, text, sizeof(job->token));
	return NULL;
}

xn_error_t *
fp_known_read(fp_job_t *job, int new)
{
	char text[TEXT_SIZE];
	int flat;

	XN_TRY(token_of_out(job, new));
	job->known = FP_KNOWN;
	if (read_text(job->intake->own, OURS, text) != 0)
		return fp_job_errno("read", job->o->intake.data_in,
		    FP_OWN_FOLDER "/" OURS);
	if (text[0] == '\0')
		return NULL;
	flat = strcmp(text + strcspn(text, " "), FLAT) == 0;
	if (strncmp(text, job->token, FP_ID_LENGTH) != 0)
		job->known = FP_UNKNOWN;
	else if (flat != (job->o->outputs == FP_OUTPUTS_FLAT))
		job->known = FP_KNOWN_OTHERWISE;
	return NULL;
}

xn_error_t *
fp_known_write(fp_job_t *job)
{
	const char *text = apr_pstrcat(job->pool, job->token,
	    job->o->outputs == FP_OUTPUTS_FLAT ? FLAT : "", NULL);
	char now[TEXT_SIZE];

	if (read_text(job->intake->own, OURS, now) == 0 &&
	    strcmp(now, text) == 0)
		return NULL;
	if (write_text(job->intake->own, OURS, text, job->pool) != 0)
		return fp_job_errno("write", job->o->intake.data_in,
		    FP_OWN_FOLDER "/" OURS);
	return NULL;
}
