#include "mailer/conversation.h"

#include <stdio.h>
#include <strings.h>

const char *
la_smtp_stage_name(enum la_smtp_stage stage)
{
	static const char *const names[] = {
	    "connect", "banner", "EHLO", "STARTTLS", "AUTH", "MAIL", "RCPT", "DATA", "end of DATA"};

	return (names[stage]);
}

void
la_conversation_init(struct la_conversation *conversation)
{
	*conversation = (struct la_conversation){.stage = LA_SMTP_CONNECT};
}

static void
enter(struct la_conversation *conversation, enum la_smtp_stage stage)
{
	conversation->stage = stage;
	conversation->code = 0;
	conversation->enhanced_code[0] = '\0';
}

void
la_conversation_command(struct la_conversation *conversation, struct la_span line)
{
	static const struct {
		const char *verb;
		enum la_smtp_stage stage;
	} verbs[] = {
	    {"EHLO", LA_SMTP_EHLO},
	    {"HELO", LA_SMTP_EHLO},
	    {"STARTTLS", LA_SMTP_STARTTLS},
	    {"AUTH", LA_SMTP_AUTH},
	    {"MAIL", LA_SMTP_MAIL},
	    {"RCPT", LA_SMTP_RCPT},
	    {"DATA", LA_SMTP_DATA},
	};

	if (conversation->stage == LA_SMTP_END_OF_DATA)
		return;
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		size_t size = strlen(verbs[i].verb);

		if (line.size < size || strncasecmp((const char *)line.data, verbs[i].verb, size) != 0)
			continue;
		if (line.size == size || line.data[size] == ' ' || line.data[size] == '\r' || line.data[size] == '\n') {
			enter(conversation, verbs[i].stage);
			return;
		}
	}
}

static bool
is_digit(unsigned char c)
{
	return (c >= '0' && c <= '9');
}

/* RFC 3463: class "." subject "." detail, with 1, 1-3 and 1-3 digits; the class is the reply code's. */
static void
read_enhanced(struct la_span text, unsigned char class_digit, char out[16])
{
	size_t i = 0, part, digits;

	out[0] = '\0';
	for (part = 0; part < 3; part++) {
		for (digits = 0; i < text.size && is_digit(text.data[i]) && digits < 3; digits++)
			i++;
		if (digits == 0 || (part == 0 && (digits != 1 || text.data[0] != class_digit)))
			return;
		if (part < 2 && (i >= text.size || text.data[i++] != '.'))
			return;
	}
	if (i < text.size && text.data[i] != ' ' && text.data[i] != '\r' && text.data[i] != '\n')
		return;
	(void)snprintf(out, 16, "%.*s", (int)i, (const char *)text.data);
}

void
la_conversation_reply(struct la_conversation *conversation, struct la_span line)
{
	const unsigned char *p = line.data;

	if (line.size < 3 || p[0] < '2' || p[0] > '5' || !is_digit(p[1]) || !is_digit(p[2]))
		return;
	if (line.size > 3 && p[3] != ' ' && p[3] != '\r' && p[3] != '\n')
		return; /* "250-…": more to come */
	if (conversation->stage == LA_SMTP_CONNECT) {
		enter(conversation, LA_SMTP_BANNER);
		conversation->is_new = true;
	}
	conversation->code = (p[0] - '0') * 100 + (p[1] - '0') * 10 + (p[2] - '0');
	read_enhanced(line.size > 4 ? la_span_of(p + 4, line.size - 4) : la_span_of(NULL, 0), p[0],
	    conversation->enhanced_code);
}

void
la_conversation_body_ended(struct la_conversation *conversation)
{
	enter(conversation, LA_SMTP_END_OF_DATA);
}

static enum la_relay_outcome
judge_reply(enum la_smtp_stage stage, int code)
{
	if (code == 530 || code == 535)
		return (LA_RELAY_AT_FAULT);
	if (code >= 500)
		return (stage >= LA_SMTP_RCPT ? LA_RELAY_REFUSED : LA_RELAY_AT_FAULT);
	if (code >= 400 || stage != LA_SMTP_END_OF_DATA)
		return (LA_RELAY_DEFER);
	return (LA_RELAY_UNKNOWN); /* a 2xx or 3xx that did not end it well */
}

void
la_conversation_judge(
    const struct la_conversation *conversation, enum la_transport transport, struct la_relay_result *result)
{
	enum la_smtp_stage stage = conversation->stage;
	int code = conversation->code;

	if (transport == LA_TRANSPORT_DONE && stage == LA_SMTP_END_OF_DATA && code == 250)
		result->outcome = LA_RELAY_SENT;
	else if (transport == LA_TRANSPORT_NO_TLS || transport == LA_TRANSPORT_CERTIFICATE)
		result->outcome = LA_RELAY_AT_FAULT, stage = LA_SMTP_STARTTLS;
	else if (transport == LA_TRANSPORT_NO_AUTH && code < 400)
		result->outcome = LA_RELAY_AT_FAULT, stage = LA_SMTP_AUTH;
	else
		result->outcome = judge_reply(stage, code);
	result->stage = stage;
	result->smtp_code = code;
	(void)snprintf(result->enhanced_code, sizeof(result->enhanced_code), "%s", conversation->enhanced_code);
}
