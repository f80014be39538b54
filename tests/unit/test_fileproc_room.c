/*
 * test_fileproc_room.c: the side that keeps a room at a remote.
 */
#include "tests/lib/fileproc_test.h"

#include <fcntl.h>

/* A path beneath the folder that is named by `work`; good for four calls. */
static const char *
in_base(const char *format, ...)
{
	static char paths[4][4096];
	static int next;
	char *path = paths[next++ % 4];
	int n = snprintf(path, sizeof(paths[0]), "%s/", base);
	va_list ap;

	va_start(ap, format);
	vsnprintf(path + n, sizeof(paths[0]) - (size_t)n, format, ap);
	va_end(ap);
	return path;
}

static const char *
home(void)
{
	return in_base("syncgate-%u", (unsigned int)geteuid());
}

static int
is_there(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0;
}

static void
make_file(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	CU_ASSERT(fd >= 0);
	close(fd);
}

static void
close_room(void)
{
	failed(xn_channel_close(room));
	for (int i = 0; i < 3000 && is_there(room_path); i++)
		usleep(10000);
	CU_ASSERT_FALSE(is_there(room_path));
}

static void
comes_and_goes(void)
{
	char inner[4200];
	struct stat st;

	start_room();
	CU_ASSERT_EQUAL(strncmp(room_path, home(), strlen(home())), 0);
	CU_ASSERT_PTR_NOT_NULL(strstr(room_path, "/" ID "-"));
	CU_ASSERT_EQUAL(stat(room_path, &st), 0);
	CU_ASSERT_EQUAL(st.st_mode & 07777, 0700);
	CU_ASSERT_EQUAL(stat(home(), &st), 0);
	CU_ASSERT_EQUAL(st.st_mode & 07777, 0700);
	snprintf(inner, sizeof(inner), "%s/deep", room_path);
	CU_ASSERT_EQUAL(mkdir(inner, 0700), 0);
	strcat(inner, "/er");
	CU_ASSERT_EQUAL(mkdir(inner, 0), 0);
	close_room();
	/* Another one, for the home's life. */
	start_room();
	close_room();
}

static void
a_room_comes_and_goes_with_its_channel(void)
{
	both(comes_and_goes);
	as_plain_user(comes_and_goes);
}

static void
asks(void)
{
	char path[4200];
	const char *tag;
	long long space = 0;

	start_room();
	failed(xn_send(room, "(s)", "space"));
	failed(xn_receive(room, PATIENCE, "(sl)", &tag, &space));
	CU_ASSERT_STRING_EQUAL(tag, "space");
	CU_ASSERT(space > 0);
	snprintf(path, sizeof(path), "%s/" ID, room_path);
	CU_ASSERT_EQUAL(mkdir(path, 0700), 0);
	failed(xn_send(room, "(ss)", "forget", ID));
	failed(xn_send(room, "(ss)", "forget", "none"));
	failed(xn_send(room, "(s)", "space"));
	failed(xn_receive(room, PATIENCE, "(sl)", &tag, &space));
	CU_ASSERT_FALSE(is_there(path));
	failed(xn_send(room, "(ss)", "forget", "../x"));
	text_has(xn_receive(room, PATIENCE, "n"), XN_E_REMOTE,
	    "received something else than a request");
}

static void
it_answers_questions(void)
{
	both(asks);
}

/* ---- What killed runs left ----------------------------------------------- */

static void
sweeps(void)
{
	char dead[4096], other[4096], half[4096], line[9000];
	xn_channel_t *first;

	start_room();
	first = room;
	strcpy(other, room_path);
	snprintf(dead, sizeof(dead), "%s/dead-1", home());
	snprintf(half, sizeof(half), "%s/half-2", home());
	CU_ASSERT_EQUAL(mkdir(dead, 0700), 0);
	CU_ASSERT_EQUAL(mkdir(half, 0700), 0);
	snprintf(line, sizeof(line), "cd %s && echo >lock && mkdir -p a/b && "
	    "echo >a/b/c && ln -s /etc a/etc && chmod 0 a/b", dead);
	CU_ASSERT_EQUAL(system(line), 0);
	snprintf(line, sizeof(line), "ln -s /etc %s/link && mkdir "
	    "%s/.dead-beef", home(), home());
	CU_ASSERT_EQUAL(system(line), 0);
	start_room();
	CU_ASSERT_FALSE(is_there(dead));
	CU_ASSERT_FALSE(is_there(half));
	CU_ASSERT(is_there(other));
	CU_ASSERT(is_there(room_path));
	CU_ASSERT(is_there("/etc/passwd"));
	CU_ASSERT_EQUAL(count_names(home()), 3);
	CU_ASSERT_FALSE(is_there(in_base("syncgate-%u/.dead-beef",
	    (unsigned int)geteuid())));
	failed(xn_channel_close(first));
}

static void
what_killed_runs_left_is_removed(void)
{
	both(sweeps);
	as_plain_user(sweeps);
}

/* Processes of the processor that killed() has. */
static int
count_sleeps(void)
{
	FILE *f = popen("ps -eo args= | grep -c '^sleep 98767$'", "r");
	int n = -1;

	if (f == NULL || fscanf(f, "%d", &n) != 1)
		n = -1;
	if (f != NULL)
		pclose(f);
	return n;
}

static void
killed(void)
{
	char left[4096];

	start_room();
	strcpy(left, room_path);
	start_slot(VALUE("[sss]", "sh", "-c", "setsid -f sleep 98767; "
	    "cd /; sleep 98767; echo"), NULL);
	send_text("x", "");
	for (int i = 0; i < 3000 && count_sleeps() < 2; i++)
		usleep(10000);
	CU_ASSERT_EQUAL(count_sleeps(), 2);
	kill(agent_pid(), SIGKILL);
	CU_ASSERT_EQUAL(xn_gateway_join(gw, PATIENCE) != NULL, 1);
	if (failed(xn_gateway_open(&gw, group, "popen", pool)))
		return;
	for (int i = 0; i < 1000 && is_there(left); i++) {
		start_room();
		close_room();
		usleep(10000);
	}
	CU_ASSERT_FALSE(is_there(left));
	for (int i = 0; i < 1000 && count_sleeps() > 0; i++)
		usleep(10000);
	CU_ASSERT_EQUAL(count_sleeps(), 0);
}

static void
an_agent_that_is_killed_leaves_nothing_for_long(void)
{
	native = 0;
	run_once(killed);
	as_plain_user(killed);
}

#define MANY	24

static void
many(void)
{
	xn_channel_t *rooms[MANY];
	const char *path, *kind, *tag;
	long long space;

	for (int turn = 0; turn < 5; turn++) {
		for (int i = 0; i < MANY; i++)
			rooms[i] = start_room_in(base);
		for (int i = 0; i < MANY; i++) {
			failed(xn_receive(rooms[i], PATIENCE, "(spsl)", &tag,
			    &path, &kind, &space));
			CU_ASSERT(is_there(path));
			if (i % 2 == 0)
				failed(xn_channel_close(rooms[i]));
		}
		for (int i = 0; i < MANY; i++)
			failed(xn_channel_close(rooms[i]));
	}
	await_empty_base();
}

static void
many_at_once_do_not_harm_each_other(void)
{
	both(many);
}

/* ---- Places that others write in ----------------------------------------- */

static void
squatted(void)
{
	char line[4096], trap[256];

	snprintf(trap, sizeof(trap), "%s/trap", base);
	CU_ASSERT_EQUAL(mkdir(trap, 0700), 0);
	snprintf(line, sizeof(line), "%s/precious", trap);
	CU_ASSERT_EQUAL(mkdir(line, 0700), 0);
	CU_ASSERT_EQUAL(symlink(trap, home()), 0);
	start_room();
	CU_ASSERT_EQUAL(strncmp(room_path, home(), strlen(home())), 0);
	CU_ASSERT_EQUAL(room_path[strlen(home())], '.');
	close_room();
	CU_ASSERT_EQUAL(count_names(trap), 1);
	CU_ASSERT_EQUAL(unlink(home()), 0);
	/* One that others may write in. */
	CU_ASSERT_EQUAL(mkdir(home(), 0700), 0);
	CU_ASSERT_EQUAL(chmod(home(), 0777), 0);
	snprintf(line, sizeof(line), "%s/precious", home());
	CU_ASSERT_EQUAL(mkdir(line, 0700), 0);
	start_room();
	CU_ASSERT_EQUAL(room_path[strlen(home())], '.');
	close_room();
	CU_ASSERT(is_there(line));
	if (geteuid() == 0) {
		CU_ASSERT_EQUAL(chmod(home(), 0700), 0);
		CU_ASSERT_EQUAL(chown(home(), 65534, 65534), 0);
		start_room();
		CU_ASSERT_EQUAL(room_path[strlen(home())], '.');
		close_room();
		CU_ASSERT(is_there(line));
	}
	CU_ASSERT_EQUAL(rmdir(line), 0);
	CU_ASSERT_EQUAL(rmdir(home()), 0);
	/* A file. */
	make_file(home());
	start_room();
	close_room();
	CU_ASSERT_EQUAL(unlink(home()), 0);
	snprintf(line, sizeof(line), "rm -r %s", trap);
	CU_ASSERT_EQUAL(system(line), 0);
}

static void
a_name_that_others_took_is_left_alone(void)
{
	both(squatted);
	as_plain_user(squatted);
}

static void
sweeps_random(void)
{
	char dead[4096];

	snprintf(dead, sizeof(dead), "%s.0011223344556677", home());
	CU_ASSERT_EQUAL(mkdir(dead, 0700), 0);
	start_room();
	CU_ASSERT_FALSE(is_there(dead));
}

static void
one_with_a_random_name_is_swept_too(void)
{
	both(sweeps_random);
}

static void
refused(void)
{
	xn_channel_t *ch = start_room_in("/proc");

	text_has(xn_receive(ch, PATIENCE, "n"), XN_E_REMOTE,
	    "cannot make a folder to work in beneath /proc: ");
	ch = start_room_in("/no/such");
	text_has(xn_receive(ch, PATIENCE, "n"), XN_E_REMOTE,
	    "beneath /no/such: No such file or directory; see to it");
	ch = start_room_in("relative");
	text_has(xn_receive(ch, PATIENCE, "n"), XN_E_REMOTE,
	    "beneath relative: Invalid argument");
}

static void
where_there_is_no_place_it_says_so(void)
{
	both(refused);
}

static void
chooses(void)
{
	const char *path, *kind, *tag;
	xn_channel_t *ch = start_room_in(NULL);
	long long space;

	failed(xn_receive(ch, PATIENCE, "(spsl)", &tag, &path, &kind,
	    &space));
	CU_ASSERT(strcmp(kind, "memory") == 0 || strcmp(kind, "disk") == 0);
	CU_ASSERT_EQUAL(strcmp(kind, "memory") == 0,
	    strncmp(path, "/dev/shm/", 9) == 0);
	ch = start_side("side_room.c", fileproc_side_room,
	    fileproc_text_room, VALUE("{sssl}", "queue", ID, "need",
	    1LL << 60), NULL);
	failed(xn_receive(ch, PATIENCE, "(spsl)", &tag, &path, &kind,
	    &space));
	CU_ASSERT(is_there(path));
}

static void
it_chooses_a_place_itself(void)
{
	both(chooses);
}

static const struct xn_test_case cases[] = {
	{ "a room comes and goes with its channel",
	    a_room_comes_and_goes_with_its_channel },
	{ "it answers questions", it_answers_questions },
	{ "what killed runs left is removed",
	    what_killed_runs_left_is_removed },
	{ "an agent that is killed leaves nothing for long",
	    an_agent_that_is_killed_leaves_nothing_for_long },
	{ "many at once do not harm each other",
	    many_at_once_do_not_harm_each_other },
	{ "a name that others took is left alone",
	    a_name_that_others_took_is_left_alone },
	{ "one with a random name is swept too",
	    one_with_a_random_name_is_swept_too },
	{ "where there is no place it says so",
	    where_there_is_no_place_it_says_so },
	{ "it chooses a place itself", it_chooses_a_place_itself },
};

XN_TEST_MAIN("fileproc: rooms", cases)
