/*
 * serve_agent.c: one agent for each connection, with the socket as its standard
 * input and output.
 *
 * A copy of the socket is kept here, so that all agents can be ended as they
 * end when their clients go, and clean up behind themselves.
 */
#include "appliance/cmd/serve.h"

#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <apr_strings.h>

#include "core/gateway/bootstrap.h"

#define END_WAIT	apr_time_from_sec(5)
#define END_TURN	apr_time_from_msec(20)

struct agent {
	pid_t pid;		/* 0: a free place */
	int fd;
	long number;		/* of its connection */
	apr_time_t since;
};

struct serve_agents {
	int max, count;
	const char *path;
	long number;		/* of the last connection */
	struct agent *agents;	/* MAX of them */
};

serve_agents_t *
serve_agents_create(int max, const char *path, apr_pool_t *pool)
{
	serve_agents_t *agents = apr_pcalloc(pool, sizeof(*agents));

	agents->max = max;
	agents->path = path;
	agents->agents = apr_pcalloc(pool, sizeof(struct agent) *
	    (size_t)max);
	return agents;
}

int
serve_agents_count(const serve_agents_t *agents)
{
	return agents->count;
}

/* In the child.  Everything else that is open is close-on-exec. */
static void __attribute__((noreturn))
run_agent(const char *path, int fd)
{
	const char *const argv[] = { path, XN_SERVE_NONCE, NULL };
	sigset_t none;

	/* Ctrl-C is for the server, which ends its agents in its own way. */
	setsid();
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	if (dup2(fd, 0) == 0 && dup2(fd, 1) == 1)
		execv(path, (char *const *)(uintptr_t)argv);
	serve_log("cannot start the agent %s: %s", path, strerror(errno));
	_exit(127);
}

void
serve_turn_away(int fd, const char *name, const char *why)
{
	char line[256];
	int n = apr_snprintf(line, sizeof(line), "syncgate serve: %s\n", why);

	serve_log("%s: turned away: %s", name, why);
	if (send(fd, line, (size_t)n, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		serve_log("%s: could not tell it: %s", name, strerror(errno));
	close(fd);
}

void
serve_agents_start(serve_agents_t *agents, int fd, const char *name)
{
	struct agent *place = agents->agents;
	char why[64];

	if (agents->count == agents->max) {
		apr_snprintf(why, sizeof(why), "%d connections are open, as "
		    "many as --max allows", agents->max);
		serve_turn_away(fd, name, why);
		return;
	}
	while (place->pid != 0)
		place++;
	place->pid = fork();
	if (place->pid == 0)
		run_agent(agents->path, fd);
	if (place->pid < 0) {
		place->pid = 0;
		serve_turn_away(fd, name, strerror(errno));
		return;
	}
	place->fd = fd;
	place->number = ++agents->number;
	place->since = apr_time_now();
	agents->count++;
	serve_log("connection %ld: %s", place->number, name);
}

static struct agent *
find(serve_agents_t *agents, pid_t pid)
{
	for (int i = 0; i < agents->max; i++)
		if (agents->agents[i].pid == pid)
			return &agents->agents[i];
	return NULL;
}

int
serve_agents_reap(serve_agents_t *agents)
{
	struct agent *agent;
	int status, bad = 0;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if ((agent = find(agents, pid)) == NULL)
			continue;
		bad = status != 0;
		serve_log("connection %ld ended after %.1f s%s%s",
		    agent->number, (double)(apr_time_now() - agent->since) /
		    1e6, WIFSIGNALED(status) ? ", by signal " : "",
		    WIFSIGNALED(status) ? strsignal(WTERMSIG(status)) : "");
		close(agent->fd);
		agent->pid = 0;
		agents->count--;
	}
	return bad;
}

void
serve_agents_end(serve_agents_t *agents)
{
	apr_time_t until = apr_time_now() + END_WAIT;

	for (int i = 0; i < agents->max; i++)
		if (agents->agents[i].pid != 0)
			shutdown(agents->agents[i].fd, SHUT_RDWR);
	while (agents->count > 0 && apr_time_now() < until) {
		apr_sleep(END_TURN);
		serve_agents_reap(agents);
	}
	for (int i = 0; i < agents->max; i++)
		if (agents->agents[i].pid != 0)
			kill(agents->agents[i].pid, SIGKILL);
}
