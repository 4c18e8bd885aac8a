#include "mailer/render.h"

#include <stdio.h>
#include <stdlib.h>

#include "mailer/clean.h"
#include "mailer/names.h"

#define ZONES_CACHED 64 /* a job's time zone is the client's word: bounded, whatever it says */

struct la_renderer {
	const struct la_zone_source *source;
	struct la_opener *opener; /* NULL: there is no key */
	struct {
		char name[65]; /* "": free */
		struct la_zone *zone; /* NULL: there is no such zone */
	} zones[ZONES_CACHED];
};

/* The texts that a template's values borrow. */
struct texts {
	struct la_text member, device_label, browser, app, location;
	char device[LA_TEXT_BYTES + 16];
	char date_time[64];
	char suppressed[16];
};

void
la_mail_init(struct la_mail *mail)
{
	*mail = (struct la_mail){.subject = LA_BUF_INIT};
}

void
la_mail_clear(struct la_mail *mail)
{
	la_buf_clear(&mail->subject);
	la_buf_clear(&mail->text);
	la_buf_clear(&mail->html);
	la_buf_clear(&mail->eml);
}

enum la_err
la_renderer_new(struct la_renderer **renderer, const struct la_zone_source *zones)
{
	struct la_renderer *r = calloc(1, sizeof(*r));

	if (r == NULL)
		return (LA_ENOMEM);
	r->source = zones;
	*renderer = r;
	return (LA_OK);
}

void
la_renderer_free(struct la_renderer *renderer)
{
	if (renderer == NULL)
		return;
	for (size_t i = 0; i < ZONES_CACHED; i++)
		la_zone_free(renderer->zones[i].zone);
	la_opener_free(renderer->opener);
	free(renderer);
}

void
la_renderer_set_opener(struct la_renderer *renderer, struct la_opener *opener)
{
	la_opener_free(renderer->opener);
	renderer->opener = opener;
}

/* FNV-1a: only spreads names over the slots. */
static size_t
slot_of(struct la_span name)
{
	uint32_t hash = 2166136261u;

	for (size_t i = 0; i < name.size; i++)
		hash = (hash ^ name.data[i]) * 16777619u;
	return (hash % ZONES_CACHED);
}

/* The job's zone, or the brand's when the job names none that exists. */
static enum la_err
zone_for(struct la_renderer *r, const struct la_brand *brand, struct la_span name, const struct la_zone **out)
{
	size_t slot = slot_of(name);
	struct la_zone *zone = NULL;
	enum la_err err;

	*out = brand->zone;
	if (!la_zone_name_ok(name))
		return (LA_OK);
	if (!la_span_is(name, r->zones[slot].name)) {
		err = r->source->load(r->source->cookie, &zone, name, NULL);
		if (err != LA_OK && err != LA_EDATA)
			return (err);
		la_zone_free(r->zones[slot].zone);
		r->zones[slot].zone = zone;
		(void)snprintf(r->zones[slot].name, sizeof(r->zones[slot].name), "%.*s", (int)name.size,
		    (const char *)name.data);
	}
	if (r->zones[slot].zone != NULL)
		*out = r->zones[slot].zone;
	return (LA_OK);
}

/* A label that is missing, or of which the cleaner leaves nothing, is unknown. */
static void
clean_label(const struct la_text *label, struct la_text *out)
{
	la_clean_text(la_text_span(label), out);
	if (out->size == 0)
		la_text_set(out, la_span_text("unknown"));
}

/* "iPhone(mobile)"; "iPhone" when the class is unknown. */
static void
print_device(const struct la_alert_job *job, struct texts *t)
{
	const char *class_name = la_device_class_name(job->device_class);
	size_t used;

	clean_label(&job->device_label, &t->device_label);
	(void)snprintf(t->device, sizeof(t->device), "%s", t->device_label.bytes);
	if (job->device_class == LA_CLASS_UNKNOWN)
		return;
	used = strlen(t->device);
	t->device[used++] = '(';
	for (; *class_name != '\0'; class_name++)
		t->device[used++] = (char)(*class_name >= 'A' && *class_name <= 'Z' ? *class_name - 'A' + 'a' : *class_name);
	t->device[used++] = ')';
	t->device[used] = '\0';
}

static void
print_texts(const struct la_brand *brand, const struct la_alert_job *job, const struct la_local_time *time, struct texts *t)
{
	la_clean_text(la_text_span(&job->member_masked), &t->member);
	la_mask_text(&t->member, brand->mask_keep_last);
	clean_label(&job->browser_label, &t->browser);
	la_clean_text(la_text_span(&job->app_label), &t->app);
	la_clean_text(la_text_span(&job->location_label), &t->location);
	print_device(job, t);
	(void)snprintf(t->date_time, sizeof(t->date_time), "%04d/%02d/%02d %02d:%02d:%02d(%s)", time->year, time->month,
	    time->day, time->hour, time->minute, time->second, time->abbreviation);
	(void)snprintf(t->suppressed, sizeof(t->suppressed), "%d", job->suppressed_before);
}

static void
set_values(const struct la_alert_job *job, const struct texts *t, struct la_template_value values[LA_NAMES_COUNT])
{
	memset(values, 0, LA_NAMES_COUNT * sizeof(values[0]));
	values[LA_NAME_member].text = la_text_span(&t->member);
	values[LA_NAME_date_time].text = la_span_text(t->date_time);
	values[LA_NAME_device].text = la_span_text(t->device);
	values[LA_NAME_browser].text = la_text_span(&t->browser);
	if (job->reason == LA_REASON_THIRD_PARTY_LINK)
		values[LA_NAME_app].text = la_text_span(&t->app);
	values[LA_NAME_location].text = la_text_span(&t->location);
	if (job->suppressed_before > 0)
		values[LA_NAME_suppressed].text = la_span_text(t->suppressed);
	values[LA_NAME_first_login + job->reason].flag = true; /* names.h: the order of LA_REASON_LIST */
}

static enum la_err
build_message(const struct la_brand *brand, const struct la_alert_job *job, int utc_offset_s, struct la_mail *mail,
    struct la_error *error)
{
	const struct la_brand_order *order = la_brand_order_of(brand, la_text_span(&job->locale));
	struct la_message_parts parts = {.job_id = job->job_id, .from = &brand->from, .from_name = brand->from_name,
	    .to = &mail->to, .subject = la_buf_span(&mail->subject), .date_ms = job->occurred_at_ms,
	    .date_utc_offset_s = utc_offset_s, .content_language = order->languages,
	    .text = la_buf_span(&mail->text), .html = la_buf_span(&mail->html)};

	mail->envelope_from = brand->envelope_from;
	la_message_id(job->job_id, &brand->from, mail->message_id);
	return (la_message_build(&parts, &mail->eml, error));
}

enum la_err
la_renderer_recipient(struct la_renderer *renderer, const struct la_alert_job *job, struct la_recipient *recipient,
    struct la_error *error)
{
	*recipient = (struct la_recipient){.email = {.present = false}};
	if (job->has_recipient) {
		recipient->email = job->recipient_email;
		recipient->member_id = job->recipient_member_id;
		return (LA_OK);
	}
	if (!job->has_recipient_sealed)
		return (LA_OK);
	if (renderer->opener == NULL)
		return (la_error_set(
		    error, LA_EDATA, "the job's recipient is sealed; seal.key.file must be the secret key for it"));
	return (la_opener_open(renderer->opener, la_span_of(job->recipient_sealed, job->recipient_sealed_size), recipient,
	    error));
}

static enum la_err
read_recipient(struct la_renderer *r, const struct la_alert_job *job, struct la_address *to, struct la_error *error)
{
	struct la_recipient recipient;
	enum la_err err = la_renderer_recipient(r, job, &recipient, error);

	if (err != LA_OK)
		return (err);
	if (!recipient.email.present)
		return (la_error_set(error, LA_EDATA, "the job has no address"));
	return (la_address_parse(la_text_span(&recipient.email), to, error));
}

static void
reset(struct la_mail *mail)
{
	la_buf_reset(&mail->subject);
	la_buf_reset(&mail->text);
	la_buf_reset(&mail->html);
	la_buf_reset(&mail->eml);
}

enum la_err
la_renderer_mail(struct la_renderer *renderer, const struct la_brand *brand, const struct la_alert_job *job,
    struct la_mail *mail, struct la_error *error)
{
	const struct la_brand_order *order = la_brand_order_of(brand, la_text_span(&job->locale));
	struct la_template_value values[LA_NAMES_COUNT];
	const struct la_zone *zone;
	struct la_local_time time;
	struct texts texts;
	enum la_err err;

	reset(mail);
	if ((err = read_recipient(renderer, job, &mail->to, error)) != LA_OK)
		return (err);
	if ((err = zone_for(renderer, brand, la_text_span(&job->time_zone), &zone)) != LA_OK)
		return (la_error_set(error, err, "%s", la_err_text(err)));
	la_zone_local(zone, job->occurred_at_ms, &time);
	print_texts(brand, job, &time, &texts);
	set_values(job, &texts, values);
	if (la_template_render(order->subject, values, &mail->subject) != LA_OK ||
	    la_template_render(order->text, values, &mail->text) != LA_OK ||
	    la_template_render(order->html, values, &mail->html) != LA_OK)
		return (la_error_set(error, LA_ENOMEM, "out of memory"));
	return (build_message(brand, job, time.utc_offset_s, mail, error));
}
