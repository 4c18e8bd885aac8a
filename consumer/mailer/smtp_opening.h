/*
 * The opening of an SMTP connection, from banner to AUTH, as seen by one who
 * watches it: libcurl speaks, this knows how far it came. Pure.
 */
#ifndef LA_MAILER_SMTP_OPENING_H
#define LA_MAILER_SMTP_OPENING_H

#include "mailer/smtp_outcome.h"

/* All zeroes is before the connection. */
struct la_smtp_opening {
	enum la_smtp_stage stage;
	struct la_smtp_reply reply;
	int code; /* of the stage's last whole reply; 0: none yet */
	char enhanced[LA_SMTP_ENHANCED_BYTES];
	bool offers_pipelining; /* the last EHLO was answered so */
};

/* The connection is there; the banner is waited for. */
void la_smtp_opening_connected(struct la_smtp_opening *opening);

/* A line was sent. What is no command of an opening (answers to AUTH) changes nothing and is not kept. */
void la_smtp_opening_sent(struct la_smtp_opening *opening, struct la_span line);

/* Bytes of replies came. False: they are none. */
bool la_smtp_opening_received(struct la_smtp_opening *opening, struct la_span bytes);

/* It failed; end says how, unless a reply does. */
void la_smtp_opening_fail(
    const struct la_smtp_opening *opening, enum la_smtp_end end, struct la_smtp_verdict *verdict);

#endif
