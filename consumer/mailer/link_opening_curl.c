#include "common/clock.h"
#include "common/easy_curl.h"
#include "mailer/link_internal_curl.h"

void
la_link_curl_connect(struct la_link_curl *link)
{
	static const struct la_smtp_verdict unreachable = {.stage = LA_SMTP_CONNECT, .end = LA_SMTP_UNREACHABLE};

	link->opening = (struct la_smtp_opening){.stage = LA_SMTP_CONNECT};
	link->is_garbage = false;
	link->why = curl_easy_strerror(CURLE_OPERATION_TIMEDOUT); /* unless libcurl says otherwise */
	if (curl_multi_add_handle(link->options.multi, link->easy) != CURLM_OK) {
		la_link_curl_finish(link, &unreachable);
		return;
	}
	link->state = LA_LINK_OPENING;
	link->started_ms = la_clock_now_ms(NULL);
	link->deadline_ms = link->started_ms + link->options.patience->connect_ms;
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

void
la_link_curl_fail_opening(struct la_link_curl *link, enum la_smtp_end end)
{
	struct la_smtp_verdict verdict;

	la_smtp_opening_fail(&link->opening, end, &verdict);
	la_link_curl_close(link);
	la_link_curl_finish(link, &verdict);
}

void
la_link_curl_opened(struct la_link_curl *link, CURLcode code)
{
	static const struct la_smtp_verdict unreachable = {.stage = LA_SMTP_CONNECT, .end = LA_SMTP_UNREACHABLE};
	static const struct la_smtp_verdict well = {.stage = LA_SMTP_EHLO, .end = LA_SMTP_REPLIED, .code = 250};

	look_for_connection(link);
	link->why = curl_easy_strerror(code);
	if (code != CURLE_OK) {
		la_link_curl_fail_opening(link, end_of_opening(link, code));
		return;
	}
	if (link->options.user != NULL && link->opening.stage != LA_SMTP_AUTH) {
		/* libcurl goes on without a login where AUTH is not offered. */
		la_link_curl_fail_opening(link, LA_SMTP_NO_LOGIN);
		return;
	}
	link->state = LA_LINK_OPEN;
	if (curl_easy_getinfo(link->easy, CURLINFO_ACTIVESOCKET, &link->socket) != CURLE_OK ||
	    link->socket == CURL_SOCKET_BAD) {
		la_link_curl_fail_opening(link, LA_SMTP_DROPPED);
	} else if (link->is_probe) {
		la_link_curl_finish(link, &well);
		la_link_curl_quit(link);
	} else if (la_link_curl_begin_mail(link) != LA_OK) {
		la_link_curl_close(link);
		la_link_curl_finish(link, &unreachable);
	}
}

void
la_link_curl_opening_late(struct la_link_curl *link)
{
	const struct la_patience *patience = link->options.patience;

	look_for_connection(link);
	if (link->opening.stage == LA_SMTP_CONNECT)
		la_link_curl_fail_opening(link, LA_SMTP_UNREACHABLE);
	else if (la_clock_now_ms(NULL) >= link->started_ms + patience->opening_ms)
		la_link_curl_fail_opening(link, LA_SMTP_STALLED);
	else
		link->deadline_ms = link->started_ms + patience->opening_ms;
}
