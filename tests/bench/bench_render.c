/*
 * What a mail costs before a relay sees it: bench_render [mails]. Prints us of CPU per mail (best of ten rounds) for the
 * whole of rendering, and for its steps alone.
 */
#include <stdio.h>
#include <stdlib.h>

#include "bench/lib/bench.h"
#include "mailer/clean.h"
#include "mailer/names.h"
#include "mailer/render.h"

#define ROUNDS 10

struct subject {
	struct la_brand *brand;
	struct la_renderer *renderer;
	struct la_alert_job job;
	struct la_mail mail;
	struct la_buf scratch;
	struct la_error error;
};

static struct la_alert_job
sample_job(void)
{
	struct la_alert_job job = {.job_id = "5f1d0c2b8a7e46939b3e0d1c2f4a6b58", .mode = LA_MODE_LIVE,
	    .reason = LA_REASON_NEW_DEVICE, .occurred_at_ms = 1751295600000, .device_class = LA_CLASS_MOBILE,
	    .has_recipient = true};

	la_text_set(&job.event_id, la_span_text("01J1MV9M7Z6Q4T8W2X3Y5Z7A9B"));
	la_text_set(&job.tenant, la_span_text("default"));
	la_text_set(&job.member_masked, la_span_text("******321"));
	la_text_set(&job.device_label, la_span_text("iPhone"));
	la_text_set(&job.browser_label, la_span_text("chrome"));
	la_text_set(&job.recipient_email, la_span_text("hanako@example.jp"));
	return (job);
}

static enum la_err
render_mail(struct subject *s)
{
	return (la_renderer_mail(s->renderer, s->brand, &s->job, &s->mail, &s->error));
}

static enum la_err
build_message(struct subject *s)
{
	struct la_message_parts parts = {.job_id = s->job.job_id, .from = &s->brand->from, .from_name = s->brand->from_name,
	    .to = &s->mail.to, .subject = la_buf_span(&s->mail.subject), .date_ms = s->job.occurred_at_ms,
	    .content_language = s->brand->orders[0].languages, .text = la_buf_span(&s->mail.text),
	    .html = la_buf_span(&s->mail.html)};

	la_buf_reset(&s->scratch);
	return (la_message_build(&parts, &s->scratch, &s->error));
}

static enum la_err
verify_message(struct subject *s)
{
	return (la_message_verify(la_buf_span(&s->mail.eml), &s->error));
}

static enum la_err
clean_texts(struct subject *s)
{
	const struct la_text *texts[] = {&s->job.member_masked, &s->job.device_label, &s->job.browser_label};
	struct la_text out;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		la_clean_text(la_text_span(texts[i]), &out);
	return (LA_OK);
}

/* us per call, the best round; below 0 when a call fails. */
static double
best_round(struct subject *s, enum la_err (*once)(struct subject *s), int64_t calls)
{
	double best = -1;

	for (int round = 0; round < ROUNDS; round++) {
		int64_t start = la_bench_ns(CLOCK_THREAD_CPUTIME_ID);
		double us;

		for (int64_t i = 0; i < calls; i++) {
			if (once(s) != LA_OK)
				return (-1);
		}
		us = (double)(la_bench_ns(CLOCK_THREAD_CPUTIME_ID) - start) / 1000 / (double)calls;
		best = best < 0 || us < best ? us : best;
	}
	return (best);
}

static enum la_err
measure(struct subject *s, int64_t mails)
{
	static const struct {
		const char *name;
		enum la_err (*once)(struct subject *);
	} steps[] = {{"the whole mail", render_mail}, {"  cleaning", clean_texts}, {"  the message", build_message},
	    {"    its final pass", verify_message}};

	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		double us = best_round(s, steps[i].once, mails / ROUNDS);

		if (us < 0)
			return (s->error.code);
		(void)printf("%-18s %7.2f us\n", steps[i].name, us);
	}
	(void)printf("%-18s %7zu bytes (text %zu, HTML %zu)\n", "size", s->mail.eml.size, s->mail.text.size, s->mail.html.size);
	return (LA_OK);
}

int
main(int argc, char **argv)
{
	struct la_brand_options options = {.folder = LA_TEST_SOURCE_DIR "/templates", .name = "jmb"};
	struct subject s = {.job = sample_job(), .scratch = LA_BUF_INIT, .error = LA_ERROR_INIT};
	int64_t mails = argc > 1 ? strtoll(argv[1], NULL, 10) : 50000;
	enum la_err err;

	if (mails < ROUNDS)
		return (64);
	la_mail_init(&s.mail);
	if ((err = la_brand_load(&s.brand, &options, &s.error)) == LA_OK &&
	    (err = la_renderer_new(&s.renderer, &la_zone_system)) == LA_OK)
		err = measure(&s, mails);
	if (err != LA_OK)
		(void)fprintf(stderr, "bench_render: %s\n", s.error.text);
	la_buf_clear(&s.scratch);
	la_mail_clear(&s.mail);
	la_renderer_free(s.renderer);
	la_brand_free(s.brand);
	return (la_err_exit_code(err));
}
