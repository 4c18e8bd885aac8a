/*
 * The mailer's commands, one file each (command_<name>.c): wiring only. Each
 * gets the configuration that was read and checked, argv[0] is its own name;
 * each says what is wrong on stderr and returns the exit code (sysexits.h).
 */
#ifndef LA_MAILER_COMMANDS_H
#define LA_MAILER_COMMANDS_H

#include "common/conf.h"
#include "common/metrics.h"

int la_command_run(struct la_conf *conf, int argc, char **argv);
int la_command_check(struct la_conf *conf, int argc, char **argv);
/* render --job FILE|- | --all-reasons [--job FILE|-] | --help-page [--out DIR] */
int la_command_render(struct la_conf *conf, int argc, char **argv);
/* send --job FILE|- */
int la_command_send(struct la_conf *conf, int argc, char **argv);
int la_command_keygen(struct la_conf *conf, int argc, char **argv);

/* Names and versions of the libraries in use, for build_info; ended by a name of NULL. Static. main.c */
const struct la_label *la_command_libraries(void);

#endif
