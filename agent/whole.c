/*
 * whole.c: sealed memory that carries a large message, and its descriptors.
 */
#include "agent/whole.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define SEALS	(F_SEAL_WRITE | F_SEAL_SHRINK)

static void
close_if(int fd)
{
	if (fd >= 0)
		close(fd);
}

/* Only memory can have seals, so reading it never blocks. */
static int
is_sealed(int fd, size_t n)
{
	int seals = fcntl(fd, F_GET_SEALS);
	struct stat st;

	return seals >= 0 && (seals & SEALS) == SEALS &&
	    fstat(fd, &st) == 0 && st.st_size >= 0 && (size_t)st.st_size >= n;
}

int
xn_whole_begin(struct xn_whole *w, int fd, int done, size_t n, size_t before)
{
	void *map = MAP_FAILED;

	if (n > 0 && is_sealed(fd, n))
		map = mmap(NULL, n, PROT_READ, MAP_PRIVATE, fd, 0);
	close_if(fd);
	if (map == MAP_FAILED) {
		close_if(done);
		return -1;
	}
	w->map = map;
	w->n = w->left = n;
	w->at = 0;
	w->before = before;
	w->done = done;
	return 0;
}

void
xn_whole_drop(struct xn_whole *w)
{
	if (w->map == NULL)
		return;
	munmap(w->map, w->n);
	close_if(w->done);
	memset(w, 0, sizeof(*w));
}

ssize_t
xn_whole_write(struct xn_whole *w, int fd)
{
	ssize_t put = write(fd, w->map + w->at, w->left);

	if (put <= 0)
		return put;
	w->at += (size_t)put;
	w->left -= (size_t)put;
	if (w->left == 0)
		xn_whole_drop(w);
	return put;
}

int
xn_whole_make(const void *p, size_t n)
{
	int fd = memfd_create("message", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	const char *from = p;
	ssize_t put;
	int saved;

	if (fd < 0)
		return -1;
	for (; n > 0; n -= (size_t)put, from += put) {
		put = write(fd, from, n);
		if (put < 0 && errno == EINTR)
			put = 0;
		if (put < 0)
			break;
	}
	if (n == 0 && fcntl(fd, F_ADD_SEALS, SEALS) == 0)
		return fd;
	saved = errno;
	close(fd);
	errno = saved;
	return -1;
}

/* Room for two descriptors beside a message. */
union control {
	struct cmsghdr head;
	char bytes[CMSG_SPACE(2 * sizeof(int))];
};

ssize_t
xn_whole_recv(int sock, void *room, size_t n, int fds[2])
{
	struct iovec iov = { room, n };
	union control control;
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes)
	};
	ssize_t got = recvmsg(sock, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	struct cmsghdr *c;
	int count = 0;

	fds[0] = fds[1] = -1;
	if (got < 0)
		return got;
	for (c = CMSG_FIRSTHDR(&msg); c != NULL; c = CMSG_NXTHDR(&msg, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		count = (int)((c->cmsg_len - CMSG_LEN(0)) / sizeof(int));
		memcpy(fds, CMSG_DATA(c), (size_t)(count > 2 ? 2 : count) *
		    sizeof(int));
	}
	return got;
}

ssize_t
xn_whole_send(int sock, const void *p, size_t n, const int fds[2])
{
	struct iovec iov = { (void *)(uintptr_t)p, n };
	union control control;
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes)
	};
	size_t count = fds[1] >= 0 ? 2 : 1;
	struct cmsghdr *c;

	memset(&control, 0, sizeof(control));
	msg.msg_controllen = CMSG_SPACE(count * sizeof(int));
	c = CMSG_FIRSTHDR(&msg);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(count * sizeof(int));
	memcpy(CMSG_DATA(c), fds, count * sizeof(int));
	return sendmsg(sock, &msg, MSG_DONTWAIT | MSG_NOSIGNAL);
}
