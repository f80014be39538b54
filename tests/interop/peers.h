/*
 * peers.h: one table of cases, run against every kind of peer: execnet's own
 * worker over popen and over its socketserver, our Python worker, our agent.
 *
 * A program includes it once, lists its cases and calls PEERS_MAIN().  A case
 * ships its program in Python and, where it makes sense there, in C: a case
 * without C text says so by PYTHON_ONLY.  The cases of a peer share one
 * gateway; those that end it or count what it holds open one of their own.
 */
#ifndef XN_TESTS_INTEROP_PEERS_H
#define XN_TESTS_INTEROP_PEERS_H

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "tests/lib/gateway_test.h"

#define PYTHON_ONLY	1	/* no C text: not for our agent */
#define EXECNET_ONLY	2	/* asks for what only execnet's worker has */

struct peer_case {
	const char *sentence;
	void (*function)(void);
	int flags;
};

enum peer_kind { PEER_EXECNET, PEER_SOCKET, PEER_PYTHON, PEER_AGENT };

static const struct peer {
	const char *name;
	enum peer_kind kind;
} peers[] = {
	{ "execnet's worker over popen", PEER_EXECNET },
	{ "execnet's worker over its socketserver", PEER_SOCKET },
	{ "our Python worker", PEER_PYTHON },
	{ "our agent", PEER_AGENT },
};
#define NPEERS (sizeof(peers) / sizeof(peers[0]))

static const struct peer *peer;		/* that the cases run against now */
static const char *execnet_python;	/* an interpreter that has execnet */

/* What the suite's cases share, as gateway_test.h has it for one case. */
static apr_pool_t *shared_pool;
static xn_group_t *shared_group;
static xn_gateway_t *shared_gw;

/* ---- A socketserver of execnet ---------------------------------------- */

struct server {
	pid_t pid;
	int out;		/* what it prints; it must stay open */
};

static apr_status_t
stop_server(void *baton)
{
	struct server *s = baton;

	kill(s->pid, SIGKILL);
	waitpid(s->pid, NULL, 0);
	close(s->out);
	return APR_SUCCESS;
}

/* Its port, the number before the first ')' after "Accept loop". */
static int
read_port(int fd)
{
	char text[512];
	size_t n = 0;
	char *at = NULL;

	while (n < sizeof(text) - 1 && read(fd, text + n, 1) == 1) {
		text[++n] = '\0';
		at = text[n - 1] == ')' ? strstr(text, "Accept loop") : NULL;
		if (at != NULL)
			return atoi(strrchr(at, ' '));
	}
	return 0;
}

/* Start one; it serves one gateway at a time.  Its port. */
static int
start_server(apr_pool_t *p)
{
	struct server *s = apr_palloc(p, sizeof(*s));
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) != 0 || (s->pid = fork()) < 0)
		return 0;
	if (s->pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(ends[1], 1);
		dup2(ends[1], 2);
		execl(execnet_python, "python3", "-u", "-m",
		    "execnet.script.socketserver", "127.0.0.1:0",
		    (char *)NULL);
		_exit(127);
	}
	close(ends[1]);
	s->out = ends[0];
	apr_pool_cleanup_register(p, s, stop_server, apr_pool_cleanup_null);
	return read_port(s->out);
}

/* ---- Gateways and programs -------------------------------------------- */

/* A new gateway of this peer; MORE is added to the xspec. */
static xn_error_t *
open_peer(xn_gateway_t **out, xn_group_t *in, const char *more, apr_pool_t *p)
{
	const char *spec;

	switch (peer->kind) {
	case PEER_EXECNET:
		spec = apr_psprintf(p, "popen//python=%s//worker=execnet",
		    execnet_python);
		break;
	case PEER_SOCKET:
		spec = apr_psprintf(p, "socket=127.0.0.1:%d//worker=execnet",
		    start_server(p));
		break;
	case PEER_PYTHON:
		spec = "popen//python=python3";
		break;
	default:
		spec = "popen";
		break;
	}
	return xn_gateway_open(out, in, apr_pstrcat(p, spec, more, NULL), p);
}

/* A case on the shared gateway. */
static inline int
begin(void)
{
	if (shared_gw == NULL)
		return 1;
	pool = expect_pool();
	group = shared_group;
	gw = shared_gw;
	return 0;
}

/* A case with a group and a gateway of its own. */
static inline int
begin_own(const char *more)
{
	pool = expect_pool();
	return failed(xn_group_create(&group, pool)) ||
	    failed(open_peer(&gw, group, more, pool));
}

/* The text for this peer. */
static inline const char *
text_for(const char *python, const char *c)
{
	return peer->kind == PEER_AGENT ? c : python;
}

static inline xn_channel_t *
run_on(xn_gateway_t *on, const char *python, const char *c)
{
	xn_channel_t *ch = NULL;
	xn_program_t program = { .source = text_for(python, c),
	    .name = peer->kind == PEER_AGENT ? "case.c" : "case.py" };

	failed(xn_remote_exec(&ch, on, &program, pool));
	if (ch == NULL)
		exit(1);
	return ch;
}

/* Run PYTHON, or the body C of a remote_main(), on the case's gateway. */
static inline xn_channel_t *
run(const char *python, const char *c)
{
	return run_on(gw, python, c);
}

#define WAIT xn_seconds(20)	/* only ever passes when a case fails */

/* The next value on CH is the int WANTED. */
static inline void
gets_int(xn_channel_t *ch, long long wanted)
{
	long long got = wanted - 1;

	if (!failed(xn_receive(ch, WAIT, "l", &got)))
		CU_ASSERT_EQUAL(got, wanted);
}

static inline void
gets_text(xn_channel_t *ch, const char *wanted)
{
	const char *got = "";

	if (failed(xn_receive(ch, WAIT, "s", &got)))
		return;
	CU_ASSERT_STRING_EQUAL(got, wanted);
	if (strcmp(got, wanted) != 0)
		printf("\n    wanted %s\n    got    %s\n", wanted, got);
}

/* Nothing more comes on CH, which has ended well. */
static inline void
gets_end(xn_channel_t *ch)
{
	const xn_value_t *v;

	text_has(xn_channel_receive(&v, ch, WAIT, pool), XN_E_EOF, "end");
}

/* CH has ended by an error of the program, with PART in its text. */
static inline void
gets_error(xn_channel_t *ch, const char *part)
{
	const xn_value_t *v;

	text_has(xn_channel_receive(&v, ch, WAIT, pool), XN_E_REMOTE, part);
}

/* ---- The run ---------------------------------------------------------- */

static int
enter_suite(void)
{
	const char *name = CU_get_current_suite()->pName;

	for (size_t i = 0; i < NPEERS; i++)
		if (strcmp(peers[i].name, name) == 0)
			peer = &peers[i];
	shared_pool = expect_pool();
	shared_gw = NULL;
	if (expect_error(xn_group_create(&shared_group, shared_pool), 0, ""))
		expect_error(open_peer(&shared_gw, shared_group, "",
		    shared_pool), 0, "");
	return shared_gw == NULL;
}

static int
leave_suite(void)
{
	if (shared_pool != NULL)
		apr_pool_destroy(shared_pool);
	shared_pool = NULL;
	return 0;
}

static int
runs_on(const struct peer_case *c, enum peer_kind kind)
{
	if (kind == PEER_AGENT)
		return c->flags == 0;
	return kind != PEER_PYTHON || (c->flags & EXECNET_ONLY) == 0;
}

static int
has_execnet(void)
{
	execnet_python = getenv("EXECNET_PYTHON");
	if (execnet_python == NULL)
		execnet_python = "/usr/bin/python3";
	return system(apr_psprintf(expect_pool(),
	    "%s -c 'import execnet' 2>/dev/null", execnet_python)) == 0;
}

/* The whole table, peer after peer; `program PEER` (from 0) only that one. */
static int
peers_main(const struct peer_case *cases, size_t n, int argc, char **argv)
{
	unsigned int skipped = 0;
	int there = has_execnet();

	if (CU_initialize_registry() != CUE_SUCCESS)
		return 2;
	for (size_t i = 0; i < NPEERS; i++) {
		CU_pSuite suite = NULL;

		if (argc > 1 && (size_t)atoi(argv[1]) != i)
			continue;
		if (there || peers[i].kind >= PEER_PYTHON)
			suite = CU_add_suite(peers[i].name, enter_suite,
			    leave_suite);
		for (size_t k = 0; k < n; k++) {
			if (!runs_on(&cases[k], peers[i].kind) || (argc > 2 &&
			    (size_t)atoi(argv[2]) != k))
				continue;
			if (suite == NULL)
				skipped++;
			else
				CU_add_test(suite, cases[k].sentence,
				    cases[k].function);
		}
	}
	CU_basic_set_mode(CU_BRM_VERBOSE);
	CU_basic_run_tests();
	if (skipped > 0)
		printf("skipped: %s has no execnet\n", execnet_python);
	n = CU_get_number_of_tests_failed() +
	    CU_get_number_of_suites_failed();
	printf("%u passed, %zu failed, %u skipped\n",
	    CU_get_number_of_tests_run() - CU_get_number_of_tests_failed(),
	    n, skipped);
	CU_cleanup_registry();
	return n != 0;
}

#define PEERS_MAIN(table)						\
int									\
main(int argc, char **argv)						\
{									\
	return peers_main((table), sizeof(table) / sizeof((table)[0]),	\
	    argc, argv);						\
}

#endif
