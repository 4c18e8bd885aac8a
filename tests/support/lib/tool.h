/*
 * What the commands of bus_tool share. Each command is a function that reads
 * its own options, ends them with la_cli_args_end, and returns what went wrong.
 */
#ifndef LA_TEST_TOOL_H
#define LA_TEST_TOOL_H

#include <librdkafka/rdkafka.h>

#include "common/cli.h"
#include "common/conf.h"
#include "common/decoder.h"
#include "common/err.h"

struct la_tool {
	struct la_cli_args args; /* of the command */
	struct la_conf *conf;    /* kafka.* of --config and --broker */
	const char *schemas;     /* the folder */
	enum la_framing framing;
	int timeout_ms;
};

LA_MUST_CHECK enum la_err la_tool_create(struct la_tool *tool, struct la_error *error);
LA_MUST_CHECK enum la_err la_tool_produce(struct la_tool *tool, struct la_error *error);
LA_MUST_CHECK enum la_err la_tool_consume(struct la_tool *tool, struct la_error *error);
LA_MUST_CHECK enum la_err la_tool_wait_group(struct la_tool *tool, struct la_error *error);

/* A client with tool's configuration; tune (NULL: none) sets callbacks. group: NULL for a producer. Errors: LA_ECONFIG.
 */
LA_MUST_CHECK enum la_err la_tool_client(const struct la_tool *tool, const char *group,
    void (*tune)(rd_kafka_conf_t *conf, void *cookie), void *cookie, rd_kafka_t **rk, struct la_error *error);

/* Number of partitions. Errors: LA_EUNAVAILABLE (names what does not answer), LA_ECONFIG (no such topic). */
LA_MUST_CHECK enum la_err la_tool_partitions(
    rd_kafka_t *rk, const char *topic, int timeout_ms, int *count, struct la_error *error);

/* An operand or option that must be there. Errors: LA_EUSAGE names it. */
LA_MUST_CHECK enum la_err la_tool_need(const char *value, const char *name, struct la_error *error);

/* A number from 1 to max; NULL text leaves *out. Errors: LA_EUSAGE. */
LA_MUST_CHECK enum la_err la_tool_number(
    const char *text, const char *name, long max, long *out, struct la_error *error);

#endif
