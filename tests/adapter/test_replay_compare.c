/* The join of what was replayed with what was recorded: what counts as a difference, and what section 5 admits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/encoder.h"
#include "detector/replay_compare.h"

#define SCHEMAS LA_TEST_SOURCE_DIR "/schemas"
#define AT INT64_C(1751295600000)
#define DAY INT64_C(86400000)

/* One partition, of which offsets 10 to 99 are read. */
struct world {
	struct la_decider *decider;
	struct la_encoder *encoder;
	struct la_decoder *decoders[3];
	struct la_compare *compare;
	struct la_range_bounds bounds;
};

static void
set_up(struct world *w, enum la_publish publish)
{
	static const enum la_record_type types[] = {LA_RECORD_DECISION, LA_RECORD_ALERT_JOB, LA_RECORD_DELIVERY};
	static const struct la_policy policy = {.device_ttl_ms = 365 * DAY, .cap_count = 10, .cap_window_ms = DAY};
	const struct la_keys keys = {.count = 2, .active = 0, .key = {{.epoch = 2, .secret = {2}}, {.epoch = 1}}};
	const struct la_decider_options deciding = {
	    .keys = &keys, .policy = &policy, .mode = LA_MODE_REPLAY, .mask_keep_last = 3, .cluster_id = "c"};
	struct la_compare_options options = {.bounds = &w->bounds,
	    .partitions = 1,
	    .topic = "events",
	    .from_ms = AT,
	    .to_ms = AT + DAY,
	    .publish = publish};

	w->bounds = (struct la_range_bounds){.low = 5, .start = 10, .mark = 10, .end = 100};
	assert_int_equal(la_decider_new(&w->decider, &deciding, NULL), LA_OK);
	assert_int_equal(la_encoder_new(&w->encoder, LA_FRAMING_NONE, SCHEMAS, NULL), LA_OK);
	for (size_t i = 0; i < 3; i++) {
		const struct la_decoder_options decoding = {.record = types[i], .schema_folder = SCHEMAS};

		assert_int_equal(la_decoder_new(&w->decoders[i], &decoding, NULL), LA_OK);
	}
	options.decider = w->decider;
	options.decisions = w->decoders[0];
	options.alerts = w->decoders[1];
	options.deliveries = w->decoders[2];
	assert_int_equal(la_compare_new(&w->compare, &options, NULL), LA_OK);
}

static void
tear_down(struct world *w)
{
	la_compare_free(w->compare);
	for (size_t i = 0; i < 3; i++)
		la_decoder_free(w->decoders[i]);
	la_encoder_free(w->encoder);
	la_decider_free(w->decider);
}

/* An event at a place, and what is decided of it. */
struct case_of {
	struct la_login_event event;
	struct la_source source;
	struct la_facts facts;
	struct la_verdict verdict;
	struct la_decision decision;
	struct la_alert_job job;
};

static const struct la_verdict alert = {
    .outcome = LA_OUTCOME_ALERTED, .has_reason = true, .reason = LA_REASON_NEW_DEVICE, .candidate = true};
static const struct la_verdict known = {.outcome = LA_OUTCOME_KNOWN};

static void
make(const struct world *w, struct case_of *c, const char *event_id, int64_t offset, struct la_verdict verdict)
{
	*c = (struct case_of){.event = {.event_id = la_span_text(event_id),
				  .occurred_at_ms = AT + offset,
				  .tenant = la_span_text("default"),
				  .member_id = la_span_text("m-1"),
				  .device_class = LA_CLASS_UNKNOWN},
	    .source = {.topic = la_span_text("events"), .offset = offset},
	    .verdict = verdict};
	if (strcmp(event_id, "twice") == 0)
		c->event.occurred_at_ms = AT;
	assert_int_equal(la_decider_facts(w->decider, &c->event, &c->source, &c->facts, NULL), LA_OK);
	la_decider_decision(w->decider, &c->event, &c->source, &c->facts, &c->verdict, &c->decision);
	la_decider_job(w->decider, &c->event, &c->source, &c->facts, &c->verdict, &c->job);
}

static void
put(struct world *w, enum la_difference_of what, struct la_buf *value)
{
	assert_int_equal(la_compare_put(w->compare, what, la_buf_span(value), NULL), LA_OK);
	la_buf_clear(value);
}

static void
record_decision(struct world *w, const struct la_decision *decision)
{
	struct la_buf value = LA_BUF_INIT;

	assert_int_equal(la_encoder_decision(w->encoder, decision, &value, NULL), LA_OK);
	put(w, LA_OF_DECISION, &value);
}

static void
record_alert(struct world *w, const struct la_alert_job *job)
{
	struct la_buf value = LA_BUF_INIT;

	assert_int_equal(la_encoder_job(w->encoder, job, &value, NULL), LA_OK);
	put(w, LA_OF_ALERT, &value);
}

static void
record_delivery(struct world *w, const struct case_of *c, enum la_delivered outcome)
{
	struct la_delivery delivery = {.outcome = outcome, .attempts = 1, .at_ms = AT};
	struct la_buf value = LA_BUF_INIT;

	memcpy(delivery.job_id, c->job.job_id, sizeof(delivery.job_id));
	memcpy(delivery.member_ref, c->job.member_ref, sizeof(delivery.member_ref));
	delivery.event_id = c->job.event_id;
	la_text_set(&delivery.template_rev, la_span_text("t"));
	assert_int_equal(la_encoder_delivery(w->encoder, &delivery, &value, NULL), LA_OK);
	put(w, LA_OF_DELIVERY, &value);
}

static void
record_all(struct world *w, const struct case_of *c)
{
	record_decision(w, &c->decision);
	if (c->verdict.outcome != LA_OUTCOME_ALERTED)
		return;
	record_alert(w, &c->job);
	record_delivery(w, c, LA_DELIVERED_SENT);
}

static void
see(struct world *w, const struct case_of *c)
{
	const struct la_replay_seen seen = {.source = c->source,
	    .in_range = true,
	    .event = &c->event,
	    .facts = &c->facts,
	    .verdict = &c->verdict,
	    .decision = &c->decision};

	assert_int_equal(la_compare_seen(w->compare, &seen, NULL), LA_OK);
}

/* "missing alert;different decision outcome reason job_id;" in the order found. */
static void
expect(struct world *w, const char *wanted)
{
	const struct la_compare_result *result;
	char found[1024] = "";
	uint64_t counted = 0;

	assert_int_equal(la_compare_finish(w->compare, NULL), LA_OK);
	result = la_compare_result(w->compare);
	for (size_t i = 0; i < result->count; i++) {
		const struct la_difference *d = &result->list[i];
		size_t size = strlen(found);

		snprintf(found + size, sizeof(found) - size, "%s %s%s%s;", la_difference_kind_name(d->kind),
		    la_difference_of_name(d->of), d->fields[0] == '\0' ? "" : " ", d->fields);
	}
	assert_string_equal(found, wanted);
	for (int of = 0; of < LA_DIFFERENCE_OF; of++) {
		for (int kind = 0; kind < LA_DIFFERENCE_KINDS; kind++)
			counted += result->counts[of][kind];
	}
	assert_int_equal(counted, result->count);
}

static void
what_was_recorded_under_another_key_epoch_and_twice_is_the_same(void **state)
{
	struct world w;
	struct case_of c;

	(void)state;
	set_up(&w, LA_PUBLISH_NOTABLE);
	make(&w, &c, "e-1", 10, alert);
	memset(c.decision.member_ref, '1', 32);
	memset(c.job.member_ref, '1', 32);
	c.decision.key_epoch = c.job.key_epoch = 1;
	c.job.mode = LA_MODE_LIVE;
	record_all(&w, &c);
	record_all(&w, &c);
	make(&w, &c, "e-1", 10, alert);
	see(&w, &c);
	make(&w, &c, "e-2", 11, known); /* notable: has no record */
	see(&w, &c);
	expect(&w, "different delivery;"); /* SENT twice is told, whatever the reason */
	assert_int_equal(la_compare_result(w.compare)->repeats, 2);
	assert_int_equal(la_compare_result(w.compare)->delivered[LA_DELIVERED_SENT], 1);
	tear_down(&w);
}

/* Nobody was mailed then, whatever else is the same. */
static void
an_alert_that_was_recorded_in_shadow_mode_is_different(void **state)
{
	struct world w;
	struct case_of c;

	(void)state;
	set_up(&w, LA_PUBLISH_NOTABLE);
	make(&w, &c, "e-1", 10, alert);
	c.job.mode = LA_MODE_SHADOW;
	record_all(&w, &c);
	see(&w, &c);
	expect(&w, "different alert mode;");
	tear_down(&w);
}

static void
what_is_not_recorded_is_missing_and_what_should_not_be_is_unexpected(void **state)
{
	struct world w;
	struct case_of c;

	(void)state;
	set_up(&w, LA_PUBLISH_ALL);
	make(&w, &c, "e-2", 11, alert);
	record_all(&w, &c); /* where the replay knows the device */
	make(&w, &c, "e-3", 12, alert);
	record_all(&w, &c); /* no such event any more */
	make(&w, &c, "e-1", 10, alert);
	see(&w, &c);
	make(&w, &c, "e-2", 11, known);
	see(&w, &c);
	make(&w, &c, "e-4", 13, known);
	see(&w, &c);
	expect(&w, "missing decision;missing alert;missing delivery;different decision outcome reason job_id;"
		   "unexpected alert;unexpected delivery;missing decision;unexpected decision;unexpected alert;");
	tear_down(&w);
}

static void
a_job_that_says_something_else_is_different(void **state)
{
	struct world w;
	struct case_of c;

	(void)state;
	set_up(&w, LA_PUBLISH_NONE);
	make(&w, &c, "e-1", 10, alert);
	c.job.suppressed_before = 3;
	la_text_set(&c.job.browser_label, la_span_text("safari"));
	record_alert(&w, &c.job);
	record_delivery(&w, &c, LA_DELIVERED_REFUSED);
	make(&w, &c, "e-1", 10, alert);
	see(&w, &c);
	expect(&w, "different alert browser_label suppressed_before;");
	assert_int_equal(la_compare_result(w.compare)->delivered[LA_DELIVERED_REFUSED], 1);
	tear_down(&w);
}

static void
a_late_known_counts_only_beside_the_right_decision(void **state)
{
	struct world w;
	struct case_of c;

	(void)state;
	set_up(&w, LA_PUBLISH_ALL);
	make(&w, &c, "e-1", 10, alert);
	record_all(&w, &c);
	make(&w, &c, "e-1", 10, known);
	record_decision(&w, &c.decision);
	make(&w, &c, "e-2", 11, known);
	record_decision(&w, &c.decision);
	make(&w, &c, "e-2", 11, alert);
	record_alert(&w, &c.job);
	record_delivery(&w, &c, LA_DELIVERED_SENT);
	make(&w, &c, "e-1", 10, alert);
	see(&w, &c);
	make(&w, &c, "e-2", 11, alert);
	see(&w, &c);
	expect(&w, "different decision outcome reason job_id;");
	assert_int_equal(la_compare_result(w.compare)->late_known, 1);
	tear_down(&w);
}

static void
an_event_that_was_sent_twice_may_be_recorded_at_either_place(void **state)
{
	struct world w;
	struct case_of c;

	(void)state;
	set_up(&w, LA_PUBLISH_NOTABLE);
	make(&w, &c, "twice", 10, alert); /* after a crash it was found in the memo, from its second place */
	record_all(&w, &c);
	make(&w, &c, "twice", 20, alert);
	record_decision(&w, &c.decision);
	record_alert(&w, &c.job);
	make(&w, &c, "twice", 10, known);
	see(&w, &c);
	make(&w, &c, "twice", 20, alert);
	see(&w, &c);
	expect(&w, "");
	assert_int_equal(la_compare_result(w.compare)->as_double, 3); /* decision, alert, delivery */
	tear_down(&w);
}

static void
what_lies_outside_of_what_is_read_is_counted_apart(void **state)
{
	static const int64_t offsets[] = {3, 7, 100}; /* gone; before the range's first event; later than is read */
	struct world w;
	struct case_of c;

	(void)state;
	set_up(&w, LA_PUBLISH_NOTABLE);
	for (size_t i = 0; i < 3; i++) {
		make(&w, &c, "e", offsets[i], alert);
		record_decision(&w, &c.decision);
		record_alert(&w, &c.job);
	}
	assert_int_equal(la_compare_put(w.compare, LA_OF_ALERT, la_span_text("no record"), NULL), LA_OK);
	assert_int_equal(la_compare_put(w.compare, LA_OF_ALERT, la_span_of(NULL, 0), NULL), LA_OK);
	expect(&w, "");
	assert_int_equal(la_compare_result(w.compare)->gone, 2);
	assert_int_equal(la_compare_result(w.compare)->later, 2);
	assert_int_equal(la_compare_result(w.compare)->unreadable, 2);
	tear_down(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_was_recorded_under_another_key_epoch_and_twice_is_the_same),
	    cmocka_unit_test(an_alert_that_was_recorded_in_shadow_mode_is_different),
	    cmocka_unit_test(what_is_not_recorded_is_missing_and_what_should_not_be_is_unexpected),
	    cmocka_unit_test(a_job_that_says_something_else_is_different),
	    cmocka_unit_test(a_late_known_counts_only_beside_the_right_decision),
	    cmocka_unit_test(an_event_that_was_sent_twice_may_be_recorded_at_either_place),
	    cmocka_unit_test(what_lies_outside_of_what_is_read_is_counted_apart),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
