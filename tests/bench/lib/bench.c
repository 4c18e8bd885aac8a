#include "bench/lib/bench.h"

#include <stdio.h>

#include "common/log.h"

static enum la_err
read_broker(struct la_tool *tool, struct la_error *error)
{
	const char *broker = la_cli_option(&tool->args, "--broker");
	char servers[256];
	enum la_err err;

	if ((err = la_conf_new(&tool->conf, LA_PROGRAM_DETECTOR)) != LA_OK || broker == NULL)
		return (err);
	(void)snprintf(servers, sizeof(servers), "kafka.bootstrap.servers=%s", broker);
	if ((err = la_conf_set(tool->conf, servers)) == LA_OK && la_conf_problem_count(tool->conf) > 0)
		err = la_error_set(error, LA_ECONFIG, "%s", la_conf_problem(tool->conf, 0));
	return (err);
}

int
la_bench_main(const char *name, int argc, char **argv, enum la_err (*run)(struct la_tool *, struct la_error *))
{
	struct la_tool tool = {.schemas = LA_TEST_SOURCE_DIR "/schemas", .timeout_ms = 30000};
	struct la_error error = LA_ERROR_INIT;
	enum la_err err;

	la_log_setup(LA_LOG_LOGFMT, LA_LOG_WARN);
	la_cli_args_init(&tool.args, argc, argv);
	err = read_broker(&tool, &error);
	if (err == LA_OK)
		err = run(&tool, &error);
	if (err != LA_OK)
		(void)fprintf(stderr, "%s: %s\n", name, error.text[0] == '\0' ? la_err_text(err) : error.text);
	la_conf_free(tool.conf);
	return (la_err_exit_code(err));
}

/* The end as it is now: a logical end would be looked up only when fetching starts. */
static enum la_err
add_partition(rd_kafka_topic_partition_list_t *list, rd_kafka_t *rk, const char *topic, int partition, bool at_end)
{
	int64_t low = 0, high = 0;

	if (at_end && rd_kafka_query_watermark_offsets(rk, topic, partition, &low, &high, 10000) !=
		RD_KAFKA_RESP_ERR_NO_ERROR)
		return (LA_EUNAVAILABLE);
	rd_kafka_topic_partition_list_add(list, topic, partition)->offset =
	    at_end ? high : RD_KAFKA_OFFSET_BEGINNING;
	return (LA_OK);
}

enum la_err
la_bench_assign(rd_kafka_t *rk, const char *topic, bool at_end, struct la_error *error)
{
	rd_kafka_topic_partition_list_t *list;
	int count = 0;
	enum la_err err = la_tool_partitions(rk, topic, 10000, &count, error);

	if (err != LA_OK)
		return (err);
	list = rd_kafka_topic_partition_list_new(count);
	for (int i = 0; i < count && err == LA_OK; i++)
		err = add_partition(list, rk, topic, i, at_end);
	if (err == LA_OK && rd_kafka_assign(rk, list) != RD_KAFKA_RESP_ERR_NO_ERROR)
		err = LA_EUNAVAILABLE;
	rd_kafka_topic_partition_list_destroy(list);
	return (err == LA_OK ? LA_OK : la_error_set(error, err, "topic %s: partitions cannot be assigned", topic));
}
