/*
 * One mail over an SMTP connection that is open and greeted: MAIL, RCPT, DATA,
 * the message, the final dot (RFC 5321; RFC 2920 where the relay offers it). A
 * machine that is fed bytes and gives bytes; knows no socket and no clock.
 */
#ifndef LA_MAILER_SMTP_MAIL_H
#define LA_MAILER_SMTP_MAIL_H

#include "common/buf.h"
#include "common/err.h"
#include "mailer/smtp_outcome.h"

/* All zeroes is ready to be started. */
struct la_smtp_mail {
	struct la_smtp_verdict verdict; /* once it is done */
	bool is_done;

	/* inside */
	struct la_span data;
	struct la_buf out;       /* to be sent: all commands, then the message */
	size_t out_sent;
	size_t command_end[4];   /* in out, of RSET, MAIL, RCPT, DATA */
	int answered;            /* the command whose reply is next */
	struct la_smtp_reply reply;
	bool is_at_data;         /* out is the message */
	bool is_refused;         /* verdict has the first refusal; replies to commands behind it are to come */
	bool is_pipelining, is_reused;
	bool is_lost;            /* the connection is of no use any more */
	bool needs_reset;        /* a transaction may be open: the next mail begins with RSET */
};

void la_smtp_mail_clear(struct la_smtp_mail *mail); /* frees; ready to be started */

struct la_smtp_mail_options {
	const char *from, *to;  /* checked addresses, without angle brackets; used in this call only */
	struct la_span data;    /* CRLF lines, ends with CRLF; must live until the mail is done */
	bool is_pipelining;     /* the relay offers it */
	bool is_new_connection; /* no mail was tried on it */
};

/*
 * The next mail of a connection; the one before is done. Errors: LA_ENOMEM; LA_EINTERNAL: an address
 * that no parser of ours lets through. The mail is not started then.
 */
LA_MUST_CHECK enum la_err la_smtp_mail_start(struct la_smtp_mail *mail, const struct la_smtp_mail_options *options);

/* What is to be sent next, valid until the next call with mail; empty: nothing until more is received. */
struct la_span la_smtp_mail_output(const struct la_smtp_mail *mail);
void la_smtp_mail_sent(struct la_smtp_mail *mail, size_t size); /* so much of the output is out */

/* Bytes came. Errors: LA_ENOMEM. */
LA_MUST_CHECK enum la_err la_smtp_mail_received(struct la_smtp_mail *mail, struct la_span bytes);

/* The connection is lost, or nothing came in time: it is done. */
void la_smtp_mail_fail(struct la_smtp_mail *mail, enum la_smtp_end end);

/* Once done: can the connection take another mail? */
bool la_smtp_mail_can_go_on(const struct la_smtp_mail *mail);
/* Once done: did the connection end before this mail was answered at all, as an old idle one does? */
bool la_smtp_mail_was_too_late(const struct la_smtp_mail *mail);
/* Whose answer is waited for now. */
enum la_smtp_stage la_smtp_mail_stage(const struct la_smtp_mail *mail);

#endif
