/* ssh_config_load.c: asks `ssh -G`. */
#include "core/transport/ssh_config.h"

#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <unistd.h>

#include <apr_strings.h>

#include "core/transport/ask.h"
#include "core/wire/dump.h"

#define OUTPUT_MAX	(256u * 1024)

static xn_error_t *
find_local(xn_ssh_local_t *local, apr_pool_t *pool)
{
	struct passwd entry, *found = NULL;
	char *space = apr_palloc(pool, 16384);
	char name[256];

	local->uid = geteuid();
	getpwuid_r(geteuid(), &entry, space, 16384, &found);
	/* As ssh does: the user's own folder, whatever HOME says. */
	local->user = found != NULL ? found->pw_name : getenv("USER");
	local->home = found != NULL ? found->pw_dir : getenv("HOME");
	if (local->user == NULL || local->home == NULL)
		return xn_error_create(XN_E_CONNECT,
		    "user id %lu has no name or no home folder; say ssh=USER@HOST "
		    "and set HOME", local->uid);
	if (gethostname(name, sizeof(name)) != 0)
		return xn_error_system(errno, "cannot get this host's name");
	name[sizeof(name) - 1] = '\0';
	local->host_name = apr_pstrdup(pool, name);
	local->agent = getenv("SSH_AUTH_SOCK");
	if (local->agent != NULL && local->agent[0] == '\0')
		local->agent = NULL;
	return NULL;
}

static const char *const *
arguments(const xn_ssh_target_t *target, apr_pool_t *pool)
{
	const char **argv = apr_pcalloc(pool, 16 * sizeof(*argv));
	int n = 0;

	argv[n++] = "ssh";
	argv[n++] = "-G";
	if (target->config != NULL) {
		argv[n++] = "-F";
		argv[n++] = target->config;
	}
	if (target->port != 0) {
		argv[n++] = "-p";
		argv[n++] = apr_itoa(pool, target->port);
	}
	if (target->identity != NULL) {
		argv[n++] = "-i";
		argv[n++] = target->identity;
	}
	if (target->jump != NULL) {
		argv[n++] = "-J";
		argv[n++] = target->jump;
	}
	if (target->user != NULL) {
		argv[n++] = "-l";
		argv[n++] = target->user;
	}
	argv[n++] = "--";
	argv[n++] = target->host;
	return argv;
}

/* What ssh says about why it does not accept the configuration. */
static xn_error_t *
complain(const xn_answer_t *answer, const xn_ssh_target_t *target)
{
	char clean[3 * XN_ASK_COMPLAINT + 1];
	size_t n = 0;

	while (n < answer->complaint_n && answer->complaint[n] != '\r' &&
	    answer->complaint[n] != '\n')
		n++;
	xn_utf8_sanitize(clean, answer->complaint, n);
	return xn_error_create(XN_E_CONNECT,
	    "ssh -G %s does not accept the configuration: %s", target->host,
	    clean[0] != '\0' ? clean : "it failed and gave no reason");
}

xn_error_t *
xn_ssh_config_load(xn_ssh_config_t **config, const xn_ssh_target_t *target,
    const xn_transport_open_t *how, apr_pool_t *pool)
{
	xn_answer_t answer;
	xn_ssh_local_t local;

	XN_TRY(find_local(&local, pool));
	XN_TRY(xn_transport_ask(&answer, arguments(target, pool),
	    "ssh -G (Match exec?)", OUTPUT_MAX, how, pool));
	if (answer.status != 0)
		return complain(&answer, target);
	if (!answer.found && target->config != NULL)
		return xn_error_create(XN_E_UNSUPPORTED,
		    "-F %s needs the ssh program, which reads it; install "
		    "openssh-client", target->config);
	return xn_ssh_config_parse(config, answer.text, answer.n, target,
	    &local, pool);
}
