/* What the mailer's unit tests share: real templates and zones from files, a sample job. */
#ifndef LA_TESTS_MAILER_SUPPORT_H
#define LA_TESTS_MAILER_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/buf.h"
#include "common/job.h"
#include "mailer/brand.h"
#include "mailer/zone.h"

/* Appends the file to out; false when it cannot be opened. */
static inline bool
support_read(const char *path, struct la_buf *out)
{
	FILE *file = fopen(path, "rb");
	char bytes[4096];
	size_t size;

	if (file == NULL)
		return (false);
	while ((size = fread(bytes, 1, sizeof(bytes), file)) > 0)
		assert_int_equal(la_buf_add(out, bytes, size), LA_OK);
	(void)fclose(file);
	return (true);
}

static inline enum la_err
support_zone(void *cookie, struct la_zone **zone, struct la_span name, struct la_error *error)
{
	struct la_buf file = LA_BUF_INIT;
	char path[256];
	enum la_err err;

	(*(size_t *)cookie)++; /* how often it was asked */
	(void)snprintf(path, sizeof(path), "/usr/share/zoneinfo/%.*s", (int)name.size, (const char *)name.data);
	if (!support_read(path, &file))
		return (LA_EDATA);
	err = la_zone_parse(zone, la_buf_span(&file), error);
	la_buf_clear(&file);
	return (err);
}

/* cookie: the brand's name. */
static inline enum la_err
support_template(void *cookie, const char *file, struct la_buf *out, bool *found, struct la_error *error)
{
	char path[512];

	(void)error;
	(void)snprintf(path, sizeof(path), LA_TEST_SOURCE_DIR "/templates/%s/%s", (const char *)cookie, file);
	*found = support_read(path, out);
	return (LA_OK);
}

static inline struct la_brand *
support_jmb(const struct la_zone_source *zones)
{
	static char name[] = "jmb";
	struct la_brand_options options = {.name = name};
	struct la_brand_files files = {support_template, name};
	struct la_error error = LA_ERROR_INIT;
	struct la_brand *brand = NULL;

	if (la_brand_compile(&brand, &options, &files, zones, &error) != LA_OK)
		fail_msg("%s", error.text);
	return (brand);
}

static inline void
support_text(struct la_text *out, const char *text)
{
	la_text_set(out, la_span_text(text));
}

/* The sample's login: 2025-07-01T00:00:00+09:00, tests/golden/first-login.json. */
static inline struct la_alert_job
support_job(void)
{
	struct la_alert_job job = {.job_id = "5f1d0c2b8a7e46939b3e0d1c2f4a6b58", .mode = LA_MODE_LIVE,
	    .reason = LA_REASON_FIRST_LOGIN, .occurred_at_ms = 1751295600000, .not_after_ms = 1751382000000,
	    .member_ref = "00112233445566778899aabbccddeeff", .device_class = LA_CLASS_MOBILE, .has_recipient = true};

	support_text(&job.event_id, "e-1");
	support_text(&job.tenant, "default");
	support_text(&job.member_masked, "******321");
	support_text(&job.device_label, "iPhone");
	support_text(&job.browser_label, "chrome");
	support_text(&job.recipient_email, "hanako@example.jp");
	support_text(&job.recipient_member_id, "m-1");
	return (job);
}

static inline bool
support_holds(const struct la_buf *buf, const char *text)
{
	return (buf->size > 0 && memmem(buf->data, buf->size, text, strlen(text)) != NULL);
}

#endif
