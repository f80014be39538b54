/*
 * Names of users and groups: of files, and of getent (a script of ours).
 */
#include "core/side/side.h"
#include "core/side/users.h"

#include <sys/stat.h>

#include <execnet/remote.h>
#include "tests/lib/fake_run.h"
#include "tests/lib/fresh_base.h"

/* In a program: it ends with what was not so. */
#define CHECK(is)	do { \
		if (!(is)) \
			xn_fail("%d: %s, errno %d", __LINE__, #is, errno); \
	} while (0)

static char passwd[64], group[64], path_before[4096];

/* A folder with both files, and a getent that counts how often it is asked. */
static void
begin(const char *getent)
{
	char path[4200], script[1024];

	fresh();
	command("mkdir bin; printf '%s\\n' '# comment' root:x:0:0:root:/:/bin/sh"
	    " first:x:10:10:::  second:x:10:11::: first:x:99:99:::"
	    " big:x:4294967294:0::: wrong:x:-5:0::: wrong:x:12a:0:::"
	    " wrong:x:4294967295:0::: wrong +nis:x:77:0::: :x:78:0::: >passwd;"
	    "printf '%s\\n' root:x:0: staff:x:50:a,b,c bare:x:51 >group");
	snprintf(script, sizeof(script), "#!/bin/sh\necho \"$@\" >>%s/asked\n"
	    "%s\n", root, getent);
	CU_ASSERT_EQUAL(xn_write_file(base, "bin/getent", script,
	    strlen(script), 0755), 0);
	command(": >asked");
	snprintf(passwd, sizeof(passwd), "%s/passwd", root);
	snprintf(group, sizeof(group), "%s/group", root);
	snprintf(path_before, sizeof(path_before), "%s", getenv("PATH"));
	snprintf(path, sizeof(path), "%s/bin:%s", root, path_before);
	setenv("PATH", path, 1);
}

static void
end(void)
{
	setenv("PATH", path_before, 1);
	gone();
}

/* What getent was asked, a line each. */
static const char *
asked(void)
{
	static char text[4096];
	char *all = xn_read_file(base, "asked", sizeof(text) - 1, NULL);

	CU_ASSERT_PTR_NOT_NULL_FATAL(all);
	strcpy(text, all);
	free(all);
	return text;
}

static void
run(xn_side_main *program)
{
	char *error = run_with(program, NULL, NULL, NULL);

	if (error != NULL)
		printf("\n  %s", error);
	CU_ASSERT_PTR_NULL(error);
	free(error);
}

static int
is(const char *a, const char *b)
{
	return a != NULL && strcmp(a, b) == 0;
}

static void
use_files(xn_channel *channel, const xn_value *kwargs)
{
	(void)channel;
	(void)kwargs;
	xn_side__users_files(passwd, group);
	for (int i = 0; i < 3; i++) {
		CHECK(xn_user_id("root") == 0);
		CHECK(xn_user_id("first") == 10);
		CHECK(xn_user_id("second") == 10);
		CHECK(xn_user_id("big") == 4294967294LL);
		CHECK(is(xn_user_name(0), "root"));
		CHECK(is(xn_user_name(10), "first"));
		CHECK(is(xn_user_name(99), "first"));
		CHECK(is(xn_user_name(4294967294LL), "big"));
		CHECK(xn_group_id("root") == 0);
		CHECK(xn_group_id("staff") == 50);
		CHECK(xn_group_id("bare") == 51);
		CHECK(is(xn_group_name(50), "staff"));
	}
	CHECK(xn_user_name(-1) == NULL && errno == EINVAL);
	CHECK(xn_user_name(4294967295LL) == NULL && errno == EINVAL);
	CHECK(xn_user_id(NULL) == -1 && errno == EINVAL);
}

static void
the_files_are_enough_for_those_in_them(void)
{
	begin("exit 3");
	run(use_files);
	CU_ASSERT_STRING_EQUAL(asked(), "");
	end();
}

static void
use_getent(xn_channel *channel, const xn_value *kwargs)
{
	(void)channel;
	(void)kwargs;
	xn_side__users_files(passwd, group);
	for (int i = 0; i < 3; i++) {
		CHECK(xn_user_id("DOM\\some user") == 70001);
		CHECK(is(xn_user_name(70001), "some"));
		CHECK(xn_group_id("many") == 70002);
		CHECK(xn_user_id("nobody-has-it") == -1 && errno == ENOENT);
		CHECK(xn_user_name(4711) == NULL && errno == ENOENT);
		/* It says something else, or nothing of sense. */
		CHECK(xn_user_name(4712) == NULL && errno == ENOENT);
		CHECK(xn_user_id("garbage") == -1 && errno == ENOENT);
		/* These would mean something else to it. */
		CHECK(xn_user_id("70001") == -1 && errno == ENOENT);
		CHECK(xn_user_id("-5") == -1 && errno == ENOENT);
		CHECK(xn_user_id(" 12") == -1 && errno == ENOENT);
		CHECK(xn_user_id("") == -1 && errno == ENOENT);
		CHECK(xn_user_id("a\nb") == -1 && errno == ENOENT);
		CHECK(xn_user_id("a:b") == -1 && errno == ENOENT);
		CHECK(xn_user_id("-x") == -1 && errno == ENOENT);
	}
}

static void
others_are_asked_for_once(void)
{
	begin("case $1:$3 in\n"
	    "'passwd:DOM\\some user'|passwd:70001|passwd:4712)"
	    " echo some:x:70001:5::: ;;\n"
	    "group:many) printf many:x:70002:; yes member, | head -c 300000 ;;\n"
	    "passwd:garbage) echo :::; echo garbage:x:1:1::: ;;\n"
	    "*) exit 2;;\nesac");
	run(use_getent);
	CU_ASSERT_STRING_EQUAL(asked(), "passwd -- DOM\\some user\n"
	    "passwd -- 70001\ngroup -- many\npasswd -- nobody-has-it\n"
	    "passwd -- 4711\npasswd -- 4712\npasswd -- garbage\n"
	    "passwd -- -x\n");
	end();
}

static void
use_broken(xn_channel *channel, const xn_value *kwargs)
{
	(void)channel;
	(void)kwargs;
	xn_side__users_files(passwd, group);
	CHECK(xn_user_id("x") == -1 && errno == EIO);
	/* It is left alone then, but for the other database. */
	CHECK(xn_user_id("y") == -1 && errno == ETIMEDOUT);
	CHECK(xn_user_name(5) == NULL && errno == ETIMEDOUT);
	CHECK(xn_user_id("root") == 0);
	CHECK(xn_group_id("y") == -1 && errno == EIO);
}

static void
a_getent_that_fails_is_no_answer(void)
{
	begin("exit 1");
	run(use_broken);
	CU_ASSERT_STRING_EQUAL(asked(), "passwd -- x\ngroup -- y\n");
	end();
}

static void
use_silent(xn_channel *channel, const xn_value *kwargs)
{
	double began = xn_clock();

	(void)channel;
	(void)kwargs;
	xn_side__users_files(passwd, group);
	xn_side__getent_patience(3);
	CHECK(xn_user_id("x") == -1 && errno == ETIMEDOUT);
	CHECK(xn_user_id("y") == -1 && errno == ETIMEDOUT);
	CHECK(xn_user_name(10) != NULL);
	CHECK(xn_clock() - began < 20);
}

static void
a_getent_that_hangs_is_not_waited_for(void)
{
	begin("exec sleep 60");
	run(use_silent);
	/* Or not even that it was asked, within its time. */
	CU_ASSERT(strcmp(asked(), "") == 0 ||
	    strcmp(asked(), "passwd -- x\n") == 0);
	end();
	begin("exec >&-; exec sleep 60");
	run(use_silent);
	end();
}

static void
use_none(xn_channel *channel, const xn_value *kwargs)
{
	(void)channel;
	(void)kwargs;
	xn_side__users_files(passwd, group);
	CHECK(xn_user_id("x") == -1 && errno == ENOENT);
	CHECK(xn_user_id("root") == 0);
}

static void
there_may_be_no_getent(void)
{
	begin("exit 1");
	setenv("PATH", "/nowhere", 1);
	run(use_none);
	end();
}

static void
use_changing(xn_channel *channel, const xn_value *kwargs)
{
	(void)channel;
	(void)kwargs;
	xn_side__users_files(passwd, group);
	CHECK(xn_user_id("later") == -1 && errno == ENOENT);
	CHECK(xn_user_name(10) != NULL);
	command("printf 'later:x:123:1:::\\n' >new; mv new passwd; rm group");
	xn_sleep(1100);
	CHECK(xn_user_id("later") == 123);
	CHECK(is(xn_user_name(123), "later"));
	CHECK(xn_user_name(10) == NULL && errno == ENOENT);
	CHECK(xn_group_name(0) == NULL && errno == ENOENT);
	/* One that cannot be read says nothing, which is not that there is
	 * nobody. */
	command("rm passwd; mkdir passwd");
	xn_sleep(1100);
	CHECK(xn_user_id("later") == -1 && errno == EISDIR);
}

static void
the_files_may_change(void)
{
	begin("exit 2");
	run(use_changing);
	end();
}

static void
use_system(xn_channel *channel, const xn_value *kwargs)
{
	(void)channel;
	(void)kwargs;
	CHECK(xn_user_id("root") == 0);
	CHECK(is(xn_group_name(0), "root"));
}

static void
there_are_those_of_this_machine(void)
{
	run(use_system);
}

static const struct xn_test_case cases[] = {
	{ "the files are enough for those in them",
	  the_files_are_enough_for_those_in_them },
	{ "others are asked for once", others_are_asked_for_once },
	{ "a getent that fails is no answer",
	  a_getent_that_fails_is_no_answer },
	{ "a getent that hangs is not waited for",
	  a_getent_that_hangs_is_not_waited_for },
	{ "there may be no getent", there_may_be_no_getent },
	{ "the files may change", the_files_may_change },
	{ "there are those of this machine", there_are_those_of_this_machine },
};

XN_TEST_MAIN("tree: users and groups", cases)
