/*
 * svnhotsync, the side that looks how a repository can be mirrored, for
 * method = auto.  It runs at both ends before the others.
 *
 *   -> (why it cannot be copied or "", how the mirror that is there was made or
 *       "")				and ends
 *
 * What is no repository at all is for the other sides to say.  kwargs: path.
 */
#include <execnet/remote.h>

#include "side_fsfs.h"

static void
probe_cleanup(void *baton)
{
	int *fds = baton;

	for (int i = 0; i < 2; i++)
		if (fds[i] != -1)
			close(fds[i]);
}

/* WHY, which says what is in a file, as what can be sent. */
static const char *
sendable(const char *why)
{
	size_t size = 3 * strlen(why) + 1;

	return xn_utf8(xn_alloc(size), size, why);
}

static const char *
why_no_copy(int db)
{
	char *text = fs_read_text(db, "fs-type", NULL);
	const char *why;
	struct fsfs fs;

	if (text != NULL && strcmp(text, "fsfs\n") != 0)
		return xn_printf("its file system is of type %.*s",
		    (int)strcspn(text, "\n"), text);
	text = fs_read_text(db, "format", NULL);
	why = text == NULL ? NULL : fs_format_read(&fs, text);
	return why == NULL ? "" : why;
}

/* As db/syncgate says (side_mirror_record.h). */
static const char *
made_by(int db)
{
	char *text = fs_read_text(db, "syncgate", NULL);

	if (text == NULL || strncmp(text, "syncgate mirror 1\n", 18) != 0)
		return "";
	return strstr(text, "\nmethod dump\n") != NULL ? "dump" : "copy";
}

void
remote_main(xn_channel *channel, const xn_value *kwargs)
{
	const char *path = xn_value_text(kwargs, "path", "");
	int *fds = xn_alloc(2 * sizeof(*fds));

	fds[0] = fds[1] = -1;
	xn_cleanup(probe_cleanup, fds);
	fds[0] = xn_base_open(path);
	if (fds[0] != -1)
		fds[1] = xn_open(fds[0], "db", XN_O_READ | XN_O_DIRECTORY, 0);
	if (fds[1] == -1)
		xn_send(channel, "(ss)", "", "");
	else
		xn_send(channel, "(ss)", sendable(why_no_copy(fds[1])),
		    made_by(fds[1]));
}
