/*
 * An open file: what it is, and what all of it amounts to.
 */
#include "core/side/side.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include <execnet/remote.h>

#define READ_SIZE	(256u * 1024)

int
xn_fentry(int fd, xn_entry *out)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return -1;
	memset(out, 0, sizeof(*out));
	out->name = "";
	out->type = S_ISREG(st.st_mode) ? 'f' : S_ISDIR(st.st_mode) ? 'd' :
	    '?';
	out->mode = st.st_mode & 07777;
	out->uid = st.st_uid;
	out->gid = st.st_gid;
	out->links = (unsigned int)st.st_nlink;
	out->mtime = (long long)st.st_mtim.tv_sec;
	out->nanoseconds = (int)st.st_mtim.tv_nsec;
	out->ctime = (long long)st.st_ctim.tv_sec;
	out->ctime_nanoseconds = (int)st.st_ctim.tv_nsec;
	out->size = (long long)st.st_size;
	out->blocks = (long long)st.st_blocks;
	out->inode = st.st_ino;
	out->device = (unsigned int)st.st_dev;
	return 0;
}

int
xn_confine(int base, int writing)
{
	struct xn_side *side = xn_side__need("xn_confine");

	if (side->port->confine == NULL)
		return 1;
	return side->port->confine(base, writing);
}

static int
add_all(XXH3_state_t *state, char *buffer, int fd, long long size)
{
	long long at = 0;

	while (at < size) {
		size_t want = size - at < READ_SIZE ? (size_t)(size - at) :
		    READ_SIZE;
		ssize_t n = pread(fd, buffer, want, at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n == 0)
			errno = ESTALE;
		if (n <= 0)
			return -1;
		XXH3_128bits_update(state, buffer, (size_t)n);
		at += n;
	}
	return 0;
}

int
xn_hash_file(int fd, long long size, unsigned char out[16])
{
	XXH3_state_t *state = XXH3_createState();
	char *buffer = malloc(READ_SIZE);
	XXH128_canonical_t bytes;
	int rc = -1;

	if (state != NULL && buffer != NULL) {
		XXH3_128bits_reset(state);
		rc = add_all(state, buffer, fd, size);
	} else {
		errno = ENOMEM;
	}
	if (rc == 0) {
		XXH128_canonicalFromHash(&bytes, XXH3_128bits_digest(state));
		memcpy(out, bytes.digest, 16);
	}
	XXH3_freeState(state);
	free(buffer);
	return rc;
}
