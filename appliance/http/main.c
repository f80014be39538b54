/*
 * syncgate-http: the status page, a program that the daemon starts
 * (appliance/supervise/http.c).  It is not part of syncgate itself, since all
 * workers are that program, and the TLS library would be in each of them.
 */
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <apr_general.h>

#include "appliance/http/server.h"
#include "appliance/job/text.h"

#define DESCRIPTORS	(SERVER_CONNECTIONS + 64)

/* It needs no more than this, whatever is done to it. */
static void
confine(void)
{
	const struct rlimit few = { DESCRIPTORS, DESCRIPTORS };
	const struct rlimit none = { 0, 0 };

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	setrlimit(RLIMIT_NOFILE, &few);
	setrlimit(RLIMIT_CORE, &none);
}

static int
parse(server_options_t *options, int argc, const char *const *argv)
{
	const struct {
		const char *name, **value;
	} all[] = {
		{ "--listen", &options->listen },
		{ "--control", &options->control },
		{ "--config", &options->config },
		{ "--program", &options->program },
		{ "--store", &options->store }, { "--cert", &options->cert },
		{ "--key", &options->key },
	};

	for (int i = 1; i + 1 < argc; i += 2) {
		size_t j = 0;

		while (j < sizeof(all) / sizeof(all[0]) && strcmp(all[j].name,
		    argv[i]) != 0)
			j++;
		if (j == sizeof(all) / sizeof(all[0]))
			return 0;
		*all[j].value = argv[i + 1];
	}
	return argc % 2 == 1 && options->listen != NULL &&
	    options->control != NULL && options->config != NULL &&
	    options->program != NULL && (options->cert == NULL) ==
	    (options->key == NULL);
}

int
main(int argc, const char *const *argv)
{
	server_options_t options = { .listen = NULL };
	char text[2048];
	apr_pool_t *pool;
	xn_error_t *error;

	if (!parse(&options, argc, argv)) {
		fprintf(stderr, "syncgate-http is started by `syncgate "
		    "daemon`, by http = \"ADDRESS\" of its configuration\n");
		return 2;
	}
	if (apr_initialize() != APR_SUCCESS || apr_pool_create(&pool, NULL) !=
	    APR_SUCCESS)
		return 1;
	confine();
	error = server_run(&options, pool);
	if (error != NULL) {
		syncgate_text_clean(text, sizeof(text), xn_error_text(error,
		    pool));
		fprintf(stderr, "warning: %s\n", text);
		xn_error_clear(error);
		return 1;
	}
	apr_pool_destroy(pool);
	apr_terminate();
	return 0;
}
