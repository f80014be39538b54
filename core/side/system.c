/*
 * Which file system something is on.
 *
 * ext2 to 4 give their UUID to whoever asks statfs(2), its halves combined; what
 * XFS and Btrfs give there numbers a device, or a subvolume.  These are asked
 * themselves: by what all file systems answer since Linux 6.9, else by what is
 * their own (linux/btrfs.h; fs/xfs/libxfs/xfs_fs.h, which is not installed with
 * the kernel's headers).
 */
#include <errno.h>
#include <linux/btrfs.h>
#include <linux/magic.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/vfs.h>

#include "core/side/side.h"

#include <execnet/tree.h>

#define UUID_SIZE	16
#define XFS_MAGIC	0x58465342	/* "XFSB" */

/* FS_IOC_GETFSUUID of linux/fs.h. */
struct fs_uuid {
	uint8_t n;
	uint8_t uuid[UUID_SIZE];
};
#define GET_FS_UUID	_IOR(0x15, 0, struct fs_uuid)

/* XFS_IOC_FSGEOMETRY_V1 of xfs_fs.h. */
struct xfs_geometry {
	uint32_t sizes[8];
	uint64_t blocks[4];
	uint8_t uuid[UUID_SIZE];
	uint32_t rest[7];
};
#define GET_XFS		_IOR('X', 100, struct xfs_geometry)

static int
uuid_of_any(int fd, uint8_t uuid[UUID_SIZE])
{
	struct fs_uuid any;

	memset(&any, 0, sizeof(any));
	if (ioctl(fd, GET_FS_UUID, &any) != 0 || any.n != UUID_SIZE)
		return -1;
	memcpy(uuid, any.uuid, UUID_SIZE);
	return 0;
}

static int
uuid_of_xfs(int fd, uint8_t uuid[UUID_SIZE])
{
	struct xfs_geometry xfs;

	memset(&xfs, 0, sizeof(xfs));
	if (ioctl(fd, GET_XFS, &xfs) != 0)
		return -1;
	memcpy(uuid, xfs.uuid, UUID_SIZE);
	return 0;
}

static int
uuid_of_btrfs(int fd, uint8_t uuid[UUID_SIZE])
{
	struct btrfs_ioctl_fs_info_args btrfs;

	memset(&btrfs, 0, sizeof(btrfs));
	if (ioctl(fd, BTRFS_IOC_FS_INFO, &btrfs) != 0)
		return -1;
	memcpy(uuid, btrfs.fsid, UUID_SIZE);
	return 0;
}

/* As ext combines them: the name has room for one half. */
static int
name_it(char name[XN_SYSTEM_NAME], const char *kind,
    const uint8_t uuid[UUID_SIZE])
{
	char digits[UUID_SIZE + 1];

	for (int i = 0; i < UUID_SIZE / 2; i++)
		snprintf(digits + 2 * i, 3, "%02x",
		    uuid[i] ^ uuid[i + UUID_SIZE / 2]);
	snprintf(name, XN_SYSTEM_NAME, "%s %s", kind, digits);
	return 0;
}

int
xn_file_system(int fd, char name[XN_SYSTEM_NAME])
{
	struct statfs fs;
	uint8_t uuid[UUID_SIZE];
	unsigned int id[2];

	while (fstatfs(fd, &fs) != 0)
		if (errno != EINTR)
			return -1;
	switch ((unsigned int)fs.f_type) {
	case EXT4_SUPER_MAGIC:
		memcpy(id, &fs.f_fsid, sizeof(id));
		snprintf(name, XN_SYSTEM_NAME, "ext %08x%08x", id[1], id[0]);
		return 0;
	case XFS_MAGIC:
		if (uuid_of_any(fd, uuid) == 0 || uuid_of_xfs(fd, uuid) == 0)
			return name_it(name, "xfs", uuid);
		return -1;
	case BTRFS_SUPER_MAGIC:
		if (uuid_of_btrfs(fd, uuid) == 0)
			return name_it(name, "btrfs", uuid);
		return -1;
	default:	/* some number devices there */
		errno = ENOTSUP;
		return -1;
	}
}
