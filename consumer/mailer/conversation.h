/*
 * What an SMTP conversation (RFC 5321) has come to: fed with the commands and
 * reply lines as they pass, it knows the stage and the reply code. Pure.
 */
#ifndef LA_MAILER_CONVERSATION_H
#define LA_MAILER_CONVERSATION_H

#include <stdbool.h>

#include "common/span.h"
#include "mailer/relay.h"

struct la_conversation {
	enum la_smtp_stage stage;
	bool is_new;            /* a banner was read: this connection was not used before */
	int code;               /* of the stage's last complete reply; 0: none yet */
	char enhanced_code[16]; /* RFC 3463, of that reply; "" when it has none */
};

/* How the transport ended, in the words that matter here. */
enum la_transport {
	LA_TRANSPORT_DONE,        /* the conversation went to its end */
	LA_TRANSPORT_CUT,         /* no connection, drop, stall, or a reply that stops it */
	LA_TRANSPORT_NO_TLS,      /* TLS is required and not to be had */
	LA_TRANSPORT_CERTIFICATE, /* the certificate or its name does not hold */
	LA_TRANSPORT_NO_AUTH      /* no way to log in, or the login was refused */
};

void la_conversation_init(struct la_conversation *conversation);

/* A command line as sent, with or without CR LF. A line that is no command (AUTH's answers) changes nothing. */
void la_conversation_command(struct la_conversation *conversation, struct la_span line);

/* One reply line as received, of any bytes. "250-…" is not yet the reply's end; a line that is no reply is passed over. */
void la_conversation_reply(struct la_conversation *conversation, struct la_span line);

/* All of the message was handed over: what follows is the final dot. */
void la_conversation_body_ended(struct la_conversation *conversation);

/* DESIGN section 7, "Outcome by stage and reply code". Sets outcome, stage, smtp_code, enhanced_code. */
void la_conversation_judge(
    const struct la_conversation *conversation, enum la_transport transport, struct la_relay_result *result);

/* "EHLO", "end of DATA", …; a static string. */
const char *la_smtp_stage_name(enum la_smtp_stage stage);

#endif
