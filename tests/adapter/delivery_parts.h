/* What the mailer's world in memory (delivery_world.h) consists of, and what its loop said. */
#ifndef LA_TESTS_DELIVERY_PARTS_H
#define LA_TESTS_DELIVERY_PARTS_H

#include <assert.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "mailer/delivery.h"

#include "fault.h"
#include "log_lines.h"
#include "memory_directory.h"
#include "memory_ledger.h"

#define PARTITIONS 2
#define RECORDS 1024
#define OUTPUTS 4096
#define SENDS 8192
#define CONNECTIONS 3
#define RELAYS 2
#define T0 INT64_C(1751295600000) /* 2025-07-01T00:00:00+09:00 */
#define MINUTE 60000
#define ALWAYS 1000000 /* a rule that does not end */

struct record {
	struct la_buf value;
	char job_id[LA_ID_HEX]; /* "" for what is no job */
	bool is_null, has_outcome; /* acknowledged */
	int64_t next_in_partition;
};

struct output {
	bool is_dead_letter, is_acknowledged, is_refused;
	const void *headers_of; /* a dead letter: the record */
	struct la_delivery delivery;
	char headers[1024]; /* "name=value\n"… */
	size_t value_size;
	bool is_value_null;
	uint64_t batch;
};

/* Mails to this local part get this answer, so often; then they are taken. */
struct rule {
	const char *to;
	enum la_relay_outcome outcome;
	enum la_smtp_stage stage;
	int code;
	int times;
};

struct send {
	char to[64], message_id[80], language[16];
	size_t which;
	int64_t at_ms;
};

struct flight {
	bool is_used, is_withdrawn, is_over_limit;
	struct la_relay_mail mail;
	size_t which;
	int64_t done_ms;
};

struct world {
	struct la_bus bus;
	struct la_relay relay;
	struct memory_ledger ledger;
	struct memory_directory directory; /* not the loop's until a test says so */
	struct fault fault; /* of the bus and the ledger */
	int64_t now_ms, wall_offset_ms;
	atomic_int stopping;

	struct record records[PARTITIONS][RECORDS];
	int64_t count[PARTITIONS], next[PARTITIONS], committed[PARTITIONS];
	uint64_t lease[PARTITIONS];
	struct output *outputs;
	size_t output_count, acknowledged; /* so many from the start are, at least */
	bool is_paused, is_broker_away, refuses_dead_letters;
	size_t value_max;    /* of the broker; 0: any */
	size_t together_max; /* dead letters that are under way at once; 0: any */
	int refused_commits; /* so many are refused, with commit_code, before one is taken */
	enum la_err commit_code;
	bool is_committing;
	int commit_asked; /* so often was the answer asked for */
	enum la_err commit_answer;
	long in_hand, most_in_hand, polls, polls_while_paused;
	long kept, most_kept; /* records of which the headers are kept */
	size_t header_bytes; /* of each record */

	const struct rule *rules;
	int used[16];
	bool is_second_well; /* the rules are for the first relay */
	struct flight flights[RELAYS * CONNECTIONS];
	size_t in_flight, most_in_flight;
	size_t limit; /* of the relay: so many connections at once, 421 for more; 0: none */
	int64_t until_ms; /* see trust */
	int64_t latency_ms;
	bool is_relay_stuck;
	struct send sends[SENDS];
	size_t send_count;

	int64_t stop_at_ms; /* 0: once all is committed */
	void (*on_work)(struct world *world);

	struct la_decoder *decoder, *deliveries;
	struct la_encoder *encoder;
	struct la_renderer *renderer;
	struct la_brand *brand;
	struct la_delivery_options options;
	struct la_delivery_loop *loop;
};

static void
keep_log(enum la_log_level level, const struct la_field *fields, size_t count)
{
	(void)keep_line(level, fields, count); /* the first ones are looked for */
}

#endif
