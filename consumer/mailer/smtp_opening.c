#include "mailer/smtp_opening.h"

#include <strings.h>

static bool
is_command(struct la_span line, const char *verb)
{
	size_t size = strlen(verb);

	return (line.size > size && strncasecmp((const char *)line.data, verb, size) == 0 &&
	    strchr(" \r\n", line.data[size]) != NULL && line.data[size] != '\0');
}

static void
enter(struct la_smtp_opening *opening, enum la_smtp_stage stage)
{
	*opening = (struct la_smtp_opening){
	    .stage = stage, .offers_pipelining = stage != LA_SMTP_EHLO && opening->offers_pipelining};
}

void
la_smtp_opening_connected(struct la_smtp_opening *opening)
{
	if (opening->stage == LA_SMTP_CONNECT)
		opening->stage = LA_SMTP_BANNER;
}

void
la_smtp_opening_sent(struct la_smtp_opening *opening, struct la_span line)
{
	if (is_command(line, "AUTH"))
		enter(opening, LA_SMTP_AUTH);
	else if (opening->stage == LA_SMTP_AUTH)
		return; /* base64 may look like anything */
	else if (is_command(line, "EHLO"))
		enter(opening, LA_SMTP_EHLO);
	else if (is_command(line, "STARTTLS"))
		enter(opening, LA_SMTP_STARTTLS);
	/* HELO follows a refused EHLO: until it is answered, the refusal counts. */
}

bool
la_smtp_opening_received(struct la_smtp_opening *opening, struct la_span bytes)
{
	la_smtp_opening_connected(opening);
	while (bytes.size > 0) {
		switch (la_smtp_reply_feed(&opening->reply, &bytes)) {
		case LA_SMTP_MORE:
			break;
		case LA_SMTP_GARBAGE:
			return (false);
		case LA_SMTP_WHOLE:
			opening->code = opening->reply.code;
			memcpy(opening->enhanced, opening->reply.enhanced, sizeof(opening->enhanced));
			if (opening->stage == LA_SMTP_EHLO)
				opening->offers_pipelining = opening->reply.offers_pipelining;
			break;
		}
	}
	return (true);
}

void
la_smtp_opening_fail(const struct la_smtp_opening *opening, enum la_smtp_end end, struct la_smtp_verdict *verdict)
{
	*verdict = (struct la_smtp_verdict){.stage = opening->stage, .end = end};
	if (end == LA_SMTP_NOT_TRUSTED || (end == LA_SMTP_NO_TLS && opening->stage < LA_SMTP_STARTTLS))
		verdict->stage = LA_SMTP_STARTTLS;
	if (end == LA_SMTP_NOT_TRUSTED || opening->code < 400)
		return;
	verdict->end = LA_SMTP_REPLIED;
	verdict->code = opening->code;
	memcpy(verdict->enhanced, opening->enhanced, sizeof(verdict->enhanced));
}
