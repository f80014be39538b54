#include "appliance/job/token.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <apr_general.h>
#include <apr_strings.h>

const char *
syncgate_token_path(const char *socket, apr_pool_t *pool)
{
	return apr_pstrcat(pool, socket, ".token", NULL);
}

static xn_error_t *
read_from(char token[SYNCGATE_TOKEN_SIZE + 1], int fd, const char *path)
{
	struct stat st;
	ssize_t n;

	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) ||
	    st.st_uid != geteuid() || (st.st_mode & 077) != 0)
		return xn_error_create(XN_E_CONFIG, "%s is not a file that "
		    "only we can read", path);
	n = read(fd, token, SYNCGATE_TOKEN_SIZE);
	token[n < 0 ? 0 : n] = '\0';
	if (n != SYNCGATE_TOKEN_SIZE || strspn(token, "0123456789abcdef") !=
	    SYNCGATE_TOKEN_SIZE)
		return xn_error_create(XN_E_CONFIG, "%s has no token: remove "
		    "it, and reload the daemon", path);
	return NULL;
}

xn_error_t *
syncgate_token_read(char token[SYNCGATE_TOKEN_SIZE + 1], const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	xn_error_t *error;

	*token = '\0';
	if (fd < 0)
		return xn_error_system(errno, "cannot open %s", path);
	error = read_from(token, fd, path);
	close(fd);
	return error;
}

/* Whole under its name, or not there. */
static xn_error_t *
write_new(const char *path)
{
	unsigned char bytes[SYNCGATE_TOKEN_SIZE / 2];
	char text[SYNCGATE_TOKEN_SIZE + 2];
	char new[4096];
	int fd, failed = 0;

	if (apr_generate_random_bytes(bytes, sizeof(bytes)) != APR_SUCCESS)
		return xn_error_create(XN_E_SYSTEM, "no random bytes are to "
		    "be had");
	for (size_t i = 0; i < sizeof(bytes); i++)
		snprintf(text + 2 * i, 3, "%02x", bytes[i]);
	strcat(text, "\n");
	snprintf(new, sizeof(new), "%s.new", path);
	unlink(new);
	fd = open(new, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
	    0600);
	if (fd < 0)
		return xn_error_system(errno, "cannot make %s", new);
	if (write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		failed = errno != 0 ? errno : ENOSPC;
	if (close(fd) != 0 && failed == 0)
		failed = errno;
	if (failed == 0 && rename(new, path) != 0)
		failed = errno;
	if (failed == 0)
		return NULL;
	unlink(new);
	return xn_error_system(failed, "cannot write %s", path);
}

xn_error_t *
syncgate_token_make(const char *path)
{
	char token[SYNCGATE_TOKEN_SIZE + 1];
	xn_error_t *error = syncgate_token_read(token, path);

	if (error == NULL)
		return NULL;
	xn_error_clear(error);
	return write_new(path);
}
