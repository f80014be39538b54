/* Any bytes as what ssh -G prints, alone and behind each of its keywords. */
#include <stdlib.h>
#include <string.h>

#include <apr_general.h>

#include "core/transport/ssh_config.h"
#include "core/transport/ssh_jump.h"
#include "tests/fuzz/fuzz.h"

static const char *const keywords[] = {
	"", "hostname ", "port ", "identityfile ", "identityagent ",
	"userknownhostsfile ", "globalknownhostsfile \"", "proxyjump ",
};

/* Each of the hosts is one that may stand on a command line. */
static void
try_jumps(const char *list, apr_pool_t *pool)
{
	xn_ssh_target_t target;
	xn_error_t *error;

	for (; list != NULL; list = target.jump) {
		error = xn_ssh__jump_parse(&target, list, pool);
		if (error != NULL) {
			xn_error_clear(error);
			return;
		}
		if (*target.host == '\0' || *target.host == '-' ||
		    target.port < 0 || target.port > 65535 ||
		    (target.user != NULL && *target.user == '\0') ||
		    (target.jump != NULL &&
		    strlen(target.jump) >= strlen(list)))
			abort();
	}
}

static void
try_text(const char *text, size_t n)
{
	static const xn_ssh_local_t local = { .home = "/h", .user = "u",
	    .host_name = "l.x", .uid = 1 };
	static const xn_ssh_target_t target = { .host = "n" };
	xn_ssh_config_t *c;
	apr_pool_t *pool;
	xn_error_t *error;

	apr_pool_create(&pool, NULL);
	error = xn_ssh_config_parse(&c, text, n, &target, &local, pool);
	if (error == NULL && (c->host == NULL || c->user == NULL ||
	    c->port < 1 || c->port > 65535 ||
	    c->identity_count > XN_SSH_FILES_MAX ||
	    c->known_count > XN_SSH_FILES_MAX ||
	    c->known_user_count > c->known_count))
		abort();
	if (error == NULL && c->jump != NULL)
		try_jumps(c->jump, pool);
	xn_error_clear(error);
	apr_pool_destroy(pool);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static int started;

	if (!started)
		started = apr_initialize() == APR_SUCCESS;
	for (size_t i = 0; i < sizeof(keywords) / sizeof(keywords[0]); i++) {
		size_t n = strlen(keywords[i]);
		char *text = malloc(n + size + 1);

		if (text == NULL)
			exit(2);
		memcpy(text, keywords[i], n);
		if (size > 0)
			memcpy(text + n, data, size);
		try_text(text, n + size);
		free(text);
	}
	return 0;
}
