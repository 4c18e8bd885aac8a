#include "mailer/smtp_outcome.h"

#include <stdio.h>

static enum la_relay_outcome
by_reply(enum la_smtp_stage stage, int code)
{
	/* "Authentication required" and "credentials invalid" are never about a mail (RFC 4954 section 6). */
	if (code == 530 || code == 535)
		return (LA_RELAY_AT_FAULT);
	if (code >= 500)
		return (stage >= LA_SMTP_RCPT ? LA_RELAY_REFUSED : LA_RELAY_AT_FAULT);
	if (code >= 400)
		return (LA_RELAY_DEFER);
	if (stage != LA_SMTP_END_OF_DATA)
		return (LA_RELAY_DEFER); /* not what that stage can be answered with */
	return (code == 250 ? LA_RELAY_SENT : LA_RELAY_UNKNOWN);
}

enum la_relay_outcome
la_smtp_outcome(const struct la_smtp_verdict *verdict)
{
	switch (verdict->end) {
	case LA_SMTP_REPLIED:
		return (by_reply(verdict->stage, verdict->code));
	case LA_SMTP_NO_TLS:
	case LA_SMTP_NOT_TRUSTED:
	case LA_SMTP_NO_LOGIN:
		return (LA_RELAY_AT_FAULT);
	case LA_SMTP_TAKEN_BACK:
		return (verdict->stage == LA_SMTP_END_OF_DATA ? LA_RELAY_UNKNOWN : LA_RELAY_WITHDRAWN);
	case LA_SMTP_UNREACHABLE:
	case LA_SMTP_DROPPED:
	case LA_SMTP_STALLED:
	case LA_SMTP_OUT_OF_STEP:
		break;
	}
	return (verdict->stage == LA_SMTP_END_OF_DATA ? LA_RELAY_UNKNOWN : LA_RELAY_DEFER);
}

const char *
la_smtp_stage_name(enum la_smtp_stage stage)
{
	static const char *const names[] = {
	    "connect", "banner", "EHLO", "STARTTLS", "AUTH", "MAIL", "RCPT", "DATA", "end of DATA"};

	return (names[stage]);
}

const char *
la_smtp_describe(const struct la_smtp_verdict *verdict, char *out, size_t cap)
{
	static const char *const ends[] = {"", "cannot connect", "connection lost", "no answer in time",
	    "no sensible answer", "TLS is required, and not offered", "certificate or name not trusted",
	    "no way to log in that both know", "withdrawn by this mailer"};
	const char *stage = la_smtp_stage_name(verdict->stage);

	if (verdict->end == LA_SMTP_REPLIED)
		(void)snprintf(out, cap, "%d%s%s at %s", verdict->code, verdict->enhanced[0] == '\0' ? "" : " ",
		    verdict->enhanced, stage);
	else if (verdict->end == LA_SMTP_UNREACHABLE)
		(void)snprintf(out, cap, "%s", ends[verdict->end]);
	else
		(void)snprintf(out, cap, "%s at %s", ends[verdict->end], stage);
	return (out);
}
