#include "mailer/relay_curl.h"

#include <stdio.h>

#include "common/clock.h"
#include "mailer/relay_internal_curl.h"

static size_t
relay_room(void *self)
{
	struct la_relay_curl *relay = self;

	return (relay->link_count - relay->busy);
}

/* An open connection before a closed one. */
static struct la_link_curl *
free_link(struct la_relay_curl *relay)
{
	struct la_link_curl *closed = NULL;

	for (size_t i = 0; i < relay->link_count; i++) {
		struct la_link_curl *link = &relay->links[i];

		if (link->has_task)
			continue;
		if (link->state == LA_LINK_OPEN)
			return (link);
		if (closed == NULL)
			closed = link;
	}
	return (closed);
}

static enum la_err
relay_submit(
    void *self, uint64_t token, const char *from, const char *to, struct la_span data, struct la_error *error)
{
	struct la_relay_curl *relay = self;
	struct la_link_curl *link = free_link(relay);
	enum la_err err;

	if (link == NULL)
		return (la_error_set(error, LA_EUNAVAILABLE, "all %zu connections are in use", relay->link_count));
	if ((err = la_link_curl_give(link, token, from, to, data, error)) == LA_OK)
		relay->busy++;
	return (err);
}

static void
fill_result(const struct la_relay_curl *relay, const struct la_link_curl *link, struct la_relay_result *result)
{
	const struct la_smtp_verdict *verdict = &link->verdict;
	char what[80];

	*result = (struct la_relay_result){.token = link->token,
	    .outcome = la_smtp_outcome(verdict),
	    .stage = verdict->stage,
	    .smtp_code = verdict->code};
	memcpy(result->enhanced_code, verdict->enhanced, sizeof(verdict->enhanced));
	(void)snprintf(result->relay, sizeof(result->relay), "%s", relay->host);
	(void)la_smtp_describe(verdict, what, sizeof(what));
	if (verdict->end == LA_SMTP_UNREACHABLE)
		(void)snprintf(result->detail, sizeof(result->detail), "%s: %s (%s)", relay->host, what, link->why);
	else
		(void)snprintf(result->detail, sizeof(result->detail), "%s: %s", relay->host, what);
}

static void
collect(struct la_relay_curl *relay, struct la_relay_result *out, size_t cap, size_t *count)
{
	for (size_t i = 0; i < relay->link_count && *count < cap; i++) {
		if (!relay->links[i].is_done)
			continue;
		fill_result(relay, &relay->links[i], &out[(*count)++]);
		la_link_curl_take(&relay->links[i]);
		relay->busy--;
	}
}

/* Lets libcurl go on with the connections that it opens. */
static enum la_err
open_links(struct la_relay_curl *relay, struct la_error *error)
{
	struct la_link_curl *link;
	CURLMsg *message;
	CURLMcode code;
	int running, left;

	code = curl_multi_perform(relay->multi, &running);
	if (code != CURLM_OK)
		return (la_error_set(error, LA_EINTERNAL, "libcurl: %s", curl_multi_strerror(code)));
	while ((message = curl_multi_info_read(relay->multi, &left)) != NULL) {
		CURLcode result = message->data.result; /* gone with the handle's removal */

		if (message->msg != CURLMSG_DONE)
			continue;
		(void)curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&link);
		la_link_curl_opened(link, result);
	}
	return (LA_OK);
}

static enum la_err
poll_links(struct la_relay_curl *relay, int64_t wait_ms, int extra_fd, struct la_error *error)
{
	unsigned count = 0;
	size_t next = 0;
	CURLMcode code;

	for (size_t i = 0; i < relay->link_count; i++) {
		short events = la_link_curl_events(&relay->links[i]);

		if (events != 0)
			relay->fds[count++] = (struct curl_waitfd){.fd = relay->links[i].socket, .events = events};
	}
	if (extra_fd >= 0)
		relay->fds[count++] = (struct curl_waitfd){.fd = extra_fd, .events = CURL_WAIT_POLLIN};
	code = curl_multi_poll(relay->multi, relay->fds, count, (int)wait_ms, NULL);
	if (code != CURLM_OK)
		return (la_error_set(error, LA_EINTERNAL, "libcurl: %s", curl_multi_strerror(code)));
	/* In the order in which they were listed; being ready changes no other link. */
	for (size_t i = 0; i < relay->link_count; i++) {
		if (la_link_curl_events(&relay->links[i]) != 0 && relay->fds[next++].revents != 0)
			la_link_curl_ready(&relay->links[i]);
	}
	return (LA_OK);
}

/* How long nothing is to be done, if nothing comes. */
static int64_t
time_left(const struct la_relay_curl *relay, int64_t wait_ms)
{
	int64_t now_ms = la_clock_now_ms(NULL);

	for (size_t i = 0; i < relay->link_count; i++) {
		const struct la_link_curl *link = &relay->links[i];

		if (link->is_done)
			return (0);
		if (link->state != LA_LINK_CLOSED && link->deadline_ms - now_ms < wait_ms)
			wait_ms = link->deadline_ms > now_ms ? link->deadline_ms - now_ms : 0;
	}
	return (wait_ms);
}

/*
 * The loop may be kept elsewhere for seconds, by a broker that does not answer. That time does not count: the relay may
 * have answered in it, and libcurl could not go on with what it opens.
 */
static void
forgive_absence(struct la_relay_curl *relay)
{
	int64_t away_ms = la_clock_now_ms(NULL) - relay->looked_ms;

	for (size_t i = 0; i < relay->link_count; i++) {
		relay->links[i].started_ms += away_ms;
		relay->links[i].deadline_ms += away_ms;
	}
}

static void
look_at_deadlines(struct la_relay_curl *relay)
{
	int64_t now_ms = la_clock_now_ms(NULL);

	for (size_t i = 0; i < relay->link_count; i++) {
		if (relay->links[i].deadline_ms <= now_ms)
			la_link_curl_late(&relay->links[i]);
	}
}

static bool
is_opening(const struct la_relay_curl *relay)
{
	for (size_t i = 0; i < relay->link_count; i++) {
		if (relay->links[i].state == LA_LINK_OPENING)
			return (true);
	}
	return (false);
}

static enum la_err
relay_work(void *self, int wait_ms, int extra_fd, struct la_relay_result *out, size_t cap, size_t *count,
    struct la_error *error)
{
	struct la_relay_curl *relay = self;
	enum la_err err;

	*count = 0;
	forgive_absence(relay);
	if ((err = poll_links(relay, time_left(relay, wait_ms), extra_fd, error)) != LA_OK ||
	    (is_opening(relay) && (err = open_links(relay, error)) != LA_OK))
		return (err);
	look_at_deadlines(relay);
	collect(relay, out, cap, count);
	relay->looked_ms = la_clock_now_ms(NULL);
	return (LA_OK);
}

const struct la_relay la_relay_curl_functions = {NULL, relay_room, relay_submit, relay_work};
