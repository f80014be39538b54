/*
 * side_place.h: is it the same folder, of the same machine?
 *
 * Both ends may have come to one repository by different ways: by a symbolic
 * link, by a gateway to this machine, by another mount.  A place is
 *
 *	DEVICE:INODE:INODE:NANOSECONDS BOOT
 *
 * of the folder db, and of db/uuid, which nobody writes to.  BOOT is the
 * machine's, since it was started; where it cannot be told the rest decides.
 * (A folder that two machines have by a network file system has two places.)
 */
#ifndef SVNHOTSYNC_SIDE_PLACE_H
#define SVNHOTSYNC_SIDE_PLACE_H

#include "side_fsfs.h"

#define PLACE_SIZE	200

/* The boot of this machine; "" if it cannot be told. */
static inline void
boot_id(char out[64])
{
	int base = xn_base_open("/proc/sys/kernel/random");
	char *text = base == -1 ? NULL : xn_read_file(base, "boot_id",
	    SMALL_FILE, NULL);

	if (text == NULL || fs_first_line(out, 64, text) != 0)
		out[0] = '\0';
	free(text);
	if (base != -1)
		close(base);
}

/* The place of the folder that is open as DB; "" if it is none. */
static inline void
place_of(char out[PLACE_SIZE], int db)
{
	xn_stat_t folder, uuid;
	char boot[64];

	out[0] = '\0';
	if (xn_fstat(db, &folder) != 0 || xn_stat(db, "uuid", &uuid) != 0)
		return;
	boot_id(boot);
	snprintf(out, PLACE_SIZE, "%lld:%lld:%lld:%lld %.60s", folder.device,
	    folder.inode, uuid.inode, uuid.mtime, boot);
}

static inline int
same_place_as(const char *a, const char *b)
{
	size_t n = strcspn(a, " ");

	/* ("N " and what is behind it.) */
	return n > 0 && strncmp(a, b, n + 1) == 0 && a[n] == ' ' &&
	    (a[n + 1] == '\0' || b[n + 1] == '\0' ||
	    strcmp(a + n, b + n) == 0);
}

#endif
