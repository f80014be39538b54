/*
 * test_agent_liars.c: a program that writes to its agent's socket by itself can
 * only harm itself.
 */
#include "tests/unit/test_agent.h"

#define RAW "#include <execnet/remote.h>\n"				\
	"static long send(long fd, void *p, long n, long flags) {\n"	\
	"long r; asm volatile(\"movq %5, %%r10\\n\\tmovq $0, %%r8\\n\\t\"\n" \
	"\"movq $0, %%r9\\n\\tsyscall\" : \"=a\"(r) : \"0\"(44L), \"D\"(fd),\n" \
	"\"S\"(p), \"d\"(n), \"m\"(flags) : \"rcx\", \"r8\", \"r9\", \"r10\",\n"	\
	"\"r11\", \"memory\"); return r; }\n"					\
	"static int sock(void) { int fd = 3;\n"				\
	"while (send(fd, \"\", 0, 0) < 0 && fd < 1000) fd++;\n"		\
	"return fd; }\n"						\
	"static unsigned char b[70000];\n"				\
	"static void frame(int type, int id, int n) {\n"		\
	"b[0] = type; b[1] = id >> 24; b[2] = id >> 16; b[3] = id >> 8;\n" \
	"b[4] = id; b[5] = n >> 24; b[6] = n >> 16; b[7] = n >> 8; b[8] = n;}\n"

/* Each begins with a word; then it lies. */
static const struct {
	const char *does, *source, *error;
} liars[] = {
	{ "writes garbage", RAW MAIN "{ int s = sock(); xn_send(ch, \"i\", s);"
	  "for (int i = 0; i < 5000; i++) b[i] = 200;\n"
	  "for (;;) if (send(s, b, 5000, 0) < 0) xn_wait(0, 10); }",
	  "wrote over its agent's memory" },
	{ "writes a frame that is too large", RAW MAIN "{ int s = sock();\n"
	  "xn_send(ch, \"i\", s); frame(4, 1, 0x7fffffff);\n"
	  "send(s, b, 9, 0); xn_receive_value(ch, -1); }",
	  "wrote over its agent's memory" },
	{ "sends out of band", RAW MAIN "{ int s = sock();\n"
	  "xn_send(ch, \"i\", s); frame(4, 1, 20000);\n"
	  "send(s, b, 20009, 0); for (volatile int i = 0; i < 50000000; i++) ;\n"
	  "for (int i = 0; i < 6; i++) send(s, b, 20009, 0);\n"
	  "send(s, b, 20008, 0);\n"
	  "while (send(s, b, 1, 1) < 0) xn_sleep(10);\n"
	  "xn_receive_value(ch, -1); }",
	  "wrote to its agent's socket by itself" },
	{ "gives a file that is not there", RAW MAIN "{ int s = sock();\n"
	  "xn_send(ch, \"i\", s); frame(66, 1, 12); b[20] = 1;\n"
	  "send(s, b, 21, 0); xn_receive_value(ch, -1); }",
	  "wrote over its agent's memory" },
	{ "asks for a file in too few words", RAW MAIN "{ int s = sock();\n"
	  "xn_send(ch, \"i\", s); frame(66, 1, 11); b[19] = 1;\n"
	  "send(s, b, 20, 0); xn_receive_value(ch, -1); }",
	  "wrote over its agent's memory" },
	{ "has what comes written to no file", RAW MAIN "{ int s = sock();\n"
	  "xn_send(ch, \"i\", s); frame(67, 1, 32); b[24] = 1;\n"
	  "send(s, b, 41, 0); xn_receive_value(ch, -1); }",
	  "wrote over its agent's memory" },
	{ "makes channels without end", RAW MAIN "{ int s = sock();\n"
	  "xn_send(ch, \"i\", s); for (int i = 1000; ; i += 2) {\n"
	  "frame(64, i, 0); send(s, b, 9, 0); } }",
	  "made more than 8192 channels" },
};

/* An echo on ID, perhaps behind the closes of what another program made. */
static void
echoes_beside_closes(struct agent *a, int32_t id)
{
	int rc;

	agent_send(a, XN_MSG_CHANNEL_DATA, id, "i", 7);
	while ((rc = agent_next(a, TIMEOUT_MS)) == 1 && a->m.channel != id)
		CU_ASSERT_NOT_EQUAL(a->m.type, XN_MSG_CHANNEL_DATA);
	CU_ASSERT_EQUAL_FATAL(rc, 1);
	CU_ASSERT_EQUAL(a->m.type, XN_MSG_CHANNEL_DATA);
}

static void
a_program_that_lies_ends_alone(void)
{
	struct agent a;
	int rc;

#ifndef __x86_64__
	return;			/* they call the kernel in its assembler */
#endif
	for (size_t i = 0; i < sizeof(liars) / sizeof(liars[0]); i++) {
		agent_start(&a);
		agent_exec(&a, 3, agent_echo);
		agent_echoes(&a, 3);
		agent_exec(&a, 1, liars[i].source);
		agent_expect(&a, XN_MSG_CHANNEL_DATA, 1);
		usleep(500000);	/* until it waits for us to read */
		while ((rc = agent_next(&a, TIMEOUT_MS)) == 1 &&
		    a.m.type == XN_MSG_CHANNEL_DATA)
			continue;
		if (rc != 1)
			printf("\n    one that %s: %d\n", liars[i].does, rc);
		CU_ASSERT_EQUAL_FATAL(rc, 1);
		CU_ASSERT_EQUAL_FATAL(a.m.type, XN_MSG_CHANNEL_CLOSE_ERROR);
		CU_ASSERT_EQUAL(a.m.channel, 1);
		if (strstr(agent_value(&a)->u.text, liars[i].error) == NULL)
			printf("\n    one that %s: %s\n", liars[i].does,
			    agent_value(&a)->u.text);
		CU_ASSERT_PTR_NOT_NULL(strstr(agent_value(&a)->u.text,
		    liars[i].error));
		echoes_beside_closes(&a, 3);
		agent_exec(&a, 5, agent_echo);
		echoes_beside_closes(&a, 5);
		agent_expect_small(&a);
		agent_end(&a);
	}
}

/* It speaks for channels that are not its own, and stops within a frame. */
static void
a_program_speaks_for_itself_alone(void)
{
	struct agent a;

#ifndef __x86_64__
	return;
#endif
	agent_start(&a);
	agent_exec(&a, 3, agent_echo);
	agent_echoes(&a, 3);
	agent_exec(&a, 1, RAW MAIN "{ int s = sock();\n"
	    "frame(5, 3, 0); send(s, b, 9, 0);\n"
	    "b[9] = 'L'; b[10] = 'Q'; frame(4, 3, 2); send(s, b, 11, 0);\n"
	    "frame(4, 5, 2); send(s, b, 11, 0); frame(35, 0, 2);\n"
	    "send(s, b, 11, 0); frame(2, 0, 0); send(s, b, 9, 0);\n"
	    "frame(65, 1, 4); send(s, b, 0, 0); xn_send(ch, \"i\", 1);\n"
	    "frame(4, 1, 60000); send(s, b, 30000, 0); for (;;) ; }");
	agent_expect_int(&a, 1, 1);
	for (int i = 0; i < 100; i++)
		agent_echoes(&a, 3);
	agent_end(&a);
	expect_processes(&a, 0);
}

/* The frames that were begun are whole, whatever the file is by then. */
static void
a_file_that_became_shorter_ends_its_program(void)
{
	char folder[] = "/tmp/xn-test-agent.XXXXXX", source[1024], cut[80];
	uint8_t grant[4];
	struct agent a;
	long long bytes = 0;
	int rc;

	CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(folder));
	snprintf(cut, sizeof(cut), "%s/cut", folder);
	snprintf(source, sizeof(source), INCLUDE MAIN
	    "{ char *p = xn_alloc(5000000);\n"
	    "int fd = xn_temporary(xn_base_open(\"/dev/shm\"));\n"
	    "if (xn_write_full(fd, p, 5000000) != 0) xn_fail(\"%%m\");\n"
	    "xn_receive_value(ch, -1);\n"
	    "xn_send_file(ch, fd, 0, 5000000); ftruncate(fd, 4000000);\n"
	    "xn_mkdir(xn_base_open(\"%s\"), \"cut\", 0700);\n"
	    "xn_receive_value(ch, -1); }", folder);
	xn_set_u32(grant, 7 << 20);
	agent_start(&a);
	agent_exec(&a, 3, agent_echo);
	agent_exec(&a, 1, source);
	agent_put(&a, XN_MSG_CHANNEL_WINDOW, 1, grant, sizeof(grant));
	agent_send(&a, XN_MSG_CHANNEL_DATA, 1, "i", 1);
	/* Until it is, and waits for us to read. */
	for (int i = 0; i < 6000 && access(cut, F_OK) != 0; i++)
		usleep(10000);
	CU_ASSERT_EQUAL(rmdir(cut), 0);
	CU_ASSERT_EQUAL(rmdir(folder), 0);
	while ((rc = agent_next(&a, TIMEOUT_MS)) == 1 && a.m.channel == 1 &&
	    a.m.type != XN_MSG_CHANNEL_CLOSE_ERROR) {
		if (a.m.type != XN_MSG_CHANNEL_DATA)
			continue;
		CU_ASSERT_EQUAL_FATAL(agent_value(&a)->kind, XN_BYTES);
		bytes += agent_value(&a)->size;
	}
	CU_ASSERT_EQUAL_FATAL(rc, 1);
	CU_ASSERT_EQUAL_FATAL(a.m.type, XN_MSG_CHANNEL_CLOSE_ERROR);
	CU_ASSERT_PTR_NOT_NULL(strstr(agent_value(&a)->u.text,
	    "became shorter"));
	CU_ASSERT(bytes >= 4000000 && bytes <= 5000000);
	agent_echoes(&a, 3);
	agent_end(&a);
}

static const struct xn_test_case cases[] = {
	{ "a file that became shorter ends its program",
	    a_file_that_became_shorter_ends_its_program },
	{ "a program that lies ends alone", a_program_that_lies_ends_alone },
	{ "a program speaks for itself alone",
	    a_program_speaks_for_itself_alone },
};

XN_TEST_MAIN("agent_liars", cases)
