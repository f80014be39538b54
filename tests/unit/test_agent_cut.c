/*
 * test_agent_cut.c: what happens while a program is compiled, or to a part of
 * the agent that somebody else kills.
 */
#include "tests/unit/test_agent.h"

#define SOURCE_SIZE	(12u << 20)	/* some hundred milliseconds of tcc */
#define TICKS		4		/* of processor time: it is at work */

/*
 * The process of the agent whose name is NAME: its id, or 0 if there is none;
 * *TICKS_USED is the processor time of its own that it has used.
 */
static pid_t
find(const struct agent *a, const char *name, long *ticks_used)
{
	char path[300], text[8192], comm[40];
	DIR *dir = opendir("/proc");
	struct dirent *e;
	pid_t pid = 0;
	FILE *f;
	size_t n;

	while (pid == 0 && (e = readdir(dir)) != NULL) {
		if (!isdigit((unsigned char)e->d_name[0]))
			continue;
		snprintf(path, sizeof(path), "/proc/%s/stat", e->d_name);
		if ((f = fopen(path, "r")) == NULL)
			continue;
		if (fscanf(f, "%*d (%39[^)]) %*c %*d %*d %*d %*d %*d %*u %*u "
		    "%*u %*u %*u %ld", comm, ticks_used) != 2)
			comm[0] = '\0';
		fclose(f);
		if (strcmp(comm, name) != 0)
			continue;
		snprintf(path, sizeof(path), "/proc/%s/environ", e->d_name);
		if ((f = fopen(path, "r")) == NULL)
			continue;
		n = fread(text, 1, sizeof(text), f);
		fclose(f);
		if (memmem(text, n, a->mark, strlen(a->mark) + 1) != NULL)
			pid = (pid_t)atoi(e->d_name);
	}
	closedir(dir);
	return pid;
}

static pid_t
wait_for(const struct agent *a, const char *name, long ticks)
{
	long used = 0;
	pid_t pid = 0;

	for (int i = 0; i < 3000; i++) {
		pid = find(a, name, &used);
		if (pid != 0 && used >= ticks)
			return pid;
		usleep(10000);
	}
	CU_FAIL_FATAL("no such process");
	return 0;
}

/* A program that says 1 as soon as it runs, and is long in compiling. */
static void
start_long_compile(struct agent *a)
{
	static const char begin[] = INCLUDE MAIN "{ volatile int x = 0;\n"
	    "xn_send(ch, \"i\", 1); xn_receive_value(ch, -1);\n";
	static const char step[] = "x += x * 3 + (x ^ 5) / 7; x = -x;\n";
	char *source = malloc(SOURCE_SIZE + 1), *p = source;
	int i;

	p += sprintf(p, "%s", begin);
	while (p < source + SOURCE_SIZE - 100)
		p += sprintf(p, "%s", step);
	sprintf(p, "}");
	for (i = 0; i < 20; i++) {	/* once more if that was too late */
		agent_start(a);
		agent_exec(a, 1, source);
		wait_for(a, "syncgate-exec", TICKS);
		if (agent_next(a, 0) == -1)
			break;
		agent_end(a);
	}
	free(source);
	CU_ASSERT_FATAL(i < 20);
}

static void
a_cut_during_a_compile_leaves_nothing(void)
{
	struct agent a;

	start_long_compile(&a);
	CU_ASSERT_EQUAL(processes(&a), 3);
	agent_end(&a);
	expect_processes(&a, 0);
}

static void
a_killed_client_during_a_compile_leaves_nothing(void)
{
	struct agent a;

	start_long_compile(&a);
	close(a.out);
	a.out = open("/dev/null", O_RDONLY | O_CLOEXEC);
	expect_processes(&a, 0);
	agent_end(&a);
}

static void
terminate_during_a_compile_ends_it(void)
{
	struct agent a;

	start_long_compile(&a);
	agent_put(&a, XN_MSG_GATEWAY_TERMINATE, 0, NULL, 0);
	/* It may have been compiled before it was to end. */
	while (agent_next(&a, TIMEOUT_MS) == 1 &&
	    a.m.type != XN_MSG_CHANNEL_CLOSE)
		CU_ASSERT(a.m.type != XN_MSG_CHANNEL_CLOSE_ERROR);
	CU_ASSERT_EQUAL(a.m.type, XN_MSG_CHANNEL_CLOSE);
	agent_expect_end(&a, NULL);
	expect_processes(&a, 0);
	agent_end(&a);
}

static void
a_channel_closed_during_a_compile_is_closed_for_its_program(void)
{
	struct agent a;

	start_long_compile(&a);
	agent_close(&a, 1);
	/* It finds its channel closed, and ends without a word. */
	expect_processes(&a, 1);
	agent_exec(&a, 3, INCLUDE MAIN "{ xn_send(ch, \"i\", 3); }");
	do {	/* it may have said its 1 just before */
		CU_ASSERT_EQUAL_FATAL(agent_next(&a, TIMEOUT_MS), 1);
	} while (a.m.type == XN_MSG_CHANNEL_DATA && a.m.channel == 1);
	CU_ASSERT(a.m.type == XN_MSG_CHANNEL_DATA && a.m.channel == 3);
	agent_end(&a);
}

static void
a_killed_keeper_is_said(void)
{
	struct agent a;

	agent_start(&a);
	agent_exec(&a, 1, INCLUDE MAIN "{ xn_send(ch, \"i\", 1);\n"
	    "for (;;) ; }");
	agent_expect_int(&a, 1, 1);
	kill(wait_for(&a, "syncgate-keeper", 0), SIGKILL);
	agent_expect_error(&a, 1, "the program's keeper was killed by SIGKILL");
	expect_processes(&a, 1);
	agent_exec(&a, 3, INCLUDE MAIN "{ xn_send(ch, \"i\", 3); }");
	agent_expect_int(&a, 3, 3);
	agent_end(&a);
}

static const struct xn_test_case cases[] = {
	{ "a cut during a compile leaves nothing",
	    a_cut_during_a_compile_leaves_nothing },
	{ "a killed client during a compile leaves nothing",
	    a_killed_client_during_a_compile_leaves_nothing },
	{ "terminate during a compile ends it",
	    terminate_during_a_compile_ends_it },
	{ "a channel closed during a compile is closed for its program",
	    a_channel_closed_during_a_compile_is_closed_for_its_program },
	{ "a killed keeper is said", a_killed_keeper_is_said },
};

XN_TEST_MAIN("agent_cut", cases)
