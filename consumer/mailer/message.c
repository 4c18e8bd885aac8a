#include "mailer/message.h"

#include <stdbool.h>
#include <stdio.h>

#include "common/calendar.h"
#include "common/text.h"
#include "common/words.h"
#include "mailer/body.h"
#include "mailer/headers.h"

/* RFC 2045 section 6.7 suggests "=_": neither quoted-printable nor base64 can hold it, and la_body_choose sees to 7bit. */
#define BOUNDARY "=_login-alert_"

/* Header text: one line of UTF-8 without controls, not empty. */
static enum la_err
check_header_text(const char *what, struct la_span text, struct la_error *error)
{
	if (!la_utf8_valid(text))
		return (la_error_set(error, LA_EDATA, "%s: not UTF-8", what));
	for (size_t i = 0; i < text.size; i++) {
		if (text.data[i] < 0x20 || text.data[i] == 0x7f)
			return (la_error_set(error, LA_EDATA, "%s: a control byte at byte %zu", what, i));
	}
	return (LA_OK);
}

/* Controls but for the two that a text may have. */
static inline uint64_t
refused_bytes(uint64_t word)
{
	return (la_word_control(word) & ~(la_word_equal(word, '\n') | la_word_equal(word, '\t')));
}

static enum la_err
check_body(const char *what, struct la_span text, struct la_error *error)
{
	size_t at = la_word_before(text, refused_bytes);
	int line = 1;

	if (!la_utf8_valid(text))
		return (la_error_set(error, LA_EDATA, "%s: not UTF-8", what));
	if (at == text.size)
		return (LA_OK);
	for (size_t i = 0; i < at; i++)
		line += text.data[i] == '\n';
	return (la_error_set(error, LA_EDATA, "%s:%d: a control byte", what, line));
}

static bool
is_job_id(const char *text)
{
	return (strlen(text) == 32 && strspn(text, "0123456789abcdef") == 32);
}

static enum la_err
check_parts(const struct la_message_parts *parts, struct la_error *error)
{
	int64_t local = la_calendar_seconds(parts->date_ms) + parts->date_utc_offset_s;
	enum la_err err;

	if (!is_job_id(parts->job_id))
		return (la_error_set(error, LA_EDATA, "job_id is not 32 hex digits"));
	if (local < la_calendar_days(1000, 1, 2) * 86400 || local >= la_calendar_days(9999, 12, 31) * 86400)
		return (la_error_set(error, LA_EDATA, "occurred_at lies outside the years 1000-9999"));
	if (parts->subject.size == 0)
		return (la_error_set(error, LA_EDATA, "the subject is empty"));
	if ((err = check_header_text("subject", parts->subject, error)) != LA_OK ||
	    (err = check_header_text("from.name", la_span_text(parts->from_name), error)) != LA_OK ||
	    (err = check_body("text part", parts->text, error)) != LA_OK)
		return (err);
	return (check_body("HTML part", parts->html, error));
}

void
la_message_id(const char *job_id, const struct la_address *from, char out[LA_MESSAGE_ID_BYTES])
{
	(void)snprintf(out, LA_MESSAGE_ID_BYTES, "<%s@%s>", job_id, from->text + from->at + 1);
}

/* The same names in the same order for every job. */
static enum la_err
add_headers(const struct la_message_parts *parts, struct la_buf *out)
{
	char message_id[LA_MESSAGE_ID_BYTES];
	enum la_err err;

	la_message_id(parts->job_id, parts->from, message_id);
	if ((err = la_headers_add_mailbox(out, "From", parts->from_name, parts->from)) != LA_OK ||
	    (err = la_headers_add_mailbox(out, "To", "", parts->to)) != LA_OK ||
	    (err = la_headers_add_text(out, "Subject", parts->subject)) != LA_OK ||
	    (err = la_headers_add_date(out, "Date", parts->date_ms, parts->date_utc_offset_s)) != LA_OK ||
	    (err = la_headers_add_token(out, "Message-ID", message_id)) != LA_OK)
		return (err);
	return (la_buf_printf(out,
	    "MIME-Version: 1.0\r\n"
	    "Auto-Submitted: auto-generated\r\n"
	    "X-Auto-Response-Suppress: All\r\n"
	    "Content-Language: %s\r\n"
	    "Content-Type: multipart/alternative;\r\n boundary=\"" BOUNDARY "%s\"\r\n",
	    parts->content_language, parts->job_id));
}

static enum la_err
add_part(const struct la_message_parts *parts, const char *type, struct la_span text, struct la_buf *out)
{
	enum la_body_encoding encoding = la_body_choose(text);
	enum la_err err = la_buf_printf(out,
	    "\r\n--" BOUNDARY "%s\r\n"
	    "Content-Type: %s; charset=utf-8\r\n"
	    "Content-Transfer-Encoding: %s\r\n"
	    "\r\n",
	    parts->job_id, type, la_body_encoding_name(encoding));

	return (err == LA_OK ? la_body_add(out, text, encoding) : err);
}

enum la_err
la_message_build(const struct la_message_parts *parts, struct la_buf *out, struct la_error *error)
{
	size_t start = out->size;
	enum la_err err;

	if ((err = check_parts(parts, error)) != LA_OK)
		return (err);
	if (add_headers(parts, out) != LA_OK || add_part(parts, "text/plain", parts->text, out) != LA_OK ||
	    add_part(parts, "text/html", parts->html, out) != LA_OK ||
	    la_buf_printf(out, "\r\n--" BOUNDARY "%s--\r\n", parts->job_id) != LA_OK)
		return (la_error_set(error, LA_ENOMEM, "out of memory"));
	if (out->size - start > LA_MESSAGE_BYTES_MAX)
		return (la_error_set(error, LA_EDATA, "the mail has more than %d bytes", LA_MESSAGE_BYTES_MAX));
	return (la_message_verify(la_span_of(out->data + start, out->size - start), error));
}
