/*
 * serve_peer.c: who is at the other end of a connection on this machine.
 *
 * A unix socket says it (SO_PEERCRED).  For TCP on loopback the kernel lists
 * all sockets with their owners in /proc/net/tcp and tcp6; the row whose local
 * address is our peer's is the other end.  A socket that its owner has closed
 * stays in the list without one, as if it were root's: only an open one that
 * is connected counts.
 */
#include "appliance/cmd/serve.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <apr_strings.h>

#define ESTABLISHED	1u	/* the column "st" */

/* The address as /proc/net/tcp6 (WIDE) or tcp writes it; "" if it cannot. */
static const char *
spell(const struct sockaddr_storage *address, int wide, apr_pool_t *pool)
{
	const struct sockaddr_in6 *six = (const void *)address;
	const struct sockaddr_in *four = (const void *)address;
	uint32_t word[4] = { 0, 0, htonl(0xffff), 0 };

	if (address->ss_family == AF_INET && !wide)
		return apr_psprintf(pool, "%08X:%04X", four->sin_addr.s_addr,
		    ntohs(four->sin_port));
	if (address->ss_family == AF_INET)
		word[3] = four->sin_addr.s_addr;
	else if (wide)
		memcpy(word, &six->sin6_addr, sizeof(word));
	else
		return "";
	return apr_psprintf(pool, "%08X%08X%08X%08X:%04X", word[0], word[1],
	    word[2], word[3], ntohs(four->sin_port));
}

/* Look for the row LOCAL -> REMOTE in FILE; 1 and *UID if it is there. */
static int
find_row(uid_t *uid, const char *file, const char *local, const char *remote)
{
	char line[512], from[64], to[64];
	unsigned int state, owner;
	unsigned long inode;
	FILE *in = fopen(file, "re");
	int found = 0;

	if (in == NULL)
		return 0;
	while (!found && fgets(line, sizeof(line), in) != NULL) {
		if (sscanf(line, " %*[^:]: %63s %63s %x %*s %*s %*s %u %*s "
		    "%lu", from, to, &state, &owner, &inode) != 5)
			continue;
		found = strcmp(from, local) == 0 && strcmp(to, remote) == 0 &&
		    state == ESTABLISHED && inode != 0;
	}
	fclose(in);
	*uid = owner;
	return found;
}

static xn_error_t *
find_tcp(uid_t *uid, int fd, apr_pool_t *pool)
{
	static const char *const files[] = {
		"/proc/net/tcp", "/proc/net/tcp6"
	};
	struct sockaddr_storage here, there;
	socklen_t size = sizeof(here), size2 = sizeof(there);

	if (getsockname(fd, (struct sockaddr *)&here, &size) != 0 ||
	    getpeername(fd, (struct sockaddr *)&there, &size2) != 0)
		return xn_error_system(errno, "cannot see who connects");
	for (int wide = 0; wide < 2; wide++)
		if (find_row(uid, files[wide], spell(&there, wide, pool),
		    spell(&here, wide, pool)))
			return NULL;
	return xn_error_create(XN_E_AUTH, "cannot see in /proc/net/tcp whose "
	    "connection it is");
}

static xn_error_t *
find_peer(struct ucred *peer, int fd, apr_pool_t *pool)
{
	struct sockaddr_storage here;
	socklen_t size = sizeof(here), room = sizeof(*peer);

	peer->pid = 0;
	if (getsockname(fd, (struct sockaddr *)&here, &size) != 0)
		return xn_error_system(errno, "cannot see who connects");
	if (here.ss_family != AF_UNIX)
		return find_tcp(&peer->uid, fd, pool);
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, peer, &room) != 0)
		return xn_error_system(errno, "cannot see who connects");
	return NULL;
}

xn_error_t *
serve_peer(const char **who, int fd, apr_pool_t *pool)
{
	struct ucred peer;

	XN_TRY(find_peer(&peer, fd, pool));
	*who = peer.pid > 0 ? apr_psprintf(pool, "uid %lu, pid %ld",
	    (unsigned long)peer.uid, (long)peer.pid) :
	    apr_psprintf(pool, "uid %lu", (unsigned long)peer.uid);
	if (peer.uid == geteuid() || peer.uid == 0)
		return NULL;
	return xn_error_create(XN_E_AUTH, "it is uid %lu's, and only uid %lu "
	    "and root may run programs here", (unsigned long)peer.uid,
	    (unsigned long)geteuid());
}
