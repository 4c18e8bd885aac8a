#include "mailer/relay_curl.h"

#include <stdio.h>

#include "common/clock.h"
#include "mailer/relay_internal_curl.h"

static size_t
relay_room(void *self, size_t which)
{
	const struct la_relay_curl *relay = self;

	return (relay->links_each - relay->relays[which].busy);
}

/* An open connection before a closed one. */
static struct la_link_curl *
free_link(struct la_relay_curl *relay, size_t which)
{
	struct la_link_curl *links = relay->relays[which].links, *closed = NULL;

	for (size_t i = 0; i < relay->links_each; i++) {
		if (links[i].has_task)
			continue;
		if (links[i].state == LA_LINK_OPEN)
			return (&links[i]);
		if (closed == NULL)
			closed = &links[i];
	}
	return (closed);
}

static enum la_err
relay_submit(void *self, size_t which, const struct la_relay_mail *mail, struct la_error *error)
{
	struct la_relay_curl *relay = self;
	struct la_link_curl *link = free_link(relay, which);
	enum la_err err;

	if (link == NULL)
		return (la_error_set(error, LA_EUNAVAILABLE, "all %zu connections are in use", relay->links_each));
	if ((err = la_link_curl_give(link, mail->token, mail->from, mail->to, mail->data, error)) == LA_OK)
		relay->relays[which].busy++;
	return (err);
}

/* What is not ours to be sent any more is not sent. */
static void
look_at_trust(struct la_relay_curl *relay)
{
	if (la_clock_now_ms(NULL) < relay->until_ms)
		return;
	for (size_t i = 0; i < relay->link_count; i++)
		la_link_curl_withdraw(&relay->links[i]);
}

static void
relay_trust(void *self, int64_t until_ms)
{
	struct la_relay_curl *relay = self;

	look_at_trust(relay);
	relay->until_ms = until_ms;
}

static void
fill_result(const struct la_relay_curl *relay, size_t index, struct la_relay_result *result)
{
	const struct la_link_curl *link = &relay->links[index];
	const struct la_smtp_verdict *verdict = &link->verdict;
	const char *name = relay->names[index / relay->links_each];
	char what[80];

	*result = (struct la_relay_result){.token = link->token,
	    .which = index / relay->links_each,
	    .outcome = la_smtp_outcome(verdict),
	    .stage = verdict->stage,
	    .smtp_code = verdict->code};
	memcpy(result->enhanced_code, verdict->enhanced, sizeof(verdict->enhanced));
	(void)la_smtp_describe(verdict, what, sizeof(what));
	if (verdict->end == LA_SMTP_UNREACHABLE)
		(void)snprintf(result->detail, sizeof(result->detail), "%s: %s (%s)", name, what, link->why);
	else
		(void)snprintf(result->detail, sizeof(result->detail), "%s: %s", name, what);
}

static void
collect(struct la_relay_curl *relay, struct la_relay_result *out, size_t cap, size_t *count)
{
	for (size_t i = 0; i < relay->link_count && *count < cap; i++) {
		if (!relay->links[i].is_done)
			continue;
		fill_result(relay, i, &out[(*count)++]);
		la_link_curl_take(&relay->links[i]);
		relay->relays[i / relay->links_each].busy--;
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
poll_links(struct la_relay_curl *relay, int64_t wait_ms, const struct la_relay_wait *wait, struct la_error *error)
{
	unsigned count = 0;
	size_t next = 0;
	CURLMcode code;

	for (size_t i = 0; i < relay->link_count; i++) {
		short events = la_link_curl_events(&relay->links[i]);

		if (events != 0)
			relay->fds[count++] = (struct curl_waitfd){.fd = relay->links[i].socket, .events = events};
	}
	for (size_t i = 0; i < LA_RELAY_WAIT_FDS; i++) {
		if (wait->fds[i] >= 0)
			relay->fds[count++] = (struct curl_waitfd){.fd = wait->fds[i], .events = CURL_WAIT_POLLIN};
	}
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
relay_work(void *self, const struct la_relay_wait *wait, struct la_relay_result *out, size_t cap, size_t *count,
    struct la_error *error)
{
	struct la_relay_curl *relay = self;
	enum la_err err;

	*count = 0;
	forgive_absence(relay);
	if ((err = poll_links(relay, time_left(relay, wait->ms), wait, error)) != LA_OK ||
	    (is_opening(relay) && (err = open_links(relay, error)) != LA_OK))
		return (err);
	look_at_trust(relay);
	look_at_deadlines(relay);
	collect(relay, out, cap, count);
	relay->looked_ms = la_clock_now_ms(NULL);
	return (LA_OK);
}

const struct la_relay la_relay_curl_functions = {
    .room = relay_room, .submit = relay_submit, .trust = relay_trust, .work = relay_work};
