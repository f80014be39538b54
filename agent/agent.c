/*
 * agent.c: the program that travels to the other machine.
 *
 *	agent [NONCE]
 *	agent ... -c ...
 *
 * It says hello on stdout, one line, before it reads anything:
 *
 *	XN1 NONCE FEATURES
 *
 * and then speaks messages on stdin and stdout (see doc/protocol.md).  With -c
 * it was started by execnet in place of a Python: plain.c.
 */
#include <errno.h>
#include <netdb.h>
#include <nss.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "agent/process.h"
#include "agent/router.h"

#if defined(__x86_64__)
#define MACHINE "x86_64"
#elif defined(__aarch64__)
#define MACHINE "aarch64"
#else
#error "the agent is not made for this machine"
#endif

static int
usage(const char *text)
{
	dprintf(2, "agent: %s\n", text);
	return 2;
}

/*
 * A static program must not load the host's name service modules: they bring
 * the host's libc with them.
 */
static void
pin_names(void)
{
	static const char *const bases[] = {
		"passwd", "group", "shadow", "initgroups", "services",
		"protocols", "networks", "ethers", "netgroup"
	};

	for (size_t i = 0; i < sizeof(bases) / sizeof(bases[0]); i++)
		__nss_configure_lookup(bases[i], "files");
	__nss_configure_lookup("hosts", "files dns");
}

static int
say_hello(const struct xn_router *r, const char *nonce)
{
	char line[256];
	int n = snprintf(line, sizeof(line), "XN1 %s c,window,part,ping,setup,"
	    "log,limits,link,%s,%s\n", nonce, r->pidns ? "pidns" : "nopidns",
	    MACHINE);
	ssize_t put;

	for (int done = 0; done < n; done += (int)put) {
		put = write(r->out_fd, line + done, (size_t)(n - done));
		if (put <= 0)
			return -1;
	}
	return 0;
}

static int
start(struct xn_router *r)
{
	if (xn_process_take_connection(r) != 0)
		return -1;
	r->shared = mmap(NULL, sizeof(*r->shared), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (r->shared == MAP_FAILED)
		return -1;
	xn_buf_init(&r->in, XN_MESSAGE_MAX + 1024u * 1024);
	xn_buf_init(&r->out, XN_OUT_MAX);
	xn_buf_init(&r->err, XN_ERR_MAX);
	xn_buf_init(&r->line, 4096);
	r->py2str_as_py3str = 1;
	prctl(PR_SET_NAME, "syncgate-agent");
	pin_names();
	r->pidns = xn_process_can_pidns();
	if (!r->pidns)
		prctl(PR_SET_CHILD_SUBREAPER, 1);
	return 0;
}

/* execnet starts its worker as PYTHON -u -c TEXT. */
static int
has_c(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (strcmp(argv[i], "-c") == 0)
			return 1;
	return 0;
}

int
main(int argc, char **argv)
{
	static struct xn_router r;
	const char *nonce = argc > 1 ? argv[1] : "-";

	r.plain = has_c(argc, argv);
	if (!r.plain && (argc > 2 || strlen(nonce) > 64 || nonce[0] == '\0' ||
	    strpbrk(nonce, " \n") != NULL))
		return usage("takes one argument, a nonce of at most 64 "
		    "characters; it is started by syncgate, or by execnet "
		    "with -c");
	if (start(&r) != 0) {
		dprintf(r.err_fd > 0 ? r.err_fd : 2,
		    "agent: cannot start: %s\n", strerror(errno));
		return 1;
	}
	if ((r.plain ? xn_plain_open(&r) : say_hello(&r, nonce)) != 0)
		return 1;
	xn_handover_init(&r);
	xn_sweep();
	return xn_router_run(&r);
}
