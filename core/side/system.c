/*
 * Which file system something is on.
 */
#include <errno.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/vfs.h>

#include "core/side/side.h"

#include <execnet/tree.h>

int
xn_file_system(int fd, char name[XN_SYSTEM_NAME])
{
	struct statfs fs;
	unsigned int id[2];

	while (fstatfs(fd, &fs) != 0)
		if (errno != EINTR)
			return -1;
	/* Of the others some number devices in there, or snapshots. */
	if ((unsigned int)fs.f_type != EXT4_SUPER_MAGIC) {
		errno = ENOTSUP;
		return -1;
	}
	memcpy(id, &fs.f_fsid, sizeof(id));
	snprintf(name, XN_SYSTEM_NAME, "ext %08x%08x", id[1], id[0]);
	return 0;
}
