#include "bench/lib/steady.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench/lib/took.h"

#define WAIT_NS INT64_C(10000000000)

static void
tune_producer(rd_kafka_conf_t *conf, void *cookie)
{
	(void)cookie;
	(void)rd_kafka_conf_set(conf, "linger.ms", "0", NULL, 0);
}

enum la_err
la_steady_options(struct la_steady *steady, struct la_cli_args *args, struct la_error *error)
{
	enum la_err err;

	if ((err = la_workload_number(args, "--rate", &steady->rate, error)) == LA_OK &&
	    (err = la_workload_number(args, "--events", &steady->events, error)) == LA_OK)
		err = la_workload_number(args, "--skip", &steady->skip, error);
	return (err);
}

enum la_err
la_steady_open(struct la_steady *steady, struct la_tool *tool, struct la_error *error)
{
	enum la_err err;

	if (steady->rate == 0 || steady->skip >= steady->events)
		return (la_error_set(error, LA_EUSAGE, "--rate is 0, or --skip leaves no event"));
	steady->workload = (struct la_workload){LA_WORKLOAD_EACH, steady->events, steady->events, 1, 0};
	steady->sent_ns = calloc(steady->events, sizeof(*steady->sent_ns));
	steady->took_ns = calloc(steady->events, sizeof(*steady->took_ns));
	if (steady->sent_ns == NULL || steady->took_ns == NULL)
		return (LA_ENOMEM);
	if ((err = la_encoder_new(&steady->encoder, LA_FRAMING_NONE, tool->schemas, error)) != LA_OK)
		return (err);
	return (la_tool_client(tool, NULL, tune_producer, NULL, &steady->producer, error));
}

void
la_steady_clear(struct la_steady *steady)
{
	if (steady->producer != NULL)
		rd_kafka_destroy(steady->producer);
	la_encoder_free(steady->encoder);
	la_buf_clear(&steady->value);
	free(steady->sent_ns);
	free(steady->took_ns);
}

static enum la_err
send_one(struct la_steady *steady, const char *topic, struct la_error *error)
{
	struct la_workload_event made;
	char email[48];
	rd_kafka_resp_err_t cause;
	enum la_err err;

	la_workload_make(&steady->workload, steady->sent, &made);
	(void)snprintf(email, sizeof(email), "member%" PRIu64 "@example.jp", steady->sent);
	if (steady->has_addresses)
		made.event.email = la_span_text(email);
	la_buf_reset(&steady->value);
	if ((err = la_encoder_event(steady->encoder, &made.event, &steady->value, error)) != LA_OK)
		return (err);
	steady->sent_ns[steady->sent++] = la_bench_ns(CLOCK_MONOTONIC);
	cause = rd_kafka_producev(steady->producer, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
	    RD_KAFKA_V_KEY(made.event.member_id.data, made.event.member_id.size),
	    RD_KAFKA_V_VALUE(steady->value.data, steady->value.size), RD_KAFKA_V_END);
	(void)rd_kafka_poll(steady->producer, 0);
	if (cause != RD_KAFKA_RESP_ERR_NO_ERROR)
		return (la_error_set(error, LA_EUNAVAILABLE, "%s", rd_kafka_err2str(cause)));
	return (LA_OK);
}

bool
la_steady_met(struct la_steady *steady, uint64_t i, int64_t now_ns)
{
	if (i >= steady->sent || steady->took_ns[i] != 0)
		return (false);
	steady->took_ns[i] = now_ns - steady->sent_ns[i];
	steady->met++;
	return (true);
}

enum la_err
la_steady_run(struct la_steady *steady, const char *topic, la_steady_wait *wait, void *cookie, struct la_error *error)
{
	int64_t start_ns = la_bench_ns(CLOCK_MONOTONIC), next_ns;
	enum la_err err = LA_OK;

	while (steady->sent < steady->events && err == LA_OK) {
		next_ns = start_ns + (int64_t)(steady->sent * UINT64_C(1000000000) / steady->rate);
		if (la_bench_ns(CLOCK_MONOTONIC) >= next_ns)
			err = send_one(steady, topic, error);
		else
			err = wait(cookie, next_ns, error);
	}
	next_ns = la_bench_ns(CLOCK_MONOTONIC) + WAIT_NS;
	while (err == LA_OK && steady->met < steady->sent && la_bench_ns(CLOCK_MONOTONIC) < next_ns)
		err = wait(cookie, next_ns, error);
	return (err);
}

void
la_steady_print(struct la_steady *steady, const char *what)
{
	la_took_print(what, steady->took_ns + steady->skip, (size_t)(steady->sent - steady->skip));
}
