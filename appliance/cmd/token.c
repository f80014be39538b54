/*
 * token: what the status page takes to change something.
 */
#include <errno.h>
#include <stdio.h>

#include "appliance/cmd/jobs.h"
#include "appliance/job/token.h"
#include "appliance/supervise/place.h"

/* Its file is beside the socket of the daemon. */
static xn_error_t *
find(const char **path, const cmd_line_t *line)
{
	const char *file = cmd_config_file(line), *folder;
	struct sockaddr_un address;
	syncgate_config_t *config;

	XN_TRY(syncgate_config_load_gateways(&config, file, line->pool));
	XN_TRY(place_find(&address, &folder, config->daemon.socket, file,
	    line->pool));
	*path = syncgate_token_path(address.sun_path, line->pool);
	return NULL;
}

static int
run(const cmd_line_t *line)
{
	char token[SYNCGATE_TOKEN_SIZE + 1];
	const char *path;
	xn_error_t *error = find(&path, line);

	if (error != NULL)
		return cmd_error(error, CMD_USAGE);
	error = syncgate_token_read(token, path);
	if (error != NULL && error->status == ENOENT)
		error = xn_error_wrap(error, "there is no token: the daemon "
		    "makes it when it begins, if http is configured");
	if (error != NULL)
		return cmd_error(error, CMD_FAILED);
	printf("%s\n", token);
	return CMD_OK;
}

static const apr_getopt_option_t options[] = {
	{ "config", OPT_CONFIG, 1,
	    "FILE|read FILE, not " SYNCGATE_CONFIG_FILE },
	{ NULL, 0, 0, NULL }
};

const cmd_t cmd_token = {
	.name = "token",
	.words = "",
	.summary = "Print what the status page takes to change something",
	.details =
	    "\nThe daemon makes it, for who runs the daemon alone.  A browser "
	    "is told it once;\na program sends it as \"Authorization: Bearer "
	    "TOKEN\".\n",
	.options = options,
	.max_words = 0,
	.run = run,
};
