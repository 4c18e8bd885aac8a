#include "mailer/link_curl.h"

#include "common/clock.h"
#include "common/crash_point.h"
#include "common/easy_curl.h"

#define READ_BYTES 4096

static void open_connection(struct la_link_curl *link);

static void
finish(struct la_link_curl *link, const struct la_smtp_verdict *verdict)
{
	link->verdict = *verdict;
	link->is_done = true;
}

/* Removing the handle closes the socket: libcurl reuses no CONNECT_ONLY connection. */
static void
close_connection(struct la_link_curl *link)
{
	if (link->state != LA_LINK_CLOSED)
		(void)curl_multi_remove_handle(link->options.multi, link->easy);
	link->state = LA_LINK_CLOSED;
	link->socket = CURL_SOCKET_BAD;
	link->mails = 0;
}

/* Politely, but without waiting for the answer. */
static void
quit(struct la_link_curl *link)
{
	size_t sent;

	if (link->state == LA_LINK_OPEN)
		(void)curl_easy_send(link->easy, "QUIT\r\n", 6, &sent);
	close_connection(link);
}

void
la_link_curl_clear(struct la_link_curl *link)
{
	if (!link->has_task)
		quit(link);
	close_connection(link);
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
		close_connection(link);
		open_connection(link);
		return;
	}
	finish(link, &link->mail.verdict);
	if (!la_smtp_mail_can_go_on(&link->mail))
		close_connection(link);
	else if (link->mails >= link->options.mails_max)
		quit(link);
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

/* The connection is open: the mail goes. */
static enum la_err
begin_mail(struct la_link_curl *link)
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

static void
open_connection(struct la_link_curl *link)
{
	static const struct la_smtp_verdict unreachable = {.stage = LA_SMTP_CONNECT, .end = LA_SMTP_UNREACHABLE};

	link->opening = (struct la_smtp_opening){.stage = LA_SMTP_CONNECT};
	link->is_garbage = false;
	link->why = curl_easy_strerror(CURLE_OPERATION_TIMEDOUT); /* unless libcurl says otherwise */
	if (curl_multi_add_handle(link->options.multi, link->easy) != CURLM_OK) {
		finish(link, &unreachable);
		return;
	}
	link->state = LA_LINK_OPENING;
	link->started_ms = la_clock_now_ms(NULL);
	link->deadline_ms = link->started_ms + link->options.patience->connect_ms;
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
		err = begin_mail(link);
	else
		open_connection(link);
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
	quit(link);
	link->has_task = link->is_probe = true;
	open_connection(link);
	return (LA_OK);
}

void
la_link_curl_take(struct la_link_curl *link)
{
	link->has_task = link->is_probe = link->is_done = false;
	set_deadline(link);
}

static enum la_smtp_end
end_of_opening(const struct la_link_curl *link, CURLcode code)
{
	if (link->is_garbage)
		return (LA_SMTP_OUT_OF_STEP);
	if (la_easy_curl_is_untrusted(code))
		return (LA_SMTP_NOT_TRUSTED);
	switch (code) {
	case CURLE_USE_SSL_FAILED:
		return (LA_SMTP_NO_TLS);
	case CURLE_LOGIN_DENIED:
	case CURLE_AUTH_ERROR:
		return (LA_SMTP_NO_LOGIN);
	case CURLE_OPERATION_TIMEDOUT:
		return (LA_SMTP_STALLED);
	case CURLE_WEIRD_SERVER_REPLY:
		return (LA_SMTP_OUT_OF_STEP);
	default:
		return (link->opening.stage == LA_SMTP_CONNECT ? LA_SMTP_UNREACHABLE : LA_SMTP_DROPPED);
	}
}

/* libcurl does not tell when TCP is there, only afterwards how long it took. */
static void
look_for_connection(struct la_link_curl *link)
{
	curl_off_t connect_us = 0;

	if (curl_easy_getinfo(link->easy, CURLINFO_CONNECT_TIME_T, &connect_us) == CURLE_OK && connect_us > 0)
		la_smtp_opening_connected(&link->opening);
}

static void
fail_opening(struct la_link_curl *link, enum la_smtp_end end)
{
	struct la_smtp_verdict verdict;

	la_smtp_opening_fail(&link->opening, end, &verdict);
	close_connection(link);
	finish(link, &verdict);
}

void
la_link_curl_opened(struct la_link_curl *link, CURLcode code)
{
	static const struct la_smtp_verdict unreachable = {.stage = LA_SMTP_CONNECT, .end = LA_SMTP_UNREACHABLE};
	static const struct la_smtp_verdict well = {.stage = LA_SMTP_EHLO, .end = LA_SMTP_REPLIED, .code = 250};

	look_for_connection(link);
	link->why = curl_easy_strerror(code);
	if (code != CURLE_OK) {
		fail_opening(link, end_of_opening(link, code));
		return;
	}
	if (link->options.user != NULL && link->opening.stage != LA_SMTP_AUTH) {
		/* libcurl goes on without a login where AUTH is not offered. */
		fail_opening(link, LA_SMTP_NO_LOGIN);
		return;
	}
	link->state = LA_LINK_OPEN;
	if (curl_easy_getinfo(link->easy, CURLINFO_ACTIVESOCKET, &link->socket) != CURLE_OK ||
	    link->socket == CURL_SOCKET_BAD) {
		fail_opening(link, LA_SMTP_DROPPED);
	} else if (link->is_probe) {
		finish(link, &well);
		quit(link);
	} else if (begin_mail(link) != LA_OK) {
		close_connection(link);
		finish(link, &unreachable);
	}
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
		close_connection(link); /* a relay has nothing to say to an idle client but good-bye */
}

void
la_link_curl_late(struct la_link_curl *link)
{
	const struct la_patience *patience = link->options.patience;

	if (link->is_done || link->state == LA_LINK_CLOSED)
		return;
	if (!link->has_task) {
		quit(link);
		return;
	}
	if (link->state == LA_LINK_OPEN) {
		la_smtp_mail_fail(&link->mail, LA_SMTP_STALLED);
		settle(link);
		return;
	}
	look_for_connection(link);
	if (link->opening.stage == LA_SMTP_CONNECT)
		fail_opening(link, LA_SMTP_UNREACHABLE);
	else if (la_clock_now_ms(NULL) >= link->started_ms + patience->opening_ms)
		fail_opening(link, LA_SMTP_STALLED);
	else
		link->deadline_ms = link->started_ms + patience->opening_ms;
}

void
la_link_curl_withdraw(struct la_link_curl *link)
{
	if (!link->has_task || link->is_done)
		return;
	if (link->state != LA_LINK_OPEN) {
		link->opening.code = 0; /* whatever the relay said */
		fail_opening(link, LA_SMTP_TAKEN_BACK);
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
