#include <stdio.h>

#include <syncgate/plugin.h>

#include "appliance/cmd/cmd.h"

static int
run(const cmd_line_t *line)
{
	(void)line;
	printf("syncgate %s, plugin ABI %d\n", PACKAGE_VERSION,
	    SYNCGATE_PLUGIN_ABI);
	return CMD_OK;
}

const cmd_t cmd_version = {
	.name = "version",
	.words = "",
	.summary = "Print the version, and the number of the plugin ABI",
	.run = run,
};
