/* Records as JSON lines. */
#ifndef LA_TEST_PRINT_H
#define LA_TEST_PRINT_H

#include <librdkafka/rdkafka.h>

#include "support/lib/tool.h"

struct la_print;

/* record: "Decision", "Delivery", "AlertJob" or "raw". Errors: LA_EUSAGE, LA_ECONFIG, LA_ENOMEM. */
LA_MUST_CHECK enum la_err la_print_new(
    struct la_print **print, const struct la_tool *tool, const char *record, struct la_error *error);
void la_print_free(struct la_print *print);

/*
 * One line on stdout: the record's fields, then _topic, _partition, _offset,
 * _timestamp, _key. A value that cannot be decoded gives "_error" instead of
 * fields. raw: "_value" (base64) and "_headers" (pairs of name and text).
 * Errors: LA_ENOMEM, LA_EINTERNAL (stdout).
 */
LA_MUST_CHECK enum la_err la_print_record(
    struct la_print *print, const rd_kafka_message_t *message, struct la_error *error);

#endif
