#include <signal.h>

#include "common/cli.h"

atomic_int la_cli_stopping = 0;
volatile sig_atomic_t la_cli_hung_up = 0;

static void
stop(int number)
{
	(void)number;
	la_cli_stopping = 1;
}

/* Without SA_RESTART: a call that waits returns, and the loop sees the flag. */
void
la_cli_catch_signals(void)
{
	struct sigaction action = {.sa_handler = stop};

	(void)sigemptyset(&action.sa_mask);
	(void)sigaction(SIGTERM, &action, NULL);
	(void)sigaction(SIGINT, &action, NULL);
	action.sa_handler = SIG_IGN;
	(void)sigaction(SIGPIPE, &action, NULL);
}

static void
note_hangup(int number)
{
	(void)number;
	la_cli_hung_up = 1;
}

void
la_cli_catch_hangup(void)
{
	struct sigaction action = {.sa_handler = note_hangup};

	(void)sigemptyset(&action.sa_mask);
	(void)sigaction(SIGHUP, &action, NULL);
}
