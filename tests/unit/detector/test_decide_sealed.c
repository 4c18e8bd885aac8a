/* Where a job's recipient is: sealed by the producer, sealed here, or in clear. */
#include "story.h"

#include <sodium.h>

#include "common/seal.h"

#define S(text) la_span_text(text)

struct fixture {
	unsigned char secret[LA_SEAL_KEY_BYTES], public[LA_SEAL_KEY_BYTES];
	struct la_decider *sealing, *plain;
	struct la_opener *opener;
};

static struct la_decider *
a_decider(struct la_sealer *sealer)
{
	struct la_decider *decider = NULL;
	struct la_policy policy;
	struct la_keys keys;
	const struct la_decider_options options = {.keys = &keys,
	    .policy = &policy,
	    .mask_keep_last = 3,
	    .cluster_id = "",
	    .topic_generation = "",
	    .sealer = sealer};

	story_default_policy(&policy);
	story_keys(&keys, 1, 1);
	assert_int_equal(la_decider_new(&decider, &options, NULL), LA_OK);
	return (decider);
}

static int
setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct la_sealer *sealer = NULL;

	assert_int_not_equal(sodium_init(), -1);
	la_seal_key_generate(f->secret, f->public);
	assert_int_equal(la_sealer_new(&sealer, f->public, NULL), LA_OK);
	assert_int_equal(la_opener_new(&f->opener, f->secret, NULL), LA_OK);
	f->sealing = a_decider(sealer);
	f->plain = a_decider(NULL);
	*state = f;
	return (0);
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	la_decider_free(f->sealing);
	la_decider_free(f->plain);
	la_opener_free(f->opener);
	free(f);
	return (0);
}

static struct la_login_event
an_event(void)
{
	return ((struct la_login_event){.event_id = S("e-1"),
	    .occurred_at_ms = INT64_C(1751328000000),
	    .tenant = S("default"),
	    .member_id = S("123456321"),
	    .device_token = S("cookie"),
	    .email = S("taro@example.jp")});
}

static struct la_alert_job
job_of(struct la_decider *decider, const struct la_login_event *event)
{
	const struct la_source source = {.topic = S("login-events")};
	const struct la_verdict verdict = {.outcome = LA_OUTCOME_ALERTED, .reason = LA_REASON_NEW_DEVICE};
	struct la_alert_job job;
	struct la_facts facts;

	assert_int_equal(la_decider_facts(decider, event, &source, &facts, NULL), LA_OK);
	la_decider_job(decider, event, &source, &facts, &verdict, &job);
	return (job);
}

static void
assert_opens(struct la_opener *opener, const struct la_alert_job *job, const char *email, const char *member_id)
{
	struct la_span sealed = la_span_of(job->recipient_sealed, job->recipient_sealed_size);
	struct la_recipient got;

	assert_true(job->has_recipient_sealed);
	assert_int_equal(la_opener_open(opener, sealed, &got, NULL), LA_OK);
	assert_true(la_span_equal(la_text_span(&got.email), S(email)));
	assert_true(la_span_equal(la_text_span(&got.member_id), S(member_id)));
}

static void
with_a_key_the_recipient_is_sealed_and_nowhere_in_clear(void **state)
{
	struct fixture *f = *state;
	struct la_login_event event = an_event();
	struct la_alert_job job = job_of(f->sealing, &event);

	assert_false(job.has_recipient);
	assert_opens(f->opener, &job, "taro@example.jp", "123456321");
	assert_null(memmem(&job, sizeof(job), "taro", 4));
	assert_null(memmem(&job, sizeof(job), "123456321", 9));
}

static void
without_an_address_the_member_id_is_sealed_alone(void **state)
{
	struct fixture *f = *state;
	struct la_login_event event = an_event();
	struct la_alert_job job;

	event.email = la_span_of(NULL, 0);
	job = job_of(f->sealing, &event);
	assert_opens(f->opener, &job, NULL, "123456321");
}

static void
without_a_key_the_recipient_is_in_clear(void **state)
{
	struct fixture *f = *state;
	struct la_login_event event = an_event();
	struct la_alert_job job = job_of(f->plain, &event);

	assert_true(job.has_recipient);
	assert_false(job.has_recipient_sealed);
	assert_string_equal(job.recipient_email.bytes, "taro@example.jp");
}

static void
what_the_producer_sealed_is_passed_on_byte_for_byte_with_or_without_a_key(void **state)
{
	struct fixture *f = *state;
	struct la_login_event event = an_event();

	event.email_sealed = S("sealed by the producer");
	for (int sealing = 0; sealing < 2; sealing++) {
		struct la_alert_job job = job_of(sealing ? f->sealing : f->plain, &event);

		assert_false(job.has_recipient);
		assert_true(job.has_recipient_sealed);
		assert_int_equal(job.recipient_sealed_size, event.email_sealed.size);
		assert_memory_equal(job.recipient_sealed, event.email_sealed.data, event.email_sealed.size);
		assert_null(memmem(&job, sizeof(job), "taro", 4));
	}
}

static void
the_longest_recipient_has_room(void **state)
{
	static char email[254], member_id[256];
	struct fixture *f = *state;
	struct la_login_event event = an_event();
	struct la_alert_job job;
	struct la_recipient got;

	memset(email, 'e', sizeof(email));
	memset(member_id, 'm', sizeof(member_id));
	event.email = la_span_of(email, sizeof(email));
	event.member_id = la_span_of(member_id, sizeof(member_id));
	job = job_of(f->sealing, &event);
	assert_int_equal(
	    la_opener_open(f->opener, la_span_of(job.recipient_sealed, job.recipient_sealed_size), &got, NULL), LA_OK);
	assert_true(la_span_equal(la_text_span(&got.email), event.email));
	assert_true(la_span_equal(la_text_span(&got.member_id), event.member_id));
}

static void
but_for_the_seal_the_same_event_gives_the_same_job(void **state)
{
	struct fixture *f = *state;
	struct la_login_event event = an_event();
	struct la_alert_job one = job_of(f->sealing, &event), two = job_of(f->sealing, &event);

	assert_memory_not_equal(one.recipient_sealed, two.recipient_sealed, one.recipient_sealed_size);
	memset(one.recipient_sealed, 0, sizeof(one.recipient_sealed));
	memset(two.recipient_sealed, 0, sizeof(two.recipient_sealed));
	assert_memory_equal(&one, &two, sizeof(one));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(with_a_key_the_recipient_is_sealed_and_nowhere_in_clear),
	    cmocka_unit_test(without_an_address_the_member_id_is_sealed_alone),
	    cmocka_unit_test(without_a_key_the_recipient_is_in_clear),
	    cmocka_unit_test(what_the_producer_sealed_is_passed_on_byte_for_byte_with_or_without_a_key),
	    cmocka_unit_test(the_longest_recipient_has_room),
	    cmocka_unit_test(but_for_the_seal_the_same_event_gives_the_same_job),
	};

	return (cmocka_run_group_tests(tests, setup, teardown));
}
