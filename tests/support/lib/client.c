#include "support/lib/tool.h"

#include <stdlib.h>

#include "common/parts_kafka.h"

enum la_err
la_tool_client(const struct la_tool *tool, const char *group, void (*tune)(rd_kafka_conf_t *conf, void *cookie),
    void *cookie, rd_kafka_t **rk, struct la_error *error)
{
	bool consuming = group != NULL;
	rd_kafka_conf_t *conf = NULL;
	enum la_err err;

	err = la_conf_kafka_make(&conf, tool->conf, consuming ? LA_CONF_KAFKA_CONSUMER : LA_CONF_KAFKA_PRODUCER,
	    consuming ? group : "bus_tool", error);
	if (err != LA_OK)
		return (err);
	if (tune != NULL)
		tune(conf, cookie);
	err = la_conf_kafka_client(rk, consuming ? RD_KAFKA_CONSUMER : RD_KAFKA_PRODUCER, conf, error);
	rd_kafka_conf_destroy(conf);
	return (err);
}

enum la_err
la_tool_partitions(rd_kafka_t *rk, const char *topic, int timeout_ms, int *count, struct la_error *error)
{
	const struct rd_kafka_metadata *metadata = NULL;
	rd_kafka_topic_t *handle = rd_kafka_topic_new(rk, topic, NULL);
	rd_kafka_resp_err_t cause = rd_kafka_last_error();

	if (handle != NULL) {
		cause = rd_kafka_metadata(rk, 0, handle, &metadata, timeout_ms);
		rd_kafka_topic_destroy(handle);
	}
	if (cause != RD_KAFKA_RESP_ERR_NO_ERROR)
		return (la_error_set(error, LA_EUNAVAILABLE, "topic %s: %s", topic, rd_kafka_err2str(cause)));
	*count = metadata->topic_cnt == 1 ? metadata->topics[0].partition_cnt : 0;
	cause = metadata->topic_cnt == 1 ? metadata->topics[0].err : RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
	rd_kafka_metadata_destroy(metadata);
	if (cause != RD_KAFKA_RESP_ERR_NO_ERROR || *count == 0)
		return (la_error_set(error, LA_ECONFIG, "topic %s: %s", topic, rd_kafka_err2str(cause)));
	return (LA_OK);
}

enum la_err
la_tool_need(const char *value, const char *name, struct la_error *error)
{
	return (value != NULL ? LA_OK : la_error_set(error, LA_EUSAGE, "%s is missing", name));
}

enum la_err
la_tool_number(const char *text, const char *name, long max, long *out, struct la_error *error)
{
	char *end = NULL;
	long value;

	if (text == NULL)
		return (LA_OK);
	value = strtol(text, &end, 10);
	if (end == text || *end != '\0' || value < 1 || value > max)
		return (la_error_set(error, LA_EUSAGE, "%s: want a number from 1 to %ld", name, max));
	*out = value;
	return (LA_OK);
}
