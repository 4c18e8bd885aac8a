/*
 * Who we are to Redis: the AUTH command, from redis.user and redis.password.file. A server that refuses it makes the file
 * be read again, so that a password can be changed while the program runs; but not a pipe, which gives it once.
 */
#ifndef LA_COMMON_LOGIN_REDIS_H
#define LA_COMMON_LOGIN_REDIS_H

#include <stdbool.h>

#include "common/conf.h"
#include "common/err.h"
#include "common/span.h"

struct la_login_redis;

/* *login is NULL when nothing is configured. Errors: LA_ECONFIG, LA_ENOMEM. */
LA_MUST_CHECK enum la_err la_login_redis_new(
    struct la_login_redis **login, const struct la_conf *conf, struct la_error *error);
void la_login_redis_free(struct la_login_redis *login); /* wipes it */

/* The command; valid until the next call. Errors: LA_EUNAVAILABLE (the file is not to be read now), LA_ENOMEM. */
LA_MUST_CHECK enum la_err la_login_redis_command(
    struct la_login_redis *login, struct la_span *command, struct la_error *error);

/* A server did not take it: the next command is from the file as it is then. login may be NULL. */
void la_login_redis_refused(struct la_login_redis *login);

#endif
