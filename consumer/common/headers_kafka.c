#include <string.h>

#include "common/log.h"
#include "common/parts_kafka.h"

#define HEADER_BYTES 64 /* librdkafka's own for each, about */

/* NULL-ended names; NULL: every name. */
static bool
is_wanted(const char *const *names, const char *name)
{
	if (names == NULL)
		return (true);
	for (; *names != NULL; names++) {
		if (strcmp(*names, name) == 0)
			return (true);
	}
	return (false);
}

static bool
add_header(rd_kafka_headers_t *headers, const char *name, const void *value, size_t size)
{
	return (rd_kafka_header_add(headers, name, -1, value, (ssize_t)size) == RD_KAFKA_RESP_ERR_NO_ERROR);
}

/* The record's headers, its own; NULL when it has none. */
static rd_kafka_headers_t *
headers_of(const struct la_message *message)
{
	rd_kafka_headers_t *theirs = NULL;
	rd_kafka_resp_err_t cause;

	if (message->is_kept)
		return (message->handle);
	cause = rd_kafka_message_headers(message->handle, &theirs);
	/* Headers that cannot be read must not keep the record from going on (P4). */
	if (cause != RD_KAFKA_RESP_ERR_NO_ERROR && cause != RD_KAFKA_RESP_ERR__NOENT)
		la_log(LA_LOG_WARN, la_msg("headers dropped"), la_str("reason", rd_kafka_err2str(cause)));
	return (cause == RD_KAFKA_RESP_ERR_NO_ERROR ? theirs : NULL);
}

/* The received record's headers, all of them or those wanted; *out stays NULL when it has none. */
static bool
copy_headers(const struct la_output *output, rd_kafka_headers_t **out)
{
	rd_kafka_headers_t *theirs = headers_of(output->headers_of);
	const char *name;
	const void *value;
	size_t i, size;

	if (theirs == NULL)
		return (true);
	if (output->only_headers == NULL) {
		*out = rd_kafka_headers_copy(theirs);
		return (*out != NULL);
	}
	*out = rd_kafka_headers_new(4);
	for (i = 0; *out != NULL; i++) {
		if (rd_kafka_header_get_all(theirs, i, &name, &value, &size) != RD_KAFKA_RESP_ERR_NO_ERROR)
			break;
		if (is_wanted(output->only_headers, name) && !add_header(*out, name, value, size))
			return (false);
	}
	return (*out != NULL);
}

enum la_err
la_headers_kafka_keep(const struct la_message *message, struct la_message *kept, size_t *bytes)
{
	rd_kafka_headers_t *theirs = headers_of(message), *own = NULL;
	const char *name;
	const void *value;
	size_t size;

	if (theirs != NULL && (own = rd_kafka_headers_copy(theirs)) == NULL)
		return (LA_ENOMEM);
	*kept = *message;
	kept->handle = own;
	kept->is_kept = true;
	*bytes = 0;
	for (size_t i = 0; own != NULL && rd_kafka_header_get_all(own, i, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR; i++)
		*bytes += strlen(name) + size + HEADER_BYTES;
	return (LA_OK);
}

void
la_headers_kafka_release(struct la_message *kept)
{
	if (kept->handle != NULL)
		rd_kafka_headers_destroy(kept->handle);
	kept->handle = NULL;
}

enum la_err
la_headers_kafka_make(rd_kafka_headers_t **out, const struct la_output *output)
{
	rd_kafka_headers_t *headers = NULL;
	size_t i;

	if (output->headers_of != NULL && !copy_headers(output, &headers))
		goto fail;
	if (output->header_count > 0 && headers == NULL)
		headers = rd_kafka_headers_new(output->header_count);
	for (i = 0; i < output->header_count; i++) {
		if (headers == NULL || !add_header(headers, output->headers[i].name, output->headers[i].value.data,
					   output->headers[i].value.size))
			goto fail;
	}
	*out = headers;
	return (LA_OK);

fail:
	if (headers != NULL)
		rd_kafka_headers_destroy(headers);
	return (LA_ENOMEM);
}
