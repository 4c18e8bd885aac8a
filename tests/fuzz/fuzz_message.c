/*
 * Messages. Byte 0 odd: parts as a brand could give them (subject, sender's name, address, text, HTML), each either
 * refused or a message that holds. Else the texts of a job under the brand that is shipped: always a message, with
 * the same headers whatever the texts are.
 */
#include "common/job.h"
#include "common/seal.h"
#include "fuzz.h"
#include "mailer/brand.h"
#include "mailer/render.h"

static const char job_id[LA_ID_HEX] = "00112233445566778899aabbccddeeff";

static void
check_parts(struct la_span rest)
{
	struct la_message_parts parts = {.job_id = job_id, .content_language = "ja, en"};
	struct la_address from, to;
	struct la_buf message = LA_BUF_INIT;
	struct la_error error = LA_ERROR_INIT;
	char *from_name;
	enum la_err err;

	parts.date_utc_offset_s = (int)fuzz_byte(&rest) * 60;
	parts.date_ms = INT64_C(100000000000) * (int)fuzz_byte(&rest);
	parts.subject = fuzz_field(&rest);
	from_name = fuzz_text(fuzz_field(&rest));
	fuzz_must(la_address_parse(la_span_text("a@example.jp"), &from, &error), &error);
	if (la_address_parse(fuzz_field(&rest), &to, &error) != LA_OK)
		to = from;
	parts.from = &from;
	parts.to = &to;
	parts.from_name = from_name;
	parts.text = fuzz_field(&rest);
	parts.html = rest;
	err = la_message_build(&parts, &message, &error);
	if (err == LA_OK)
		fuzz_must(la_message_verify(la_buf_span(&message), &error), &error);
	else if (err != LA_EDATA)
		fuzz_must(err, &error);
	la_buf_clear(&message);
	free(from_name);
}

/* "From,To,…": the names of the header fields. */
static void
header_names(const struct la_buf *eml, char *out, size_t cap)
{
	const char *at = (const char *)eml->data, *end = at + eml->size;
	size_t used = 0;

	while (at < end && *at != '\r') {
		const char *newline = memchr(at, '\n', (size_t)(end - at));

		REQUIRE(newline != NULL);
		if (*at != ' ' && *at != '\t')
			used += (size_t)snprintf(out + used, cap - used, "%.*s,", (int)strcspn(at, ":"), at);
		REQUIRE(used < cap);
		at = newline + 1;
	}
}

static void
check_mail(const struct la_mail *mail, struct la_error *error)
{
	static const char want[] = "From,To,Subject,Date,Message-ID,MIME-Version,Auto-Submitted,"
	    "X-Auto-Response-Suppress,Content-Language,Content-Type,";
	char names[512] = "";

	fuzz_must(la_message_verify(la_buf_span(&mail->eml), error), error);
	header_names(&mail->eml, names, sizeof(names));
	REQUIRE(strcmp(names, want) == 0);
	REQUIRE(memmem(mail->html.data, mail->html.size, "http:", 5) == NULL);
	REQUIRE(memmem(mail->html.data, mail->html.size, "://", 3) == NULL);
}

static struct la_alert_job
job_of(struct la_span rest)
{
	struct la_alert_job job = {.occurred_at_ms = INT64_C(1751295600000), .has_recipient = true};

	memcpy(job.job_id, job_id, sizeof(job.job_id));
	job.reason = (enum la_reason)(fuzz_byte(&rest) % 5);
	job.device_class = (enum la_device_class)(fuzz_byte(&rest) % 5);
	job.suppressed_before = (int32_t)fuzz_byte(&rest) - 3;
	la_text_set(&job.tenant, la_span_text("default"));
	la_text_set(&job.recipient_email, la_span_text("hanako@example.jp"));
	la_text_set(&job.member_masked, fuzz_field(&rest));
	la_text_set(&job.device_label, fuzz_field(&rest));
	la_text_set(&job.browser_label, fuzz_field(&rest));
	la_text_set(&job.app_label, fuzz_field(&rest));
	la_text_set(&job.location_label, fuzz_field(&rest));
	la_text_set(&job.locale, fuzz_field(&rest));
	la_text_set(&job.time_zone, rest); /* may hold NUL */
	return (job);
}

static void
check_job(struct la_span rest)
{
	static struct la_renderer *renderer;
	static struct la_brand *brand;
	static struct la_mail mail;
	const struct la_brand_options options = {.folder = LA_TEST_SOURCE_DIR "/templates", .name = "jmb"};
	struct la_alert_job job = job_of(rest);
	struct la_error error = LA_ERROR_INIT;

	if (renderer == NULL) {
		fuzz_must(la_brand_load(&brand, &options, &error), &error);
		fuzz_must(la_renderer_new(&renderer, &la_zone_system), NULL);
		la_mail_init(&mail);
	}
	fuzz_must(la_renderer_mail(renderer, brand, &job, &mail, &error), &error);
	check_mail(&mail, &error);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct la_span input = fuzz_copy(la_span_of(data, size)), rest = input;

	if (fuzz_byte(&rest) & 1)
		check_parts(rest);
	else
		check_job(rest);
	fuzz_free(input);
	return (0);
}
