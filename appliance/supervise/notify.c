#include "appliance/supervise/notify.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

/* One process, one service. */
static struct {
	struct sockaddr_un address;
	socklen_t size;		/* of the address; 0: nobody listens */
	long long watchdog;	/* half of what systemd waits */
} state;

static void
take_address(const char *path)
{
	size_t n = strlen(path);

	/* "@name" has no file. */
	if ((*path != '/' && *path != '@') || n < 2 ||
	    n >= sizeof(state.address.sun_path))
		return;
	state.address.sun_family = AF_UNIX;
	memcpy(state.address.sun_path, path, n);
	if (*path == '@')
		state.address.sun_path[0] = '\0';
	state.size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n);
}

void
notify_begin(void)
{
	const char *path = getenv("NOTIFY_SOCKET");
	const char *usec = getenv("WATCHDOG_USEC");
	const char *pid = getenv("WATCHDOG_PID");

	if (path != NULL)
		take_address(path);
	if (usec != NULL && (pid == NULL || strtoll(pid, NULL, 10) == getpid()))
		state.watchdog = strtoll(usec, NULL, 10) / 2;
	unsetenv("NOTIFY_SOCKET");
	unsetenv("WATCHDOG_USEC");
	unsetenv("WATCHDOG_PID");
}

void
notify_send(const char *text)
{
	int fd;

	if (state.size == 0)
		return;
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return;
	/* That nobody hears is for systemd to find out. */
	if (sendto(fd, text, strlen(text), MSG_NOSIGNAL,
	    (const struct sockaddr *)&state.address, state.size) < 0)
		fputs("syncgate: NOTIFY_SOCKET does not take what it is told\n",
		    stderr);
	close(fd);
}

void
notify_reloading(void)
{
	struct timespec now;
	char text[64];

	clock_gettime(CLOCK_MONOTONIC, &now);
	snprintf(text, sizeof(text), "RELOADING=1\nMONOTONIC_USEC=%lld",
	    now.tv_sec * 1000000LL + now.tv_nsec / 1000);
	notify_send(text);
}

long long
notify_watchdog(void)
{
	return state.watchdog > 0 && state.size > 0 ? state.watchdog : 0;
}
