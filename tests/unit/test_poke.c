/*
 * Who hears `syncgate poke`, when several begin at once where a killed job left
 * its socket: exactly one, and it is heard.
 */
#include "appliance/job/poke.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <apr_general.h>
#include <apr_thread_proc.h>

#include "tests/lib/cunit_main.h"

#define ROUNDS	20
#define TOGETHER 6

static char job[64], folder[] = "/tmp/syncgate-poke.XXXXXX";

struct starter {
	apr_pool_t *pool;
	apr_thread_t *thread;
	syncgate_poke_t *poke;		/* or NULL, and */
	int code;			/* the reason */
	int *go;
};

static void
begin(apr_pool_t **pool)
{
	apr_initialize();
	apr_pool_create(pool, NULL);
	snprintf(job, sizeof(job), "test-%ld", (long)getpid());
	CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(folder));
	setenv("XDG_STATE_HOME", folder, 1);
}

static void
end(apr_pool_t *pool)
{
	char path[128];

	apr_pool_destroy(pool);
	snprintf(path, sizeof(path), "rm -r %s", folder);
	CU_ASSERT_EQUAL(system(path), 0);
	strcpy(folder + strlen(folder) - 6, "XXXXXX");
}

/* A process that is killed while it listens. */
static void
leave_socket(void)
{
	pid_t pid = fork();
	int status = -1;

	if (pid == 0) {
		syncgate_poke_t *poke;
		apr_pool_t *pool;

		apr_pool_create(&pool, NULL);
		_exit(syncgate_poke_listen(&poke, "/conf", job, pool) != NULL);
	}
	CU_ASSERT_FATAL(pid > 0 && waitpid(pid, &status, 0) == pid);
	CU_ASSERT_EQUAL(status, 0);
}

static void *APR_THREAD_FUNC
start(apr_thread_t *thread, void *baton)
{
	struct starter *s = baton;
	xn_error_t *error;

	(void)thread;
	while (!__atomic_load_n(s->go, __ATOMIC_ACQUIRE))
		sched_yield();
	error = syncgate_poke_listen(&s->poke, "/conf", job, s->pool);
	if (error == NULL)
		return NULL;
	s->poke = NULL;
	s->code = error->code;
	xn_error_clear(error);
	return NULL;
}

/* The one of S that hears; the others were told that it does. */
static struct starter *
start_together(struct starter s[TOGETHER], apr_pool_t *pool)
{
	struct starter *heard = NULL;
	apr_status_t ignored;
	int go = 0, n = 0;

	for (int i = 0; i < TOGETHER; i++) {
		memset(&s[i], 0, sizeof(s[i]));
		s[i].go = &go;
		apr_pool_create(&s[i].pool, NULL);
		apr_thread_create(&s[i].thread, NULL, start, &s[i], pool);
	}
	__atomic_store_n(&go, 1, __ATOMIC_RELEASE);
	for (int i = 0; i < TOGETHER; i++) {
		apr_thread_join(&ignored, s[i].thread);
		if (s[i].poke != NULL) {
			heard = &s[i];
			n++;
		} else {
			CU_ASSERT_EQUAL(s[i].code, XN_E_SYSTEM);
		}
	}
	CU_ASSERT_EQUAL(n, 1);
	return heard;
}

static void
one_of_several_takes_a_dead_ones_place(void)
{
	struct starter s[TOGETHER], *heard;
	apr_pool_t *pool;
	xn_error_t *error;

	begin(&pool);
	for (int round = 0; round < ROUNDS; round++) {
		leave_socket();
		heard = start_together(s, pool);
		error = syncgate_poke_send("/conf", job, pool);
		CU_ASSERT_PTR_NULL(error);
		xn_error_clear(error);
		CU_ASSERT(heard != NULL && syncgate_poke_take(heard->poke));
		for (int i = 0; i < TOGETHER; i++)
			apr_pool_destroy(s[i].pool);
		error = syncgate_poke_send("/conf", job, pool);
		CU_ASSERT(error != NULL && error->code == XN_E_CONNECT);
		xn_error_clear(error);
	}
	end(pool);
}

static const struct xn_test_case cases[] = {
	{ "one of several takes a dead one's place",
	    one_of_several_takes_a_dead_ones_place },
};

XN_TEST_MAIN("poke", cases)
