/*
 * Children with everything that can be chosen for them, and files without
 * names.
 */
#include "core/side/side.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <execnet/remote.h>
#include "tests/lib/fresh_base.h"
#include "tests/lib/fake_port.h"

static int
descriptors(void)
{
	int count = 0;

	for (int fd = 0; fd < 256; fd++)
		count += fcntl(fd, F_GETFD) != -1;
	return count;
}

/* Run MAIN as a program with a folder as base; it must end well, and leave no
 * descriptor. */
static void
run_well(xn_side_main *main_function)
{
	int before = descriptors();
	struct xn_fake *f = xn_fake_create();
	char *error;

	fresh();
	xn_fake_start(f, 1, main_function, NULL);
	error = xn_fake_join(f, 1);
	xn_fake_destroy(f);
	gone();
	if (error != NULL)
		printf("\n  %s\n", error);
	CU_ASSERT_PTR_NULL(error);
	free(error);
	CU_ASSERT_EQUAL(descriptors(), before);
}

/* A case that runs BODY as a program. */
#define CASE(name, body) \
	static void body(xn_channel *, const xn_value *); \
	static void name(void) { run_well(body); } \
	static void body(xn_channel *channel, const xn_value *kwargs)

#define UNUSED() ((void)channel, (void)kwargs)

static xn_child child;
static xn_child_options options;

/* Ready for the shell to run TEXT. */
static const char **
shell(const char *text)
{
	static const char *argv[4];

	options = (xn_child_options)XN_CHILD_OPTIONS;
	argv[0] = "sh";
	argv[1] = "-c";
	argv[2] = text;
	argv[3] = NULL;
	options.argv = argv;
	return argv;
}

/* All that FD has, as text. */
static const char *
contents(int fd)
{
	static char text[4096];
	ssize_t n;

	CU_ASSERT_EQUAL(lseek(fd, 0, SEEK_SET), 0);
	n = xn_read_full(fd, text, sizeof(text) - 1);
	CU_ASSERT_FATAL(n >= 0);
	text[n] = '\0';
	return text;
}

static void
run_it(void)
{
	CU_ASSERT_EQUAL_FATAL(xn_child_start_with(&child, &options), 0);
}

/* It ends by itself. */
static void
expect_end(int status, int by_signal)
{
	int got = -2, signal_got = -2;

	CU_ASSERT_EQUAL(xn_child_ended(&child, 30000), 1);
	CU_ASSERT_EQUAL(xn_child_kill(&child, &got, &signal_got), 0);
	CU_ASSERT_EQUAL(got, status);
	CU_ASSERT_EQUAL(signal_got, by_signal);
	CU_ASSERT_EQUAL(xn_child_kill(&child, &got, &signal_got), -1);
	CU_ASSERT_EQUAL(errno, ECHILD);
	CU_ASSERT_EQUAL(xn_child_ended(&child, 0), -1);
}

/* ---- What it gets -------------------------------------------------------- */

CASE(it_reads_and_writes_descriptors, reads_and_writes)
{
	int in = xn_temporary(base), out = xn_temporary(base);
	char text[100];

	UNUSED();
	CU_ASSERT_EQUAL(xn_write_full(in, "abc", 3), 0);
	CU_ASSERT_EQUAL(lseek(in, 0, SEEK_SET), 0);
	shell("cat; echo err >&2; exit 3");
	options.in = in;
	options.out = out;
	options.flags = XN_CHILD_ERR;
	run_it();
	CU_ASSERT_EQUAL(child.in, -1);
	CU_ASSERT_EQUAL(child.out, -1);
	CU_ASSERT_EQUAL(xn_child_ended(&child, -1), 1);
	CU_ASSERT_EQUAL(read(child.err, text, sizeof(text)), 4);
	CU_ASSERT_EQUAL(memcmp(text, "err\n", 4), 0);
	expect_end(3, 0);
	CU_ASSERT_STRING_EQUAL(contents(out), "abc");
	/* stdout goes where stderr goes, and reading from it does not block. */
	shell("echo out; cat; read x");
	options.flags = XN_CHILD_ERR;
	run_it();
	CU_ASSERT_EQUAL(xn_child_ended(&child, -1), 1);
	CU_ASSERT_EQUAL(read(child.err, text, sizeof(text)), 4);
	CU_ASSERT_EQUAL(read(child.err, text, sizeof(text)), 0);
	expect_end(1, 0);
	shell("sleep 100");
	options.flags = XN_CHILD_ERR;
	run_it();
	CU_ASSERT_EQUAL(read(child.err, text, sizeof(text)), -1);
	CU_ASSERT_EQUAL(errno, EAGAIN);
	CU_ASSERT_EQUAL(xn_child_ended(&child, 20), 0);
	/* Left behind: the program's end clears it away. */
	close(in);
	close(out);
}

CASE(it_has_an_environment_and_a_folder, has_environment)
{
	static const char *const env[] = {
		"HOME=/elsewhere", "NEW=a b", "EMPTY=", NULL
	};
	int out = xn_temporary(base);

	UNUSED();
	CU_ASSERT_EQUAL(setenv("XN_TEST_KEPT", "kept", 1), 0);
	CU_ASSERT_EQUAL(setenv("XN_TEST", "1", 1), 0);
	shell("echo \"$HOME|$NEW|${EMPTY-unset}|$XN_TEST_KEPT|$XN_TEST\"; "
	    "pwd; env | grep -c ^HOME=");
	options.env = env;
	options.folder = base;
	options.out = out;
	run_it();
	expect_end(0, 0);
	CU_ASSERT_EQUAL(strncmp(contents(out), "/elsewhere|a b||kept|1\n",
	    23), 0);
	CU_ASSERT_PTR_NOT_NULL(strstr(contents(out), root));
	CU_ASSERT_STRING_EQUAL(strrchr(contents(out), '\n') - 1, "1\n");
	close(out);
}

CASE(it_has_no_other_descriptors, has_descriptors)
{
	int leak = dup(2), out = xn_temporary(base), at_three;
	int program = xn_memory_file("a", "hello", 5);

	UNUSED();
	shell("cat <&3; cd /proc/self/fd && echo *");
	options.out = out;
	options.program = program;
	options.folder = base;
	run_it();
	expect_end(0, 0);
	CU_ASSERT_EQUAL(strncmp(contents(out), "hello0 1 2 3", 12), 0);
	CU_ASSERT(strlen(contents(out)) < 18);
	/* Whatever number a descriptor has here. */
	at_three = fcntl(3, F_GETFD) == -1 ? dup2(out, 3) : -1;
	CU_ASSERT_EQUAL(ftruncate(out, 0), 0);
	CU_ASSERT_EQUAL(lseek(out, 0, SEEK_SET), 0);
	CU_ASSERT_EQUAL(lseek(program, 0, SEEK_SET), 0);
	shell("cat <&3");
	options.out = at_three != -1 ? at_three : out;
	options.program = program;
	run_it();
	expect_end(0, 0);
	CU_ASSERT_STRING_EQUAL(contents(out), "hello");
	if (at_three != -1)
		close(at_three);
	close(program);
	close(out);
	close(leak);
}

CASE(a_program_in_memory_is_executed, executes_memory)
{
	static const char script[] = "#!/bin/sh\necho \"$1 $(cat)\"\n";
	static const char *const argv[] = { "name", "argument", NULL };
	int program = xn_memory_file("script", script, sizeof(script) - 1);
	int out = xn_temporary(base), in = xn_memory_file("in", "x", 1);

	UNUSED();
	CU_ASSERT_FATAL(program >= 0);
	for (int i = 0; i < 2; i++) {
		options = (xn_child_options)XN_CHILD_OPTIONS;
		options.argv = argv;
		options.flags = XN_CHILD_PROGRAM;
		options.program = program;
		options.in = in;
		options.out = out;
		run_it();
		expect_end(0, 0);
		CU_ASSERT_STRING_EQUAL(contents(out), i == 0 ? "argument x\n" :
		    "argument x\nargument \n");
	}
	/* Nobody changes it. */
	CU_ASSERT_EQUAL(write(program, "x", 1), -1);
	CU_ASSERT_EQUAL(ftruncate(program, 0), -1);
	options.program = in;
	CU_ASSERT_EQUAL(xn_child_start_with(&child, &options), -1);
	CU_ASSERT_EQUAL(errno, ENOEXEC);
	options.program = -1;
	CU_ASSERT_EQUAL(xn_child_start_with(&child, &options), -1);
	CU_ASSERT_EQUAL(errno, EINVAL);
	close(in);
	close(out);
	close(program);
}

CASE(its_files_are_limited, files_limited)
{
	int out = xn_temporary(base);
	xn_stat_t st;

	UNUSED();
	shell("exec yes");
	options.out = out;
	options.largest = 5000;
	run_it();
	expect_end(-1, SIGXFSZ);
	CU_ASSERT_EQUAL(xn_fstat(out, &st), 0);
	CU_ASSERT_EQUAL(st.size, 5000);
	close(out);
}

/* ---- Its end ------------------------------------------------------------- */

/* Is somebody running `sleep SECONDS`? */
static int
sleeps(const char *seconds)
{
	char line[100];

	snprintf(line, sizeof(line), "ps -eo args= | grep -q '^sleep %s$'",
	    seconds);
	return system(line) == 0;
}

CASE(its_group_ends_with_it, group_ends)
{
	int status, by_signal;

	UNUSED();
	shell("sleep 77001 & sleep 77001 & echo; exit 5");
	options.flags = XN_CHILD_GROUP | XN_CHILD_ERR;
	run_it();
	expect_end(5, 0);
	for (int i = 0; i < 3000 && sleeps("77001"); i++)
		usleep(10000);
	CU_ASSERT_FALSE(sleeps("77001"));
	shell("sleep 77002 & sleep 77002");
	options.flags = XN_CHILD_GROUP;
	run_it();
	CU_ASSERT_EQUAL(xn_child_ended(&child, 50), 0);
	CU_ASSERT_EQUAL(xn_child_kill(&child, &status, &by_signal), 0);
	CU_ASSERT_EQUAL(status, -1);
	CU_ASSERT_EQUAL(by_signal, SIGKILL);
	for (int i = 0; i < 3000 && sleeps("77002"); i++)
		usleep(10000);
	CU_ASSERT_FALSE(sleeps("77002"));
}

CASE(what_runs_in_a_folder_is_killed, killed_in)
{
	static char variable[400];
	static const char *const env[] = { variable, NULL };
	char path[300];

	UNUSED();
	command("mkdir here here2");
	snprintf(path, sizeof(path), "%s/here", root);
	snprintf(variable, sizeof(variable), "TMPDIR=%s", path);
	CU_ASSERT_EQUAL(xn_kill_in(path), 0);
	shell("exec sleep 77003");
	options.folder = xn_open(base, "here", XN_O_READ | XN_O_DIRECTORY, 0);
	run_it();
	for (int i = 0; i < 500 && !sleeps("77003"); i++)
		usleep(10000);
	CU_ASSERT_EQUAL(xn_kill_in(path), 1);
	expect_end(-1, SIGKILL);
	CU_ASSERT_EQUAL(xn_rmdir(base, "here"), 0);
	close(options.folder);
	shell("exec sleep 77003");
	options.folder = base;
	options.env = env;
	run_it();
	for (int i = 0; i < 500 && !sleeps("77003"); i++)
		usleep(10000);
	CU_ASSERT_EQUAL(xn_kill_in(path), 1);
	expect_end(-1, SIGKILL);
	strcat(variable, "2/x");
	run_it();
	CU_ASSERT_EQUAL(xn_kill_in(path), 0);
	CU_ASSERT_EQUAL(xn_child_ended(&child, 20), 0);
}

CASE(its_end_can_be_selected, end_selected)
{
	xn_waitable end = { NULL, -1, 0 };

	UNUSED();
	shell("read x; exit 4");
	options.flags = XN_CHILD_IN;
	run_it();
	/* Not where the kernel is old. */
	if (child.end >= 0) {
		end.fd = child.end;
		CU_ASSERT_EQUAL(xn_select(&end, 1, 30), 0);
		CU_ASSERT_EQUAL(xn_write_full(child.in, "\n", 1), 0);
		CU_ASSERT_EQUAL(xn_select(&end, 1, 30000), 1);
	}
	close(child.in);
	child.in = -1;
	CU_ASSERT_EQUAL(xn_child_ended(&child, 30000), 1);
	CU_ASSERT_EQUAL(xn_child_wait(&child), 4);
	CU_ASSERT_EQUAL(child.end, -1);
}

CASE(what_cannot_be_is_refused, refused)
{
	static const char *const none[] = { "/no/such/program", NULL };
	static const char *const nothing[] = { NULL };
	int file = xn_temporary(base);

	UNUSED();
	shell("true");
	options.argv = none;
	CU_ASSERT_EQUAL(xn_child_start_with(&child, &options), -1);
	CU_ASSERT_EQUAL(errno, ENOENT);
	CU_ASSERT_EQUAL(child.pid, -1);
	CU_ASSERT_EQUAL(child.end, -1);
	options.argv = nothing;
	CU_ASSERT_EQUAL(xn_child_start_with(&child, &options), -1);
	CU_ASSERT_EQUAL(errno, EINVAL);
	shell("true");
	options.flags = 0x1000;
	CU_ASSERT_EQUAL(xn_child_start_with(&child, &options), -1);
	CU_ASSERT_EQUAL(errno, EINVAL);
	shell("true");
	options.folder = file;
	CU_ASSERT_EQUAL(xn_child_start_with(&child, &options), -1);
	CU_ASSERT_EQUAL(errno, ENOTDIR);
	shell("true");
	options.in = 9999;
	CU_ASSERT_EQUAL(xn_child_start_with(&child, &options), -1);
	CU_ASSERT_EQUAL(errno, EBADF);
	CU_ASSERT_EQUAL(xn_child_start_with(NULL, &options), -1);
	CU_ASSERT_EQUAL(xn_child_start_with(&child, NULL), -1);
	close(file);
}

CASE(many_are_started, starts_many)
{
	char text[32];

	UNUSED();
	for (int i = 0; i < 200; i++) {
		snprintf(text, sizeof(text), "exit %d", i);
		shell(text);
		options.flags = XN_CHILD_ERR | XN_CHILD_GROUP;
		run_it();
		expect_end(i, 0);
	}
}

/* ---- Files without names ------------------------------------------------- */

CASE(a_temporary_file_has_no_name, temporary)
{
	int fd = xn_temporary(base);
	xn_dir *dir;
	xn_stat_t st;

	UNUSED();
	CU_ASSERT_FATAL(fd >= 0);
	CU_ASSERT_EQUAL(xn_write_full(fd, "abc", 3), 0);
	CU_ASSERT_STRING_EQUAL(contents(fd), "abc");
	CU_ASSERT_EQUAL(xn_fstat(fd, &st), 0);
	CU_ASSERT_EQUAL(st.mode, 0600);
	CU_ASSERT_EQUAL(st.links, 0);
	dir = xn_dir_open(base, "");
	CU_ASSERT_PTR_NULL(xn_dir_next(dir));
	xn_dir_close(dir);
	close(fd);
	/* Where there is no O_TMPFILE. */
	fd = xn_base_open("/proc");
	CU_ASSERT_EQUAL(xn_temporary(fd), -1);
	close(fd);
	CU_ASSERT_EQUAL(xn_temporary(-1), -1);
	CU_ASSERT_EQUAL(errno, EBADF);
}

CASE(the_space_of_a_file_system_is_told, told_space)
{
	xn_space_t space;
	int fd;

	UNUSED();
	CU_ASSERT_EQUAL(xn_space(base, &space), 0);
	CU_ASSERT(space.size > 0);
	CU_ASSERT(space.free > 0 && space.free <= space.size);
	fd = xn_memory_file("x", "", 0);
	CU_ASSERT_EQUAL(xn_space(fd, &space), 0);
	CU_ASSERT_EQUAL(space.in_memory, 1);
	close(fd);
	CU_ASSERT_EQUAL(xn_space(-1, &space), -1);
	CU_ASSERT_EQUAL(errno, EBADF);
}

CASE(trees_are_removed_whatever_their_modes, removes_modes)
{
	pid_t pid;
	int status;

	UNUSED();
	command("mkdir -p t/a/b t/c/d && touch t/a/b/f t/c/f t/f && "
	    "chmod 777 .");
	if (geteuid() == 0)
		command("chown -R 65534:65534 .");
	command("chmod 0 t/a/b t/a && chmod 555 t/c && chmod 444 t");
	/* Root is not bound by modes: another user. */
	pid = fork();
	if (pid == 0) {
		if (geteuid() == 0 && setuid(65534) != 0)
			_exit(2);
		_exit(xn_remove_tree(base, "t") != 0);
	}
	CU_ASSERT_EQUAL(waitpid(pid, &status, 0), pid);
	CU_ASSERT_EQUAL(status, 0);
	CU_ASSERT_NOT_EQUAL(faccessat(base, "t", F_OK, 0), 0);
}

static const struct xn_test_case cases[] = {
	{ "it reads and writes descriptors", it_reads_and_writes_descriptors },
	{ "it has an environment and a folder",
	    it_has_an_environment_and_a_folder },
	{ "it has no other descriptors", it_has_no_other_descriptors },
	{ "a program in memory is executed", a_program_in_memory_is_executed },
	{ "its files are limited", its_files_are_limited },
	{ "its group ends with it", its_group_ends_with_it },
	{ "what runs in a folder is killed", what_runs_in_a_folder_is_killed },
	{ "its end can be selected", its_end_can_be_selected },
	{ "what cannot be is refused", what_cannot_be_is_refused },
	{ "many are started", many_are_started },
	{ "a temporary file has no name", a_temporary_file_has_no_name },
	{ "the space of a file system is told",
	    the_space_of_a_file_system_is_told },
	{ "trees are removed whatever their modes",
	    trees_are_removed_whatever_their_modes },
};

XN_TEST_MAIN("side: children", cases)
