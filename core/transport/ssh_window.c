/*
 * ssh_window.c: how much a server may send us without being told to go on.
 *
 * A large window costs the server dearly when its line is short: sshd reads
 * from the command whatever the window lets it, and copies all that it holds
 * for each piece that it adds.  With 16 MiB it used more time for that than
 * for encryption.  So the window is what the line needs, and that is known
 * once we have been let in.
 */
#include "core/transport/ssh.h"

/* Not <netinet/tcp.h>: the C library's struct tcp_info lacks the minimum. */
#include <linux/tcp.h>
#include <netinet/in.h>
#include <stddef.h>
#include <sys/socket.h>

#define WINDOW_MIN	(2u * 1024 * 1024)	/* OpenSSH's own */
#define WINDOW_MAX	XN_SSH_WINDOW_MAX
#define BYTES_A_US	320u	/* what must be possible, 320 MB/s */

unsigned int
xn_ssh__window(const xn_ssh_t *s)
{
	struct tcp_info info;
	socklen_t size = sizeof(info);

	/* Through a jump host it is no TCP socket, and an old kernel does not
	 * tell. */
	if (getsockopt(s->fd, IPPROTO_TCP, TCP_INFO, &info, &size) != 0 ||
	    size < offsetof(struct tcp_info, tcpi_min_rtt) +
	    sizeof(info.tcpi_min_rtt))
		return WINDOW_MAX;
	if (info.tcpi_min_rtt > WINDOW_MAX / BYTES_A_US)
		return WINDOW_MAX;
	return info.tcpi_min_rtt < WINDOW_MIN / BYTES_A_US ? WINDOW_MIN :
	    info.tcpi_min_rtt * BYTES_A_US;
}
