#include <unistd.h>

#include "common/clock.h"
#include "support/lib/tool.h"

#define ANSWER_MS 10000 /* a broker may take that long for a group that it meets first */

/* Records of the partition that the group has not committed; an end that cannot be asked for counts as one. */
static int64_t
behind(rd_kafka_t *rk, const rd_kafka_topic_partition_t *committed, int timeout_ms)
{
	int64_t low = 0, high = 0, next;
	rd_kafka_resp_err_t cause =
	    rd_kafka_query_watermark_offsets(rk, committed->topic, committed->partition, &low, &high, timeout_ms);

	if (cause != RD_KAFKA_RESP_ERR_NO_ERROR)
		return (1);
	next = committed->offset >= low ? committed->offset : low; /* nothing committed: from the beginning */
	return (high > next ? high - next : 0);
}

static enum la_err
group_lag(rd_kafka_t *rk, const char *topic, int timeout_ms, int64_t *lag, struct la_error *error)
{
	rd_kafka_topic_partition_list_t *list;
	rd_kafka_resp_err_t cause;
	enum la_err err;
	int count = 0, i;

	if ((err = la_tool_partitions(rk, topic, timeout_ms, &count, error)) != LA_OK)
		return (err);
	list = rd_kafka_topic_partition_list_new(count);
	for (i = 0; i < count; i++)
		(void)rd_kafka_topic_partition_list_add(list, topic, i);
	cause = rd_kafka_committed(rk, list, timeout_ms);
	*lag = 0;
	for (i = 0; cause == RD_KAFKA_RESP_ERR_NO_ERROR && i < count; i++)
		*lag += behind(rk, &list->elems[i], timeout_ms);
	rd_kafka_topic_partition_list_destroy(list);
	if (cause != RD_KAFKA_RESP_ERR_NO_ERROR)
		return (la_error_set(error, LA_EUNAVAILABLE, "committed offsets: %s", rd_kafka_err2str(cause)));
	return (LA_OK);
}

enum la_err
la_tool_wait_group(struct la_tool *tool, struct la_error *error)
{
	int64_t until_ms = la_clock_now_ms(NULL) + tool->timeout_ms, lag = 1;
	const char *topic = la_cli_operand(&tool->args), *group = la_cli_operand(&tool->args);
	rd_kafka_t *rk = NULL;
	enum la_err err;

	if ((err = la_tool_need(topic, "TOPIC", error)) != LA_OK ||
	    (err = la_tool_need(group, "GROUP", error)) != LA_OK ||
	    (err = la_cli_args_end(&tool->args, error)) != LA_OK ||
	    (err = la_tool_client(tool, group, NULL, NULL, &rk, error)) != LA_OK)
		return (err);
	for (;;) {
		err = group_lag(rk, topic, ANSWER_MS, &lag, error);
		if (err != LA_OK || lag == 0 || la_clock_now_ms(NULL) >= until_ms)
			break;
		(void)usleep(100 * 1000);
	}
	if (err == LA_OK && lag > 0)
		err = la_error_set(
		    error, LA_ETIMEOUT, "group %s is %lld records behind on %s", group, (long long)lag, topic);
	rd_kafka_destroy(rk);
	return (err);
}
