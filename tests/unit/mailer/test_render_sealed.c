/* Jobs whose recipient only the mailer's key opens. */
#include "unit/mailer/support.h"

#include <sodium.h>

#include "mailer/render.h"

struct fixture {
	size_t zones_asked;
	struct la_zone_source zones;
	struct la_brand *brand;
	struct la_renderer *renderer;
	struct la_sealer *sealer;
	struct la_mail mail;
	struct la_error error;
};

/* A renderer with a key of its own; with no sealer there is no key. */
static struct la_renderer *
a_renderer(struct fixture *f, struct la_sealer **sealer)
{
	unsigned char secret[LA_SEAL_KEY_BYTES], public[LA_SEAL_KEY_BYTES];
	struct la_renderer *renderer = NULL;
	struct la_opener *opener = NULL;

	assert_int_equal(la_renderer_new(&renderer, &f->zones), LA_OK);
	if (sealer == NULL)
		return (renderer);
	la_seal_key_generate(secret, public);
	assert_int_equal(la_sealer_new(sealer, public, NULL), LA_OK);
	assert_int_equal(la_opener_new(&opener, secret, NULL), LA_OK);
	la_renderer_set_opener(renderer, opener);
	return (renderer);
}

static int
setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_int_not_equal(sodium_init(), -1);
	f->zones = (struct la_zone_source){support_zone, &f->zones_asked};
	f->brand = support_jmb(&f->zones);
	f->renderer = a_renderer(f, &f->sealer);
	la_mail_init(&f->mail);
	*state = f;
	return (0);
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	la_mail_clear(&f->mail);
	la_sealer_free(f->sealer);
	la_renderer_free(f->renderer);
	la_brand_free(f->brand);
	free(f);
	return (0);
}

static struct la_alert_job
sealed_job(struct fixture *f, const char *email)
{
	struct la_alert_job job = support_job();
	struct la_recipient recipient = {.member_id = job.recipient_member_id};

	support_text(&recipient.email, email);
	support_text(&job.recipient_email, NULL);
	support_text(&job.recipient_member_id, NULL);
	job.has_recipient = false;
	job.has_recipient_sealed = true;
	job.recipient_sealed_size = (uint16_t)la_sealer_seal(f->sealer, &recipient, job.recipient_sealed);
	return (job);
}

static void
assert_refused(struct fixture *f, struct la_renderer *renderer, const struct la_alert_job *job, const char *why)
{
	assert_int_equal(la_renderer_mail(renderer, f->brand, job, &f->mail, &f->error), LA_EDATA);
	assert_string_equal(f->error.text, why);
}

static void
a_sealed_job_gives_the_mail_of_the_same_job_in_clear(void **state)
{
	struct fixture *f = *state;
	struct la_alert_job clear = support_job(), sealed = sealed_job(f, "hanako@example.jp");
	struct la_mail mail;

	la_mail_init(&mail);
	assert_int_equal(la_renderer_mail(f->renderer, f->brand, &clear, &mail, NULL), LA_OK);
	assert_int_equal(la_renderer_mail(f->renderer, f->brand, &sealed, &f->mail, NULL), LA_OK);
	assert_true(la_span_equal(la_buf_span(&mail.eml), la_buf_span(&f->mail.eml)));
	assert_string_equal(f->mail.to.text, "hanako@example.jp");
	la_mail_clear(&mail);
}

static void
without_a_key_the_refusal_names_the_key_to_set(void **state)
{
	struct fixture *f = *state;
	struct la_alert_job sealed = sealed_job(f, "hanako@example.jp");
	struct la_renderer *renderer = a_renderer(f, NULL);

	assert_refused(
	    f, renderer, &sealed, "the job's recipient is sealed; seal.key.file must be the secret key for it");
	la_renderer_free(renderer);
}

static void
another_key_or_changed_bytes_are_refused(void **state)
{
	const char *why = "the job's sealed recipient cannot be opened: it was sealed for another key than that of "
			  "seal.key.file, or changed since";
	struct fixture *f = *state;
	struct la_alert_job sealed = sealed_job(f, "hanako@example.jp");
	struct la_sealer *others = NULL;
	struct la_renderer *renderer = a_renderer(f, &others);

	assert_refused(f, renderer, &sealed, why);
	sealed.recipient_sealed[sealed.recipient_sealed_size - 1] ^= 1;
	assert_refused(f, f->renderer, &sealed, why);
	la_sealer_free(others);
	la_renderer_free(renderer);
}

static void
what_was_sealed_is_checked_like_what_was_not(void **state)
{
	struct fixture *f = *state;
	struct la_alert_job none = sealed_job(f, NULL), two = sealed_job(f, "a@example.jp,b@example.jp"),
			    header = sealed_job(f, "a@example.jp\r\nBcc: b@example.jp");

	assert_refused(f, f->renderer, &none, "the job has no address");
	assert_int_equal(la_renderer_mail(f->renderer, f->brand, &two, &f->mail, &f->error), LA_EDATA);
	assert_int_equal(la_renderer_mail(f->renderer, f->brand, &header, &f->mail, &f->error), LA_EDATA);
	assert_null(strstr(f->error.text, "example"));
}

static void
with_a_key_jobs_in_clear_are_mailed_too(void **state)
{
	struct fixture *f = *state;
	struct la_alert_job clear = support_job();

	assert_int_equal(la_renderer_mail(f->renderer, f->brand, &clear, &f->mail, NULL), LA_OK);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(a_sealed_job_gives_the_mail_of_the_same_job_in_clear, setup, teardown),
	    cmocka_unit_test_setup_teardown(without_a_key_the_refusal_names_the_key_to_set, setup, teardown),
	    cmocka_unit_test_setup_teardown(another_key_or_changed_bytes_are_refused, setup, teardown),
	    cmocka_unit_test_setup_teardown(what_was_sealed_is_checked_like_what_was_not, setup, teardown),
	    cmocka_unit_test_setup_teardown(with_a_key_jobs_in_clear_are_mailed_too, setup, teardown),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
