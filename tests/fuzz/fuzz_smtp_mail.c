/*
 * A conversation with a hostile relay: byte 0 says whether it is pipelined, reused, or only its opening; then each byte is
 * how much goes out before the next piece of answer comes, up to NUL; the rest is what the relay says, a line a piece.
 * A mail counts as sent only behind its final dot and a 2xx.
 */
#include "fuzz.h"
#include "mailer/smtp_mail.h"
#include "mailer/smtp_opening.h"

static const char message[] = "Subject: x\r\n\r\n.dot\r\n..\r\nend\r\n";

static struct la_span
next_line(struct la_span *rest)
{
	const unsigned char *newline = rest->size == 0 ? NULL : memchr(rest->data, '\n', rest->size);
	size_t size = newline == NULL ? rest->size : (size_t)(newline - rest->data) + 1;
	struct la_span line = la_span_of(rest->data, size);

	*rest = la_span_of(rest->data + size, rest->size - size);
	return (line);
}

static void
check_verdict(const struct la_smtp_verdict *verdict)
{
	char text[160];
	enum la_relay_outcome outcome = la_smtp_outcome(verdict);

	fuzz_require_line(la_smtp_describe(verdict, text, sizeof(text)));
	REQUIRE(verdict->code == 0 || (verdict->code >= 200 && verdict->code <= 599));
	if (outcome == LA_RELAY_SENT)
		REQUIRE(verdict->stage == LA_SMTP_END_OF_DATA && verdict->code / 100 == 2);
	if (outcome == LA_RELAY_REFUSED)
		REQUIRE(verdict->stage >= LA_SMTP_RCPT && verdict->code / 100 == 5);
}

/* What is to go out is commands to the path that was asked for, and the message; nothing else, in that order. */
static void
send_some(struct la_smtp_mail *mail, unsigned most, struct la_buf *wire)
{
	struct la_span out = la_smtp_mail_output(mail);
	size_t size = out.size < most ? out.size : most;

	fuzz_must(la_buf_add(wire, out.data, size), NULL);
	la_smtp_mail_sent(mail, size);
}

static void
check_wire(const struct la_smtp_mail *mail, const struct la_buf *wire)
{
	static const char all[] = "RSET\r\nMAIL FROM:<a@example.jp>\r\nRCPT TO:<b@example.jp>\r\nDATA\r\n"
	    "Subject: x\r\n\r\n..dot\r\n...\r\nend\r\n.\r\n";
	size_t skipped = wire->size > 0 && wire->data[0] == 'M' ? 6 : 0;

	REQUIRE(wire->size <= sizeof(all) - 1 - skipped);
	REQUIRE(wire->size == 0 || memcmp(wire->data, all + skipped, wire->size) == 0);
	if (la_smtp_outcome(&mail->verdict) == LA_RELAY_SENT && mail->is_done)
		REQUIRE(wire->size == sizeof(all) - 1 - skipped);
}

static void
converse(struct la_smtp_mail *mail, const struct la_smtp_mail_options *options, struct la_span *steps, struct la_span *rest)
{
	struct la_buf wire = LA_BUF_INIT;

	fuzz_must(la_smtp_mail_start(mail, options), NULL);
	while (!mail->is_done) {
		struct la_span line = fuzz_copy(next_line(rest));

		send_some(mail, steps->size > 0 ? fuzz_byte(steps) : 255, &wire);
		if (line.size == 0)
			la_smtp_mail_fail(mail, LA_SMTP_DROPPED);
		else
			fuzz_must(la_smtp_mail_received(mail, line), NULL);
		fuzz_free(line);
	}
	check_verdict(&mail->verdict);
	check_wire(mail, &wire);
	REQUIRE(la_smtp_mail_output(mail).size == 0);
	REQUIRE(!la_smtp_mail_was_too_late(mail) || mail->is_reused);
	la_buf_clear(&wire);
}

static void
open_connection(struct la_span rest)
{
	static const char *const lines[] = {"EHLO x\r\n", "STARTTLS\r\n", "EHLO x\r\n", "AUTH PLAIN AHgAeQ==\r\n", "AHgAeQ==\r\n"};
	struct la_smtp_opening opening = {.code = 0};
	struct la_smtp_verdict verdict;
	unsigned sent = 0;

	la_smtp_opening_connected(&opening);
	while (rest.size > 0 && la_smtp_opening_received(&opening, next_line(&rest))) {
		if (sent < sizeof(lines) / sizeof(lines[0]))
			la_smtp_opening_sent(&opening, la_span_text(lines[sent++]));
	}
	la_smtp_opening_fail(&opening, LA_SMTP_DROPPED, &verdict);
	REQUIRE(verdict.stage <= LA_SMTP_AUTH && la_smtp_outcome(&verdict) != LA_RELAY_SENT);
	check_verdict(&verdict);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct la_span rest = la_span_of(data, size), steps;
	unsigned mode = fuzz_byte(&rest);
	struct la_smtp_mail_options options = {.from = "a@example.jp", .to = "b@example.jp", .data = la_span_text(message),
	    .is_pipelining = mode & 1, .is_new_connection = (mode & 2) == 0};
	struct la_smtp_mail mail = {.is_done = false};

	steps = fuzz_field(&rest);
	if (mode & 4) {
		open_connection(rest);
		return (0);
	}
	do {
		converse(&mail, &options, &steps, &rest);
		options.is_new_connection = false;
	} while (rest.size > 0 && la_smtp_mail_can_go_on(&mail));
	la_smtp_mail_clear(&mail);
	return (0);
}
