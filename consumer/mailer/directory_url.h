/*
 * recipient.url: where a member is asked for. Pure.
 *
 *   https://host[:port]/path?query    {member_id} and {tenant} in path or query stand for the job's, percent-encoded
 *
 * Without {member_id} the query gets "tenant=…&member_id=…". With it and without {tenant} the service knows one tenant,
 * which our records call "default": another tenant's members are not asked for, as they could be others of the same id.
 */
#ifndef LA_MAILER_DIRECTORY_URL_H
#define LA_MAILER_DIRECTORY_URL_H

#include <stdbool.h>

#include "common/err.h"
#include "common/http_url.h"

#define LA_DIRECTORY_TEMPLATE_BYTES 1024
/* Two ids of 256 bytes, each byte three. */
#define LA_DIRECTORY_URL_BYTES (LA_DIRECTORY_TEMPLATE_BYTES + 2 * 3 * 256 + 32)

struct la_directory_url {
	char text[LA_DIRECTORY_TEMPLATE_BYTES];
	char name[LA_HTTP_NAME_BYTES]; /* for messages: "host:port" */
	bool has_member_id, has_tenant;
};

/* Errors: LA_ECONFIG: what is wrong and what is allowed. */
LA_MUST_CHECK enum la_err la_directory_url_parse(
    const char *text, struct la_directory_url *url, struct la_error *error);

/*
 * The URL of one member. Errors: LA_EDATA: empty, ".", "..", longer than 256 bytes, or a tenant that the URL has no
 * place for; out is undefined then.
 */
LA_MUST_CHECK enum la_err la_directory_url_make(const struct la_directory_url *url, struct la_span tenant,
    struct la_span member_id, char out[LA_DIRECTORY_URL_BYTES], struct la_error *error);

#endif
