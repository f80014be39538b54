/*
 * send.c: see send.h.
 */
#include "plugins/fileproc/send.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <apr_strings.h>

#define DEPTH_MAX	64

/* Where things are sent to. */
struct sending {
	xn_channel_t *channel;
	const char *wrong;
	xn_error_t *remote;
	apr_pool_t *pool;
};

xn_error_t *
fp_send_file(const char **wrong, xn_error_t **remote, xn_channel_t *channel,
    int fd, long long size)
{
	long long sent;
	xn_error_t *error = xn_channel_send_file(&sent, channel, fd, 0, size);

	*wrong = NULL;
	*remote = NULL;
	if (error != NULL && error->code == XN_E_SYSTEM)
		return xn_error_wrap(error, "an item");
	*remote = error;
	if (error == NULL && sent < size)
		*wrong = "the item became shorter while it was read";
	return NULL;
}

/*
 * It could not be opened: that is about the item, which may be sent again or
 * given up, unless we are in want of something ourselves.
 */
static xn_error_t *
cannot_read(struct sending *s, const char *path)
{
	if (errno == EMFILE || errno == ENFILE || errno == ENOMEM)
		return xn_error_system(errno, "cannot read %s of an item",
		    path);
	if (errno == ELOOP)
		s->wrong = apr_psprintf(s->pool, "%s is a link: an item has "
		    "files and folders", path);
	else if (errno == ENXIO)
		s->wrong = apr_psprintf(s->pool, "%s is no file", path);
	else
		s->wrong = apr_psprintf(s->pool, "%s cannot be read: %s",
		    *path == '\0' ? "its folder" : path, strerror(errno));
	return NULL;
}

static xn_error_t *send_folder(struct sending *s, int fd, const char *path,
    int depth);

/* One entry NAME of FOLDER, whose path in the item is PATH. */
static xn_error_t *
send_entry(struct sending *s, int folder, const char *name, const char *path,
    int depth)
{
	xn_error_t *error = NULL;
	struct stat st;
	int fd;

	fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK |
	    O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) != 0) {
		error = cannot_read(s, path);
	} else if (S_ISDIR(st.st_mode)) {
		s->remote = xn_send(s->channel, "(spl)", "dir", path,
		    (long long)(st.st_mode & 0777));
		if (s->remote == NULL)
			error = send_folder(s, fd, path, depth + 1);
	} else if (S_ISREG(st.st_mode)) {
		s->remote = xn_send(s->channel, "(spll)", "entry", path,
		    (long long)(st.st_mode & 0777), (long long)st.st_size);
		if (s->remote == NULL)
			error = fp_send_file(&s->wrong, &s->remote, s->channel,
			    fd, st.st_size);
	} else {
		s->wrong = apr_psprintf(s->pool, "%s is no file", path);
	}
	if (fd >= 0)
		close(fd);
	return error;
}

static xn_error_t *
send_folder(struct sending *s, int fd, const char *path, int depth)
{
	xn_error_t *error = NULL;
	struct dirent *entry;
	int copy = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = copy < 0 ? NULL : fdopendir(copy);

	if (dir == NULL) {
		error = cannot_read(s, path);
		if (copy >= 0)
			close(copy);
		return error;
	}
	if (depth > DEPTH_MAX)
		s->wrong = "its folders are more than 64 deep";
	while (error == NULL && s->remote == NULL && s->wrong == NULL &&
	    (entry = readdir(dir)) != NULL) {
		const char *name = entry->d_name;

		if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
			continue;
		error = send_entry(s, fd, name, *path == '\0' ?
		    apr_pstrdup(s->pool, name) : apr_pstrcat(s->pool, path,
		    "/", name, NULL), depth);
	}
	closedir(dir);
	return error;
}

xn_error_t *
fp_send_item(const char **wrong, xn_error_t **remote, xn_channel_t *channel,
    int fd, const fp_item_t *item, apr_pool_t *pool)
{
	struct sending s = { .channel = channel };
	xn_error_t *error;

	if (!item->folder)
		return fp_send_file(wrong, remote, channel, fd, item->size);
	apr_pool_create(&s.pool, pool);
	error = send_folder(&s, fd, "", 0);
	if (error == NULL && s.remote == NULL && s.wrong == NULL)
		s.remote = xn_send(channel, "(s)", "end");
	*wrong = s.wrong;
	*remote = s.remote;
	return error;
}

const char *const *
fp_with_room(const char *const *paths, const char *room, apr_pool_t *pool)
{
	const char **all;
	size_t n = 0;

	while (paths[n] != NULL)
		n++;
	all = apr_pcalloc(pool, sizeof(*all) * (n + 2));
	memcpy(all, paths, sizeof(*all) * n);
	all[n] = room;
	return all;
}

int
fp_clear_mismatch(xn_error_t *error)
{
	xn_error_clear(error);
	return error == NULL;
}

int
fp_is_tagged(const xn_value_t *value, const char *tag)
{
	const xn_value_t *first;

	if (value->kind != XN_TUPLE || value->size == 0)
		return 0;
	first = &value->u.items[0];
	return first->kind == XN_STR && first->size == strlen(tag) &&
	    memcmp(first->u.text, tag, first->size) == 0;
}
