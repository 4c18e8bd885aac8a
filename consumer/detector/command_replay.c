#include <stdio.h>

#include "detector/commands.h"

int
la_command_replay(struct la_conf *conf, int argc, char **argv)
{
	(void)conf;
	(void)argc;
	(void)argv;
	(void)fprintf(stderr, "login-alert-detector: replay is not supported yet; decide takes events as JSON lines\n");
	return (la_err_exit_code(LA_EUSAGE));
}
