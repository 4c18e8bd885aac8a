/*
 * What it means for a mail that its conversation ended so: README.md, "What
 * an answer means". Pure.
 */
#ifndef LA_MAILER_SMTP_OUTCOME_H
#define LA_MAILER_SMTP_OUTCOME_H

#include "mailer/relay.h"
#include "mailer/smtp_reply.h"

enum la_smtp_end {
	LA_SMTP_REPLIED,       /* a reply decided it: code */
	LA_SMTP_UNREACHABLE,   /* no connection: name, route, refused, in time */
	LA_SMTP_DROPPED,       /* the connection is lost */
	LA_SMTP_STALLED,       /* no answer within the limit */
	LA_SMTP_OUT_OF_STEP,   /* what came is no reply, or not to what was asked */
	LA_SMTP_NO_TLS,        /* TLS is required, and not offered */
	LA_SMTP_NOT_TRUSTED,   /* the certificate, or the name in it */
	LA_SMTP_NO_LOGIN,      /* no way to log in that both know */
	LA_SMTP_TAKEN_BACK     /* by us */
};

/* Where and how a conversation ended. */
struct la_smtp_verdict {
	enum la_smtp_stage stage; /* whose answer decided, or was waited for; END_OF_DATA: the final dot is sent */
	enum la_smtp_end end;
	int code;                 /* of the reply; 0: none */
	char enhanced[LA_SMTP_ENHANCED_BYTES];
};

enum la_relay_outcome la_smtp_outcome(const struct la_smtp_verdict *verdict);

/* "MAIL", "end of DATA"; a static string. */
const char *la_smtp_stage_name(enum la_smtp_stage stage);

/* For a log: "550 5.1.1 at RCPT", "connection lost at DATA". Never text of a reply. Returns out. */
const char *la_smtp_describe(const struct la_smtp_verdict *verdict, char *out, size_t cap);

#endif
