#include "mailer/smtp_mail.h"

#include "mailer/address.h"

/* The order in which they are asked. */
enum command { RSET, MAIL, RCPT, DATA, COMMANDS };

static enum la_smtp_stage
stage_of(int command)
{
	static const enum la_smtp_stage stages[COMMANDS + 1] = {
	    LA_SMTP_MAIL, LA_SMTP_MAIL, LA_SMTP_RCPT, LA_SMTP_DATA, LA_SMTP_DATA};

	return (stages[command]);
}

void
la_smtp_mail_clear(struct la_smtp_mail *mail)
{
	la_buf_clear(&mail->out);
	*mail = (struct la_smtp_mail){.out = LA_BUF_INIT};
}

/* A second look, next to the wire: whatever address.c lets through, it ends no path and no line. */
static bool
is_path(const char *address)
{
	size_t size = strlen(address);

	for (size_t i = 0; i < size; i++) {
		unsigned char c = (unsigned char)address[i];

		if (c < 0x20 || c > 0x7e || c == '<' || c == '>')
			return (false);
	}
	return (size <= LA_ADDRESS_BYTES);
}

static enum la_err
add_command(struct la_smtp_mail *mail, enum command command, const char *before, const char *path, const char *after)
{
	enum la_err err = la_buf_printf(&mail->out, "%s%s%s", before, path, after);

	mail->command_end[command] = mail->out.size;
	return (err);
}

enum la_err
la_smtp_mail_start(struct la_smtp_mail *mail, const struct la_smtp_mail_options *options)
{
	bool reset = mail->needs_reset && !options->is_new_connection;
	enum la_err err;

	if (!is_path(options->from) || !is_path(options->to))
		return (LA_EINTERNAL);
	*mail = (struct la_smtp_mail){.out = mail->out,
	    .data = options->data,
	    .answered = reset ? RSET : MAIL,
	    .is_pipelining = options->is_pipelining,
	    .is_reused = !options->is_new_connection,
	    .needs_reset = true};
	la_buf_reset(&mail->out);
	if ((err = add_command(mail, RSET, reset ? "RSET\r\n" : "", "", "")) != LA_OK ||
	    (err = add_command(mail, MAIL, "MAIL FROM:<", options->from, ">\r\n")) != LA_OK ||
	    (err = add_command(mail, RCPT, "RCPT TO:<", options->to, ">\r\n")) != LA_OK)
		return (err);
	return (add_command(mail, DATA, "DATA\r\n", "", ""));
}

enum la_smtp_stage
la_smtp_mail_stage(const struct la_smtp_mail *mail)
{
	if (mail->is_at_data)
		return (mail->out_sent == mail->out.size ? LA_SMTP_END_OF_DATA : LA_SMTP_DATA);
	return (stage_of(mail->answered));
}

struct la_span
la_smtp_mail_output(const struct la_smtp_mail *mail)
{
	size_t end = mail->out.size;

	if (!mail->is_at_data && !mail->is_pipelining && mail->answered < COMMANDS)
		end = mail->command_end[mail->answered];
	if (mail->is_done || end <= mail->out_sent)
		return (la_span_of("", 0));
	return (la_span_of(mail->out.data + mail->out_sent, end - mail->out_sent));
}

void
la_smtp_mail_sent(struct la_smtp_mail *mail, size_t size)
{
	mail->out_sent += size;
}

void
la_smtp_mail_fail(struct la_smtp_mail *mail, enum la_smtp_end end)
{
	/* A refusal that came before stands. */
	if (!mail->is_refused)
		mail->verdict = (struct la_smtp_verdict){.stage = la_smtp_mail_stage(mail), .end = end};
	mail->is_lost = true;
	mail->is_done = true;
}

static void
set_verdict(struct la_smtp_mail *mail, enum la_smtp_stage stage)
{
	mail->verdict = (struct la_smtp_verdict){.stage = stage, .end = LA_SMTP_REPLIED, .code = mail->reply.code};
	memcpy(mail->verdict.enhanced, mail->reply.enhanced, sizeof(mail->verdict.enhanced));
}

/* The message with its dots doubled (RFC 5321 section 4.5.2), and the final one. */
static enum la_err
put_message(struct la_smtp_mail *mail)
{
	struct la_span rest = mail->data;
	enum la_err err = LA_OK;

	la_buf_reset(&mail->out);
	mail->out_sent = 0;
	mail->is_at_data = true;
	while (rest.size > 0 && err == LA_OK) {
		const unsigned char *newline = memchr(rest.data, '\n', rest.size);
		size_t size = newline == NULL ? rest.size : (size_t)(newline - rest.data) + 1;

		if (rest.data[0] == '.')
			err = la_buf_add(&mail->out, ".", 1);
		if (err == LA_OK)
			err = la_buf_add(&mail->out, rest.data, size);
		rest = la_span_of(rest.data + size, rest.size - size);
	}
	return (err == LA_OK ? la_buf_add(&mail->out, ".\r\n", 3) : err);
}

/* A reply that nothing asked for: the relay gives up (421, 552), or is out of step. */
static void
take_early_reply(struct la_smtp_mail *mail)
{
	enum la_smtp_stage stage = la_smtp_mail_stage(mail);

	la_smtp_mail_fail(mail, LA_SMTP_OUT_OF_STEP);
	if (mail->reply.code >= 400 && !mail->is_refused)
		set_verdict(mail, stage);
}

static enum la_err
take_reply_to_command(struct la_smtp_mail *mail)
{
	int command = mail->answered;
	bool is_good = mail->reply.code / 100 == (command == DATA ? 3 : 2);

	if (mail->out_sent < mail->command_end[command]) {
		take_early_reply(mail);
		return (LA_OK);
	}
	if (command == RSET && !is_good) {
		la_smtp_mail_fail(mail, LA_SMTP_OUT_OF_STEP);
		return (LA_OK);
	}
	mail->answered++;
	if (!is_good && !mail->is_refused) {
		mail->is_refused = true;
		set_verdict(mail, stage_of(command));
	}
	if (!mail->is_refused)
		return (command == DATA ? put_message(mail) : LA_OK);
	/* 421: no more replies will come. 354 in spite of the refusal: only closing the connection sends no mail. */
	if (mail->reply.code == 421 || (command == DATA && is_good))
		mail->is_lost = true;
	mail->is_done = mail->is_lost || !mail->is_pipelining || mail->answered == COMMANDS;
	return (LA_OK);
}

static enum la_err
take_reply(struct la_smtp_mail *mail)
{
	if (!mail->is_at_data)
		return (take_reply_to_command(mail));
	if (mail->out_sent < mail->out.size) {
		take_early_reply(mail);
		return (LA_OK);
	}
	set_verdict(mail, LA_SMTP_END_OF_DATA);
	mail->needs_reset = false;
	mail->is_done = true;
	return (LA_OK);
}

enum la_err
la_smtp_mail_received(struct la_smtp_mail *mail, struct la_span bytes)
{
	enum la_err err = LA_OK;

	while (bytes.size > 0 && err == LA_OK) {
		enum la_smtp_read read;

		if (mail->is_done) {
			mail->is_lost = true; /* more than was asked for: not to be trusted with another mail */
			break;
		}
		read = la_smtp_reply_feed(&mail->reply, &bytes);
		if (read == LA_SMTP_GARBAGE)
			la_smtp_mail_fail(mail, LA_SMTP_OUT_OF_STEP);
		else if (read == LA_SMTP_WHOLE)
			err = take_reply(mail);
	}
	return (err);
}

bool
la_smtp_mail_can_go_on(const struct la_smtp_mail *mail)
{
	const struct la_smtp_verdict *verdict = &mail->verdict;
	enum la_relay_outcome outcome = la_smtp_outcome(verdict);

	if (!mail->is_done || mail->is_lost || verdict->end != LA_SMTP_REPLIED || verdict->code == 421)
		return (false);
	return (outcome == LA_RELAY_SENT || (verdict->code >= 400 && outcome != LA_RELAY_AT_FAULT));
}

bool
la_smtp_mail_was_too_late(const struct la_smtp_mail *mail)
{
	const struct la_smtp_verdict *verdict = &mail->verdict;

	return (mail->is_done && mail->is_reused && !mail->is_at_data && verdict->stage == LA_SMTP_MAIL &&
	    (verdict->end == LA_SMTP_DROPPED || verdict->end == LA_SMTP_OUT_OF_STEP || verdict->code == 421));
}
