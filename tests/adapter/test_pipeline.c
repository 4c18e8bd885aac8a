/*
 * The pipeline over a bus and a store in memory, with the real codec and policy:
 * what it promises when something fails at any step (P1-P5).
 */
#include "common/confluent.h"
#include "common/decoder_core.h"
#include "common/file.h"

#include "pipeline_world.h"

static void
event_becomes_job_and_decision_and_then_the_offset_is_committed(void **state)
{
	struct world *world = *state;
	struct la_login_event event = login("e1", "m1", "t1", T0);
	struct la_alert_job job;
	struct la_decision decision;
	const struct memory_output *output;

	add(world, 0, &event)->traceparent = "00-aa-bb-01";
	turn(world);
	assert_string_equal(world->bus.trace, "FWPPAC");
	assert_int_equal(world->bus.committed[0], 1);
	output = output_of(world, "login-alerts", 0);
	assert_int_equal(la_decoder_job(world->jobs, la_span_of(output->value, output->size), &job, NULL), LA_OK);
	assert_int_equal(job.reason, LA_REASON_FIRST_LOGIN);
	assert_string_equal(job.event_id.bytes, "e1");
	assert_string_equal(output->key, job.member_ref);
	assert_string_equal(output->headers, "traceparent=00-aa-bb-01\n");
	output = output_of(world, "login-decisions", 0);
	assert_int_equal(
	    la_decoder_decision(world->decisions, la_span_of(output->value, output->size), &decision, NULL), LA_OK);
	assert_int_equal(decision.outcome, LA_OUTCOME_ALERTED);
	assert_string_equal(decision.job_id, job.job_id);
}

static void
known_device_costs_no_write_and_no_output(void **state)
{
	struct world *world = *state;
	struct la_login_event event = login("e1", "m1", "t1", T0);

	world->options.publish = LA_PUBLISH_NOTABLE;
	la_pipeline_free(world->pipeline);
	open_pipeline(world);
	(void)add(world, 0, &event);
	turn(world);
	world->bus.trace_size = 0;
	event = login("e2", "m1", "t1", T0 + MINUTE);
	(void)add(world, 0, &event);
	turn(world);
	assert_string_equal(world->bus.trace, "FAC");
	assert_int_equal(count_outputs(world, "login-alerts"), 1);
	assert_int_equal(count_outputs(world, "login-decisions"), 1);
	assert_int_equal(world->bus.committed[0], 2);
}

static void
alerts_are_written_whether_or_not_decisions_are(void **state)
{
	struct world *world = *state;
	struct la_login_event event = login("e1", "m1", "t1", T0);

	world->options.publish = LA_PUBLISH_NONE;
	la_pipeline_free(world->pipeline);
	open_pipeline(world);
	(void)add(world, 0, &event);
	turn(world);
	assert_int_equal(count_outputs(world, "login-alerts"), 1);
	assert_int_equal(count_outputs(world, "login-decisions"), 0);
	assert_int_equal(world->bus.committed[0], 1);
}

static void
decisions_do_not_depend_on_batch_size(void **state)
{
	struct world *world = *state, *other;
	char *expected, *found;
	void *second;

	add_history(world);
	turn_until_done(world);
	expected = essence(world);
	for (size_t size = 1; size <= 64; size = size * 2 + 1) {
		(void)setup(&second);
		other = second;
		other->options.batch_max_events = size;
		la_pipeline_free(other->pipeline);
		open_pipeline(other);
		add_history(other);
		turn_until_done(other);
		found = essence(other);
		assert_string_equal(found, expected);
		free(found);
		(void)teardown(&second);
	}
	free(expected);
}

static void
bad_records_go_to_the_dead_letter_topic_byte_for_byte_with_connect_headers(void **state)
{
	struct world *world = *state;
	struct la_login_event event = login("e1", "m1", "t1", 5);
	const struct memory_output *letter;

	(void)memory_bus_add(&world->bus, 2, calloc(1, 3), 3, T0 + 7);
	(void)memory_bus_add(&world->bus, 3, NULL, 0, T0);
	(void)add(world, 0, &event);
	turn_until_done(world);
	assert_int_equal(count_outputs(world, "login-events-dlq"), 3);
	for (size_t i = 0; i < 3; i++) {
		letter = output_of(world, "login-events-dlq", i);
		assert_string_equal(letter->key, "the key");
		assert_non_null(strstr(letter->headers, "other=kept\n"));
		assert_non_null(strstr(letter->headers, "__connect.errors.topic=login-events\n"));
		assert_non_null(strstr(letter->headers, "__connect.errors.exception.message="));
	}
	letter = output_of(world, "login-events-dlq", 0);
	assert_non_null(strstr(letter->headers, "__connect.errors.partition=0\n__connect.errors.offset=0\n"
	                                        "__connect.errors.stage=TRANSFORMATION\n"
	                                        "__connect.errors.class.name=invalid_value\n"));
	letter = output_of(world, "login-events-dlq", 1);
	assert_int_equal(letter->size, 3);
	assert_memory_equal(letter->value, "\0\0\0", 3);
	assert_non_null(strstr(letter->headers, "__connect.errors.stage=VALUE_CONVERTER\n"
	                                        "__connect.errors.class.name=undecodable\n"));
	assert_non_null(strstr(letter->headers, "login-alert.timestamp=1751295600007\n"));
	assert_null(output_of(world, "login-events-dlq", 2)->value);
}

/* Small ones go together, large ones one by one; none between. */
static void
a_dead_letter_of_any_size_is_written_once_and_said(void **state)
{
	static const size_t sizes[] = {1, 99999, 100000, 100001};
	struct world *world = *state;

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		(void)memory_bus_add(&world->bus, 0, calloc(1, sizes[i]), sizes[i], T0);
	turn_until_done(world);
	assert_int_equal(count_outputs(world, "login-events-dlq"), 4);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		assert_int_equal(output_of(world, "login-events-dlq", i)->size, sizes[i]);
	assert_int_equal(world->bus.committed[0], 4);
	assert_int_not_equal(said("msg=\"dead letter\" cause=undecodable"), 0);
}

static void
rejected_record_has_its_decision_too(void **state)
{
	struct world *world = *state;
	struct la_login_event event = login("e1", "m1", "t1", 5);
	struct la_decision decision;
	const struct memory_output *output;

	(void)memory_bus_add(&world->bus, 1, calloc(1, 3), 3, T0);
	(void)add(world, 0, &event);
	turn_until_done(world);
	for (size_t i = 0; i < 2; i++) {
		output = output_of(world, "login-decisions", i);
		assert_int_equal(
		    la_decoder_decision(world->decisions, la_span_of(output->value, output->size), &decision, NULL), LA_OK);
		assert_int_equal(decision.outcome, LA_OUTCOME_REJECTED);
		assert_string_equal(decision.event_id.bytes, i == 0 ? "e1" : "");
		assert_int_equal(decision.source_partition, i);
		assert_false(decision.has_reason || decision.has_job_id);
	}
	assert_int_equal(count_outputs(world, "login-alerts"), 0);
}

static void
dead_letter_that_is_too_large_goes_without_its_value(void **state)
{
	struct world *world = *state;
	const struct memory_output *letter;

	world->bus.max_value = 900000;
	(void)memory_bus_add(&world->bus, 0, calloc(1, 1000000), 1000000, T0);
	(void)memory_bus_add(&world->bus, 1, calloc(1, 3), 3, T0);
	(void)memory_bus_add(&world->bus, 2, calloc(1, 200000), 200000, T0);
	turn_until_done(world);
	assert_int_equal(count_outputs(world, "login-events-dlq"), 3);
	assert_int_equal(output_of(world, "login-events-dlq", 0)->size, 3);
	letter = output_of(world, "login-events-dlq", 1);
	assert_null(letter->value);
	assert_non_null(strstr(letter->headers, "login-alert.value-omitted=1000000\n"));
	assert_int_equal(output_of(world, "login-events-dlq", 2)->size, 200000);
}

static void
dead_letter_topic_with_a_tiny_limit_gets_each_of_them(void **state)
{
	struct world *world = *state;
	bool found[2] = {false, false};

	world->bus.max_value = 500;
	(void)memory_bus_add(&world->bus, 0, calloc(1, 600), 600, T0);
	(void)memory_bus_add(&world->bus, 1, calloc(1, 3), 3, T0);
	turn_until_done(world);
	for (size_t i = 0; i < count_outputs(world, "login-events-dlq"); i++) {
		const struct memory_output *letter = output_of(world, "login-events-dlq", i);

		found[strstr(letter->headers, "errors.partition=1") != NULL] = true;
		assert_int_equal(letter->value == NULL, strstr(letter->headers, "value-omitted=600\n") != NULL);
	}
	assert_true(found[0] && found[1]);
}

/* In one transaction: what was refused voids it, and in the end each of them is there once, as are the others. */
static void
dead_letters_too_large_for_a_transaction_make_nothing_come_twice(void **state)
{
	struct world *world = *state;
	struct la_login_event event = login("e1", "m1", "t1", T0);

	use_exactly_once(world);
	for (int tiny = 0; tiny < 2; tiny++) {
		world->bus.max_value = tiny ? 1000 : 900000;
		(void)memory_bus_add(&world->bus, 0, calloc(1, 1000000), 1000000, T0);
		(void)memory_bus_add(&world->bus, 1, calloc(1, 3), 3, T0);
		(void)memory_bus_add(&world->bus, 2, calloc(1, 2000), 2000, T0);
		event.event_id = la_span_text(tiny ? "e2" : "e1");
		event.device_token = la_span_text(tiny ? "t2" : "t1");
		(void)add(world, 3, &event);
		turn_until_done(world);
	}
	assert_int_equal(count_outputs(world, "login-events-dlq"), 6);
	assert_int_equal(count_outputs(world, "login-alerts"), 2);
	assert_int_equal(count_outputs(world, "login-decisions"), 8);
	for (size_t i = 0; i < 6; i++) {
		const struct memory_output *letter = output_of(world, "login-events-dlq", i);
		bool is_omitted = strstr(letter->headers, "errors.partition=0") != NULL ||
		    (i >= 3 && strstr(letter->headers, "errors.partition=2") != NULL);

		assert_int_equal(letter->value == NULL, is_omitted);
	}
}

static void
large_records_do_not_pile_up(void **state)
{
	struct world *world = *state;

	for (int i = 0; i < 60; i++)
		(void)memory_bus_add(&world->bus, i % MEMORY_PARTITIONS, calloc(1, 1 << 20), 1 << 20, T0);
	world->bus.most_bytes_a_poll = 4 << 20;
	turn_until_done(world);
	assert_int_equal(count_outputs(world, "login-events-dlq"), 60);
	assert_in_range(world->bus.most_bytes_in_hand, 1 << 20, 20 << 20);
}

static void
forgive_dead_letters(struct memory_bus *bus, void *cookie)
{
	(void)cookie;
	assert_true(bus->commits == 0 || !bus->refuse_dead_letters);
	if (bus->polls_while_paused > 100)
		bus->refuse_dead_letters = false;
}

static void
nothing_is_committed_while_the_dead_letter_topic_refuses(void **state)
{
	struct world *world = *state;

	world->bus.refuse_dead_letters = true;
	world->bus.on_poll = forgive_dead_letters;
	(void)memory_bus_add(&world->bus, 0, calloc(1, 3), 3, T0);
	turn(world);
	assert_int_equal(world->bus.committed[0], 1);
	assert_int_equal(count_outputs(world, "login-events-dlq"), 1);
	assert_int_not_equal(said("for=broker"), 0);
}

static void
return_the_store(struct memory_bus *bus, void *cookie)
{
	struct world *world = cookie;

	(void)bus;
	if (world->now_ms > 70000)
		world->store.away = false;
}

static void
store_that_is_away_is_waited_for_in_the_group_and_said_every_30_s(void **state)
{
	struct world *world = *state;
	struct la_login_event event = login("e1", "m1", "t1", T0);

	world->store.away = true;
	world->bus.on_poll = return_the_store;
	world->bus.cookie = world;
	(void)add(world, 0, &event);
	turn(world);
	assert_int_equal(world->bus.committed[0], 1);
	assert_int_equal(count_outputs(world, "login-alerts"), 1);
	assert_true(world->bus.polls_while_paused > 600);
	assert_false(world->bus.paused);
	assert_int_equal(said("msg=waiting"), 3);
	assert_int_equal(said("for=redis"), 3);
	assert_int_equal(said("msg=\"going on\""), 1);
}

static void
revoke_after_a_while(struct memory_bus *bus, void *cookie)
{
	struct world *world = cookie;

	if (world->now_ms > 3000 && bus->lease[0] == 0) {
		memory_bus_revoke(bus, 0);
		if (bus->records[1].partition != 0)
			return;
		memory_bus_revoke(bus, 1);
	}
	if (world->now_ms > 6000)
		world->store.away = false;
}

static void
batch_is_dropped_when_its_partitions_go_while_it_waits(void **state)
{
	struct world *world = *state;
	struct la_login_event first = login("e1", "m1", "t1", T0), second = login("e2", "m2", "t1", T0);

	world->store.away = true;
	world->bus.on_poll = revoke_after_a_while;
	world->bus.cookie = world;
	(void)add(world, 0, &first);
	(void)add(world, 0, &second);
	turn(world);
	assert_int_equal(world->bus.commits, 0);
	assert_int_equal(world->bus.output_count, 0);
	assert_int_equal(world->bus.in_hand, 0);
	assert_int_equal(said("msg=\"batch dropped\""), 1);
	turn_until_done(world); /* the partition came back */
	assert_int_equal(count_outputs(world, "login-alerts"), 2);
}

static void
kept_partitions_of_a_batch_go_on(void **state)
{
	struct world *world = *state;
	struct la_login_event first = login("e1", "m1", "t1", T0), second = login("e2", "m2", "t1", T0);

	world->store.away = true;
	world->bus.on_poll = revoke_after_a_while;
	world->bus.cookie = world;
	(void)add(world, 0, &first);
	(void)add(world, 1, &second);
	turn(world);
	assert_int_equal(world->bus.committed[0], 0);
	assert_int_equal(world->bus.committed[1], 1);
	assert_int_equal(count_outputs(world, "login-alerts"), 1);
	assert_int_equal(world->store.written, 1);
}

/* Partition 1 goes (and comes back) when the states are written and no transaction is open yet. */
static enum la_err
lose_partition_1(void *self, int timeout_ms, struct la_error *error)
{
	struct fault_store *store = self;

	if (store->bus->lease[1] == 0)
		memory_bus_revoke(store->bus, 1);
	return (fault_store_write_end(self, timeout_ms, error));
}

/* Else what was read of it is in the transaction, and its new owner writes it again. */
static void
transaction_has_no_output_of_a_partition_that_went_before_it_was_opened(void **state)
{
	struct world *world = *state;
	struct la_login_event lost = login("e1", "m1", "t1", T0);
	char id[32];

	world->options.batch_max_events = 2;
	use_exactly_once(world);
	world->store.port.write_end = lose_partition_1;
	(void)add(world, 1, &lost);
	for (int i = 2; i <= 9; i++) {
		struct la_login_event kept;

		(void)snprintf(id, sizeof(id), "m%d", i);
		kept = login(id, id, "t1", T0);
		(void)add(world, 0, &kept);
	}
	turn_until_done(world);
	assert_int_equal(count_outputs(world, "login-alerts"), 9);
	assert_int_equal(world->bus.committed_outputs, world->bus.output_count);
}

/* Another instance changes the states of all members that are about to be written. */
static void
change_behind_our_back(struct fault_store *store, void *cookie)
{
	struct world *world = cookie;
	struct la_login_event event = login("other", "m1", "their token", T0);
	struct la_source source = {.topic = la_span_text("other topic"), .partition = 9, .offset = 5};
	const struct la_store *inner = store->inner;
	unsigned char record[LA_STATE_RECORD_MAX];
	struct la_member_state theirs;
	struct la_verdict verdict;
	struct la_facts facts;
	struct la_store_write write = {.ttl_s = 100};

	store->on_write = NULL;
	assert_int_equal(la_decider_facts(world->decider, &event, &source, &facts, NULL), LA_OK);
	la_state_init(&theirs);
	la_policy_decide(la_decider_policy(world->decider), &facts, &theirs, &verdict);
	write.key.epoch = facts.by_epoch[0].epoch;
	memcpy(write.key.digest, facts.by_epoch[0].member, sizeof(write.key.digest));
	write.after = la_span_of(record, la_state_encode(&theirs, record));
	assert_int_equal(inner->write_begin(inner->self, &write, 1, NULL), LA_OK);
	assert_int_equal(inner->write_end(inner->self, 0, NULL), LA_OK);
	assert_int_equal(write.result, LA_WRITE_DONE);
}

static void
member_that_another_writer_changed_is_decided_again(void **state)
{
	struct world *world = *state;
	struct la_login_event first = login("e1", "m1", "t1", T0 + MINUTE), second = login("e2", "m2", "t1", T0);
	struct la_alert_job job;

	world->store.on_write = change_behind_our_back;
	world->store.cookie = world;
	(void)add(world, 0, &first);
	(void)add(world, 1, &second);
	turn(world);
	assert_string_equal(world->bus.trace, "FWFWPPPPAC");
	assert_int_equal(world->store.written, 2);
	for (size_t i = 0; i < 2; i++) {
		const struct memory_output *output = output_of(world, "login-alerts", i);

		assert_int_equal(la_decoder_job(world->jobs, la_span_of(output->value, output->size), &job, NULL), LA_OK);
		/* m1 is no stranger any more: the other writer has seen its platform and browser */
		assert_int_equal(job.reason,
		    strcmp(job.event_id.bytes, "e1") == 0 ? LA_REASON_COOKIES_CLEARED : LA_REASON_FIRST_LOGIN);
	}
}

/* A batch of its own for each event: the second one's look-up is under way when the first one's write conflicts. */
static void
look_up_behind_a_conflict_is_made_again(void **state)
{
	struct world *world = *state;
	struct la_login_event revoked = login("e1", "m1", "their token", T0 + MINUTE);
	struct la_login_event next = login("e2", "m1", "their token", T0 + 2 * MINUTE);

	world->options.batch_max_events = 1;
	la_pipeline_free(world->pipeline);
	open_pipeline(world);
	world->store.on_write = change_behind_our_back;
	world->store.cookie = world;
	revoked.kind = LA_KIND_DEVICE_REVOKED;
	(void)add(world, 0, &revoked);
	(void)add(world, 0, &next);
	turn_until_done(world);
	/* the other writer's login made the token known; the revocation, decided again, took it away */
	assert_int_equal(count_outputs(world, "login-alerts"), 1);
}

static void
batches_overlap(void **state)
{
	struct world *world = *state;
	struct la_login_event first = login("e1", "m1", "t1", T0), second = login("e2", "m2", "t1", T0 + MINUTE);

	world->options.batch_max_events = 1;
	la_pipeline_free(world->pipeline);
	open_pipeline(world);
	(void)add(world, 0, &first);
	(void)add(world, 0, &second);
	turn_until_done(world);
	/* the second one's fetch goes out behind the first one's write, before any output */
	assert_string_equal(world->bus.trace, "FWFWPPACPPAC");
	assert_int_equal(world->bus.committed[0], 2);
}

/* Redis comes back empty, once, when the second write is on its way. */
static void
lose_everything(struct fault_store *store, void *cookie)
{
	struct world *world = cookie;

	if (store->written != 1 || store->inner != la_store_memory_port(world->memory))
		return;
	la_store_memory_free(world->memory);
	assert_int_equal(la_store_memory_new(&world->memory), LA_OK);
	store->inner = la_store_memory_port(world->memory);
	store->on_write = NULL;
}

/* Else the second one's position would hide the first one's alert from its redelivery, should we be killed before it is sent. */
static void
what_redis_has_lost_of_alerts_under_way_is_not_written_over(void **state)
{
	struct world *world = *state;
	struct la_login_event first = login("e1", "m1", "t1", T0), second = login("e2", "m1", "t2", T0 + MINUTE);

	world->options.batch_max_events = 1;
	use_exactly_once(world);
	world->store.on_write = lose_everything;
	world->store.cookie = world;
	(void)add(world, 0, &first);
	(void)add(world, 0, &second);
	turn_until_done(world);
	assert_string_equal(world->bus.trace, "FWFWPPFACFWPPAC");
	assert_int_equal(said("redis has not kept a state that was written"), 1);
	assert_int_equal(count_outputs(world, "login-alerts"), 2);
}

/* A slow Redis: each write takes its time, and what was produced before it is not committed yet. */
static void
take_long(struct fault_store *store, void *cookie)
{
	struct world *world = cookie;
	struct memory_bus *bus = store->bus;
	static int64_t open_since_ms;

	if (bus->output_count == bus->committed_outputs)
		open_since_ms = world->now_ms;
	assert_in_range(world->now_ms - open_since_ms, 0, 3000);
	world->now_ms += 1500;
}

/* The broker ends one that is open for transaction.timeout.ms, and all of it would be read and decided again, as slowly. */
static void
a_transaction_is_not_kept_open_for_a_slow_redis(void **state)
{
	struct world *world = *state;
	char id[32];

	world->options.batch_max_events = 1;
	use_exactly_once(world);
	world->store.on_write = take_long;
	world->store.cookie = world;
	for (int i = 0; i < 40; i++) {
		struct la_login_event event;

		(void)snprintf(id, sizeof(id), "m%d", i);
		event = login(id, id, "t1", T0);
		(void)add(world, i % 4, &event);
	}
	turn_until_done(world);
	assert_int_equal(count_outputs(world, "login-alerts"), 40);
}

static void
add_members(struct world *world, int count)
{
	char id[32];

	for (int i = 0; i < count; i++) {
		struct la_login_event event;

		(void)snprintf(id, sizeof(id), "m%d", i);
		event = login(id, id, "t1", T0);
		(void)add(world, i % 4, &event);
	}
}

static void
logins_that_come_one_by_one_do_not_wait_for_the_broker(void **state)
{
	struct world *world = *state;

	world->bus.slow = world->bus.trickles = true;
	add_members(world, 40);
	turn_until_done(world);
	assert_int_equal(world->bus.most_in_hand, 16);
	assert_int_equal(count_outputs(world, "login-alerts"), 40);
}

static void
of_a_backlog_four_batches_are_in_hand(void **state)
{
	struct world *world = *state;

	world->options.batch_max_events = 300; /* more than a small batch has room for */
	la_pipeline_free(world->pipeline);
	open_pipeline(world);
	world->bus.slow = true;
	add_members(world, 1500);
	turn_until_done(world);
	assert_int_equal(world->bus.most_in_hand, 4 * 300);
	assert_int_equal(count_outputs(world, "login-alerts"), 1500);
}

static void
batch_ends_before_the_33rd_candidate_of_a_member(void **state)
{
	struct world *world = *state;
	char id[32], token[32];

	for (int i = 0; i < 70; i++) {
		struct la_login_event event;

		(void)snprintf(id, sizeof(id), "event-%d", i);
		(void)snprintf(token, sizeof(token), "token-%d", i);
		event = login(id, "m1", token, T0 + i * MINUTE);
		(void)add(world, 0, &event);
		event = login(id, "m2", "always the same", T0 + i * MINUTE);
		(void)add(world, 1, &event);
	}
	turn(world);
	assert_int_equal(world->bus.committed[0], 32);
	assert_in_range(world->bus.committed[1], 31, 33);
	turn(world);
	assert_int_equal(world->bus.committed[0], 64);
	turn(world);
	assert_true(memory_bus_done(&world->bus));
	assert_int_equal(count_outputs(world, "login-alerts"), 71);
	assert_int_equal(count_outputs(world, "login-decisions"), 140);
}

static void
record_that_cannot_be_read_is_left_alone_and_waited_for(void **state)
{
	struct world *world = *state;
	struct la_login_event event = login("e1", "m1", "t1", T0);
	struct la_source source = {.topic = la_span_text("login-events")};
	const struct la_store *inner = la_store_memory_port(world->memory);
	struct la_store_read read;
	struct la_store_write write = {.after = la_span_text("\xff of a newer version"), .ttl_s = 100};
	struct la_facts facts;
	struct la_error error = LA_ERROR_INIT;

	assert_int_equal(la_decider_facts(world->decider, &event, &source, &facts, NULL), LA_OK);
	write.key.epoch = facts.by_epoch[0].epoch;
	memcpy(write.key.digest, facts.by_epoch[0].member, sizeof(write.key.digest));
	assert_int_equal(inner->write_begin(inner->self, &write, 1, NULL), LA_OK);
	assert_int_equal(inner->write_end(inner->self, 0, NULL), LA_OK);
	(void)add(world, 0, &event);
	world->stopping = 1;
	assert_int_equal(la_pipeline_turn(world->pipeline, &error), LA_ESTOPPED);
	assert_int_equal(world->bus.commits, 0);
	assert_int_equal(world->bus.output_count, 0);
	assert_int_not_equal(said("partition 0 offset 0"), 0);
	read = (struct la_store_read){.key_count = 1, .key = {write.key}};
	assert_int_equal(inner->fetch_begin(inner->self, &read, 1, NULL), LA_OK);
	assert_int_equal(inner->fetch_end(inner->self, 0, NULL), LA_OK);
	assert_true(la_span_equal(read.record, write.after));
}

static void
stop_now(struct memory_bus *bus, void *cookie)
{
	(void)bus;
	((struct world *)cookie)->stopping = 1;
}

static void
stop_finishes_the_batch_in_hand(void **state)
{
	struct world *world = *state;

	add_history(world);
	world->bus.on_poll = stop_now;
	world->bus.cookie = world;
	assert_int_equal(la_pipeline_run(world->pipeline, NULL), LA_OK);
	assert_true(memory_bus_done(&world->bus));
	assert_int_equal(said("msg=\"events decided\""), 1);
}

static void
stop_hands_back_within_its_time_what_cannot_be_finished(void **state)
{
	struct world *world = *state;
	struct la_error error = LA_ERROR_INIT;

	add_history(world);
	world->store.away = true;
	world->bus.on_poll = stop_now;
	world->bus.cookie = world;
	assert_int_equal(la_pipeline_run(world->pipeline, &error), LA_OK);
	assert_in_range(world->now_ms, 5000, 6000);
	assert_int_equal(world->bus.commits, 0);
	assert_int_equal(said("msg=\"batch handed back\""), 1);
}

/* One member, more candidates than a memo holds. */
static void
add_candidates(struct world *world)
{
	char id[32], token[32];

	for (int i = 0; i < 80; i++) {
		struct la_login_event event;

		(void)snprintf(id, sizeof(id), "event-%d", i);
		(void)snprintf(token, sizeof(token), "token-%d", i);
		event = login(id, "m1", token, T0 + i * MINUTE);
		(void)add(world, 0, &event);
	}
}

/* A full memo, whose oldest candidates the producer sends again among new ones that push them out of it. */
static void
add_candidates_sent_again(struct world *world)
{
	char id[32], token[32];

	for (int i = 0; i < 48; i++) {
		int which = i < 32 || i % 2 == 1 ? i : (i - 32) / 2;
		struct la_login_event event;

		(void)snprintf(id, sizeof(id), "event-%d", which);
		(void)snprintf(token, sizeof(token), "token-%d", which);
		event = login(id, "m1", token, T0 + which * MINUTE);
		(void)add(world, 0, &event);
	}
}

/* What is read, and in batches of how many. */
struct history {
	void (*add)(struct world *world);
	size_t batch_max;
};

static const struct history histories[] = {
    {add_history, 16}, {add_candidates, 20}, {add_candidates_sent_again, 3}, {add_candidates_sent_again, 40}};

static struct world *
open_history(const struct history *history, bool exactly_once)
{
	struct world *world = world_new();

	world->options.batch_max_events = history->batch_max;
	world->bus.exactly_once = world->options.exactly_once = exactly_once;
	open_pipeline(world);
	history->add(world);
	return (world);
}

/* How many calls of ports the history takes without a fault. */
static long
calls_without_fault(const struct history *history, char **expected, bool exactly_once)
{
	struct world *world = open_history(history, exactly_once);
	void *state = world;
	long calls;

	turn_until_done(world);
	*expected = essence(world);
	calls = world->fault.calls;
	(void)teardown(&state);
	return (calls);
}

/* The history with one fault; after a lasting one, a new process over the same store. Compares with expected. */
static void
run_with_fault(const struct history *history, const struct fault *fault, const char *expected, bool exactly_once)
{
	struct la_error error = LA_ERROR_INIT;
	struct world *world = open_history(history, exactly_once);
	void *state = world;
	char *found;
	int turns = 0;

	world->fault = *fault;
	while (!memory_bus_done(&world->bus)) {
		assert_in_range(turns++, 0, 1000);
		if (la_pipeline_turn(world->pipeline, &error) == LA_OK)
			continue;
		assert_true(fault->lasting);
		la_pipeline_free(world->pipeline);
		memory_bus_restart(&world->bus);
		world->fault = (struct fault){.at = 0};
		open_pipeline(world);
	}
	found = essence(world);
	if (strcmp(found, expected) != 0)
		print_error("fault at call %ld, %s, %s\n", fault->at, fault->after ? "after" : "before",
		    fault->lasting ? "killed" : "once");
	assert_string_equal(found, expected);
	free(found);
	(void)teardown(&state);
}

/* Each call of each history fails so, before and after its effect. */
static void
run_with_each_fault(struct fault fault, bool exactly_once)
{
	for (size_t h = 0; h < sizeof(histories) / sizeof(histories[0]); h++) {
		char *expected;
		long calls = calls_without_fault(&histories[h], &expected, exactly_once);

		assert_in_range(calls, 20, 2000);
		for (fault.at = 1; fault.at <= calls; fault.at++) {
			fault.after = false;
			run_with_fault(&histories[h], &fault, expected, exactly_once);
			fault.after = true;
			run_with_fault(&histories[h], &fault, expected, exactly_once);
		}
		free(expected);
	}
}

static void
killed_at_any_call_and_restarted_the_outputs_are_the_same(void **state)
{
	(void)state;
	run_with_each_fault((struct fault){.lasting = true, .code = LA_EINTERNAL}, false);
}

static void
failure_of_any_call_is_waited_out_and_the_outputs_are_the_same(void **state)
{
	(void)state;
	run_with_each_fault((struct fault){.lasting = false, .code = LA_EUNAVAILABLE}, false);
}

static void
with_exactly_once_neither_makes_an_output_come_twice(void **state)
{
	(void)state;
	run_with_each_fault((struct fault){.lasting = true, .code = LA_EINTERNAL}, true);
	run_with_each_fault((struct fault){.lasting = false, .code = LA_EUNAVAILABLE}, true);
}

static void
notable_is_all_but_known_and_ignored(void **state)
{
	static const struct {
		enum la_outcome outcome;
		bool notable;
	} rows[] = {{LA_OUTCOME_KNOWN, false}, {LA_OUTCOME_ALERTED, true}, {LA_OUTCOME_SEEDED, true},
	    {LA_OUTCOME_SUPPRESSED_COOLDOWN, true}, {LA_OUTCOME_SUPPRESSED_CAP, true}, {LA_OUTCOME_IGNORED_KIND, false},
	    {LA_OUTCOME_IGNORED_RESULT, false}, {LA_OUTCOME_IGNORED_ACTOR, false}, {LA_OUTCOME_FORGOTTEN, true},
	    {LA_OUTCOME_REJECTED, true}};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(la_pipeline_publishes(LA_PUBLISH_NOTABLE, rows[i].outcome), rows[i].notable);
		assert_true(la_pipeline_publishes(LA_PUBLISH_ALL, rows[i].outcome));
		assert_false(la_pipeline_publishes(LA_PUBLISH_NONE, rows[i].outcome));
	}
}

/* A registry that forgets a schema once it has told it. */
struct forgetful {
	struct la_registry_answer answer;
	uint8_t told[4096]; /* by id */
};

static enum la_err
forgetful_find(void *cookie, uint32_t id, const struct la_registry_answer **answer, struct la_error *error)
{
	struct forgetful *registry = cookie;

	if (registry->told[id]++ > 0)
		return (la_error_set(error, LA_ENOSCHEMA, "byte 1: the registry has no schema with id %u", (unsigned)id));
	*answer = &registry->answer;
	return (LA_OK);
}

static void
ask_for_schemas(struct world *world, struct forgetful *registry)
{
	struct la_decoder_options options = {
	    .record = LA_RECORD_LOGIN_EVENT, .framing = LA_FRAMING_CONFLUENT, .schema_folder = schemas};
	struct la_error error = LA_ERROR_INIT;

	la_pipeline_free(world->pipeline);
	world->decoder = NULL; /* another world's too */
	if (la_decoder_new(&world->decoder, &options, &error) != LA_OK ||
	    la_file_read(LA_TEST_SOURCE_DIR "/schemas/LoginEvent.avsc", 100000, &registry->answer.schema, &error) != LA_OK ||
	    la_decoder_set_source(
		world->decoder, (struct la_decoder_source){.find = forgetful_find, .cookie = registry}) != LA_OK)
		fail_msg("%s", error.text);
	world->options.decoder = world->decoder;
	world->options.batch_max_events = 2 * LA_DECODER_IDS_MAX;
	open_pipeline(world);
}

/* A batch holds what it was read by: more ids than are kept, and none is asked for a second time, for a dead letter either. */
static void
a_schema_that_is_deleted_meanwhile_changes_nothing_for_what_was_decided(void **state)
{
	struct world *world = *state;
	static struct forgetful registry = {.answer = {.verdict = LA_REGISTRY_FOUND, .schema = LA_BUF_INIT}};
	const int count = LA_DECODER_IDS_MAX + 50;
	char id[32];

	ask_for_schemas(world, &registry);
	for (int i = 0; i < count; i++) {
		struct la_buf value = LA_BUF_INIT, body = LA_BUF_INIT;
		unsigned char header[LA_CONFLUENT_HEADER_BYTES];
		struct la_login_event event = login(id, "m", "t", i == 20 ? 5 : T0 + i);

		(void)snprintf(id, sizeof(id), "e%d", i);
		event.event_id = la_span_text(id);
		event.member_id = la_span_text(id);
		la_confluent_header((uint32_t)i, header);
		assert_int_equal(la_buf_add(&value, header, sizeof(header)), LA_OK);
		assert_int_equal(la_encoder_event(world->encoder, &event, &body, NULL), LA_OK);
		assert_int_equal(la_buf_add(&value, body.data, i == 10 ? 3 : body.size), LA_OK);
		la_buf_clear(&body);
		(void)memory_bus_add(&world->bus, 0, value.data, value.size, T0 + i);
	}
	turn_until_done(world);
	assert_int_equal(count_outputs(world, "login-alerts"), count - 2);
	assert_int_equal(count_outputs(world, "login-events-dlq"), 2);
	for (int i = 0; i < count; i++)
		assert_int_equal(registry.told[i], 1);
	la_pipeline_free(world->pipeline);
	world->pipeline = NULL;
	la_decoder_free(world->decoder);
	la_buf_clear(&registry.answer.schema);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    PROMISE(event_becomes_job_and_decision_and_then_the_offset_is_committed),
	    PROMISE(known_device_costs_no_write_and_no_output),
	    PROMISE(alerts_are_written_whether_or_not_decisions_are),
	    PROMISE(decisions_do_not_depend_on_batch_size),
	    PROMISE(bad_records_go_to_the_dead_letter_topic_byte_for_byte_with_connect_headers),
	    PROMISE(a_dead_letter_of_any_size_is_written_once_and_said),
	    PROMISE(rejected_record_has_its_decision_too),
	    PROMISE(dead_letter_that_is_too_large_goes_without_its_value),
	    PROMISE(dead_letter_topic_with_a_tiny_limit_gets_each_of_them),
	    PROMISE(dead_letters_too_large_for_a_transaction_make_nothing_come_twice),
	    PROMISE(large_records_do_not_pile_up),
	    PROMISE(nothing_is_committed_while_the_dead_letter_topic_refuses),
	    PROMISE(store_that_is_away_is_waited_for_in_the_group_and_said_every_30_s),
	    PROMISE(batch_is_dropped_when_its_partitions_go_while_it_waits),
	    PROMISE(kept_partitions_of_a_batch_go_on),
	    PROMISE(transaction_has_no_output_of_a_partition_that_went_before_it_was_opened),
	    PROMISE(member_that_another_writer_changed_is_decided_again),
	    PROMISE(look_up_behind_a_conflict_is_made_again),
	    PROMISE(batches_overlap),
	    PROMISE(a_transaction_is_not_kept_open_for_a_slow_redis),
	    PROMISE(what_redis_has_lost_of_alerts_under_way_is_not_written_over),
	    PROMISE(logins_that_come_one_by_one_do_not_wait_for_the_broker),
	    PROMISE(of_a_backlog_four_batches_are_in_hand),
	    PROMISE(batch_ends_before_the_33rd_candidate_of_a_member),
	    PROMISE(record_that_cannot_be_read_is_left_alone_and_waited_for),
	    PROMISE(stop_finishes_the_batch_in_hand),
	    PROMISE(stop_hands_back_within_its_time_what_cannot_be_finished),
	    cmocka_unit_test(notable_is_all_but_known_and_ignored),
	    cmocka_unit_test(killed_at_any_call_and_restarted_the_outputs_are_the_same),
	    cmocka_unit_test(failure_of_any_call_is_waited_out_and_the_outputs_are_the_same),
	    cmocka_unit_test(with_exactly_once_neither_makes_an_output_come_twice),
	    PROMISE(a_schema_that_is_deleted_meanwhile_changes_nothing_for_what_was_decided),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
