#include "common/clock.h"
#include "common/crash_point.h"
#include "mailer/link_internal_curl.h"

#define READ_BYTES 4096

void
la_link_curl_finish(struct la_link_curl *link, const struct la_smtp_verdict *verdict)
{
	link->verdict = *verdict;
	link->is_done = true;
}

/* Removing the handle closes the socket: libcurl reuses no CONNECT_ONLY connection. */
void
la_link_curl_close(struct la_link_curl *link)
{
	if (link->state != LA_LINK_CLOSED)
		(void)curl_multi_remove_handle(link->options.multi, link->easy);
	link->state = LA_LINK_CLOSED;
	link->socket = CURL_SOCKET_BAD;
	link->mails = 0;
}

void
la_link_curl_quit(struct la_link_curl *link)
{
	size_t sent;

	if (link->state == LA_LINK_OPEN)
		(void)curl_easy_send(link->easy, "QUIT\r\n", 6, &sent);
	la_link_curl_close(link);
}

void
la_link_curl_clear(struct la_link_curl *link)
{
	if (!link->has_task)
		la_link_curl_quit(link);
	la_link_curl_close(link);
	curl_easy_cleanup(link->easy);
	la_smtp_mail_clear(&link->mail);
	link->easy = NULL;
}

static void
set_deadline(struct la_link_curl *link)
{
	const struct la_patience *patience = link->options.patience;
	int64_t now_ms = la_clock_now_ms(NULL), end_ms = link->started_ms + patience->total_ms;

	if (!link->has_task) {
		link->deadline_ms = now_ms + patience->idle_ms;
		return;
	}
	link->deadline_ms = now_ms + (la_smtp_mail_stage(&link->mail) == LA_SMTP_END_OF_DATA
	    ? patience->final_reply_ms : patience->reply_ms);
	if (link->deadline_ms > end_ms)
		link->deadline_ms = end_ms;
}

/* The mail on the link is through, well or not. */
static void
settle(struct la_link_curl *link)
{
	if (la_smtp_mail_was_too_late(&link->mail)) {
		/* The relay had closed the idle connection: nothing was said of this mail yet. */
		la_link_curl_close(link);
		la_link_curl_connect(link);
		return;
	}
	la_link_curl_finish(link, &link->mail.verdict);
	if (!la_smtp_mail_can_go_on(&link->mail))
		la_link_curl_close(link);
	else if (link->mails >= link->options.mails_max)
		la_link_curl_quit(link);
}

/* Errors: LA_ENOMEM. */
static enum la_err
receive(struct la_link_curl *link)
{
	unsigned char bytes[READ_BYTES];
	size_t size;
	CURLcode code;
	enum la_err err;

	while (!link->mail.is_done) {
		code = curl_easy_recv(link->easy, bytes, sizeof(bytes), &size);
		if (code == CURLE_AGAIN)
			return (LA_OK);
		if (code != CURLE_OK || size == 0) {
			la_smtp_mail_fail(&link->mail, LA_SMTP_DROPPED);
			return (LA_OK);
		}
		if ((err = la_smtp_mail_received(&link->mail, la_span_of(bytes, size))) != LA_OK)
			return (err);
		set_deadline(link);
	}
	return (LA_OK);
}

/* False: the connection takes no more. */
static bool
send_output(struct la_link_curl *link)
{
	struct la_span output;
	size_t size;
	CURLcode code;

	while ((output = la_smtp_mail_output(&link->mail)).size > 0) {
		if (la_clock_now_ms(NULL) >= *link->options.until_ms) {
			la_smtp_mail_fail(&link->mail, LA_SMTP_TAKEN_BACK);
			return (true);
		}
		code = curl_easy_send(link->easy, output.data, output.size, &size);
		if (code == CURLE_AGAIN)
			return (true);
		if (code != CURLE_OK)
			return (false);
		la_smtp_mail_sent(&link->mail, size);
		set_deadline(link);
		if (la_smtp_mail_stage(&link->mail) == LA_SMTP_END_OF_DATA)
			LA_CRASH_POINT("final-dot");
	}
	return (true);
}

/* Out of memory counts as a lost connection: the mail is tried again later. */
static void
converse(struct la_link_curl *link, bool read_first)
{
	bool is_lost = read_first && receive(link) != LA_OK;

	if (!is_lost && !link->mail.is_done && !send_output(link)) {
		/* What the relay said before it hung up is still to be read. */
		is_lost = receive(link) != LA_OK || !link->mail.is_done;
	}
	if (is_lost)
		la_smtp_mail_fail(&link->mail, LA_SMTP_DROPPED);
	if (link->mail.is_done)
		settle(link);
}

enum la_err
la_link_curl_begin_mail(struct la_link_curl *link)
{
	const struct la_smtp_mail_options options = {.from = link->from,
	    .to = link->to,
	    .data = link->data,
	    .is_pipelining = link->opening.offers_pipelining,
	    .is_new_connection = link->mails == 0};
	enum la_err err = la_smtp_mail_start(&link->mail, &options);

	if (err != LA_OK)
		return (err);
	link->mails++;
	set_deadline(link);
	converse(link, false);
	return (LA_OK);
}

enum la_err
la_link_curl_give(struct la_link_curl *link, uint64_t token, const char *from, const char *to, struct la_span data,
    struct la_error *error)
{
	enum la_err err = LA_OK;

	link->token = token;
	link->from = from;
	link->to = to;
	link->data = data;
	link->has_task = true;
	link->started_ms = la_clock_now_ms(NULL);
	if (link->state == LA_LINK_OPEN)
		err = la_link_curl_begin_mail(link);
	else
		la_link_curl_connect(link);
	if (err != LA_OK) {
		link->has_task = false;
		return (la_error_set(error, err, "a mail that cannot be put on a connection"));
	}
	return (LA_OK);
}

enum la_err
la_link_curl_probe(struct la_link_curl *link, struct la_error *error)
{
	if (link->has_task)
		return (la_error_set(error, LA_EINTERNAL, "the connection is in use"));
	la_link_curl_quit(link);
	link->has_task = link->is_probe = true;
	la_link_curl_connect(link);
	return (LA_OK);
}

void
la_link_curl_take(struct la_link_curl *link)
{
	link->has_task = link->is_probe = link->is_done = false;
	set_deadline(link);
}

void
la_link_curl_ready(struct la_link_curl *link)
{
	unsigned char byte;
	size_t size;

	if (link->state != LA_LINK_OPEN || link->is_done)
		return;
	if (link->has_task)
		converse(link, true);
	else if (curl_easy_recv(link->easy, &byte, 1, &size) != CURLE_AGAIN) /* TLS has news of its own at times */
		la_link_curl_close(link); /* a relay has nothing to say to an idle client but good-bye */
}

void
la_link_curl_late(struct la_link_curl *link)
{
	if (link->is_done || link->state == LA_LINK_CLOSED)
		return;
	if (!link->has_task) {
		la_link_curl_quit(link);
		return;
	}
	if (link->state == LA_LINK_OPEN) {
		la_smtp_mail_fail(&link->mail, LA_SMTP_STALLED);
		settle(link);
		return;
	}
	la_link_curl_opening_late(link);
}

void
la_link_curl_withdraw(struct la_link_curl *link)
{
	if (!link->has_task || link->is_done)
		return;
	if (link->state != LA_LINK_OPEN) {
		link->opening.code = 0; /* whatever the relay said */
		la_link_curl_fail_opening(link, LA_SMTP_TAKEN_BACK);
	} else if (la_smtp_mail_stage(&link->mail) != LA_SMTP_END_OF_DATA) {
		la_smtp_mail_fail(&link->mail, LA_SMTP_TAKEN_BACK);
		settle(link);
	}
}

short
la_link_curl_events(const struct la_link_curl *link)
{
	if (link->state != LA_LINK_OPEN || link->is_done)
		return (0);
	if (link->has_task && la_smtp_mail_output(&link->mail).size > 0)
		return (CURL_WAIT_POLLIN | CURL_WAIT_POLLOUT);
	return (CURL_WAIT_POLLIN);
}
