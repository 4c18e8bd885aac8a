#include "mailer/relay_curl.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/clock.h"
#include "common/file.h"
#include "mailer/link_curl.h"
#include "mailer/relay_url.h"

/* RFC 5321 section 4.5.3.2 is more patient; an alert is of little use after hours. */
static const struct la_patience usual = {.connect_ms = 10000,
    .opening_ms = 60000,
    .reply_ms = 60000,
    .final_reply_ms = 300000,
    .total_ms = 600000,
    .idle_ms = 60000};

struct la_relay_curl {
	struct la_relay port;
	CURLM *multi;
	struct la_link_curl *links;
	struct curl_waitfd *fds; /* one more than links */
	size_t link_count, busy;
	struct la_patience patience;
	char *url;
	char host[LA_RELAY_HOST_BYTES]; /* for records and log */
	struct la_buf password;
};

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

/* After what came was read: the caller may have been away for longer than a limit, the relay was not. */
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
	if ((err = poll_links(relay, time_left(relay, wait_ms), extra_fd, error)) != LA_OK ||
	    (is_opening(relay) && (err = open_links(relay, error)) != LA_OK))
		return (err);
	look_at_deadlines(relay);
	collect(relay, out, cap, count);
	return (LA_OK);
}

static enum la_err
read_conf(struct la_relay_curl *relay, const struct la_conf *conf, struct la_link_curl_options *link,
    struct la_error *error)
{
	const char *password_path = la_conf_text(conf, "smtp.password.file");
	enum la_err err;

	if ((err = la_relay_url_read(la_conf_text(conf, "smtp.url"), &relay->url, relay->host, error)) != LA_OK)
		return (err);
	link->url = relay->url;
	link->requires_tls = strncmp(relay->url, "smtps:", 6) == 0 ||
	    la_conf_int(conf, "smtp.starttls") == 0; /* the first choice: required */
	link->user = la_conf_text(conf, "smtp.user");
	link->ca_file = la_conf_text(conf, "smtp.ca.file");
	link->mails_max = (uint32_t)la_conf_int(conf, "smtp.mails-per-connection");
	link->patience = &relay->patience;
	if ((link->user == NULL) != (password_path == NULL))
		return (la_error_set(error, LA_ECONFIG, "smtp.user and smtp.password.file go together"));
	if (link->user != NULL && !link->requires_tls)
		return (la_error_set(error, LA_ECONFIG,
		    "smtp.user: no password goes without TLS; smtp.starttls=required or smtps:// is wanted"));
	if (password_path != NULL && (err = la_file_read_secret(password_path, &relay->password, error)) != LA_OK) {
		la_error_prefix(error, "smtp.password.file");
		return (err);
	}
	link->password = password_path == NULL ? NULL : (const char *)relay->password.data;
	return (LA_OK);
}

static enum la_err
make_links(struct la_relay_curl *relay, struct la_link_curl_options *options, size_t count, struct la_error *error)
{
	enum la_err err;

	relay->multi = options->multi = curl_multi_init();
	relay->links = calloc(count, sizeof(relay->links[0]));
	relay->fds = calloc(count + 1, sizeof(relay->fds[0]));
	if (relay->multi == NULL || relay->links == NULL || relay->fds == NULL)
		return (la_error_set(error, LA_ENOMEM, "out of memory for %zu connections", count));
	/* libcurl closes the oldest connection beyond its limit, whoever uses it. */
	(void)curl_multi_setopt(relay->multi, CURLMOPT_MAXCONNECTS, (long)count + 1);
	while (relay->link_count < count) {
		err = la_link_curl_init(&relay->links[relay->link_count++], options, error);
		if (err != LA_OK)
			return (err);
	}
	return (LA_OK);
}

enum la_err
la_relay_curl_new(struct la_relay_curl **out, const struct la_conf *conf, struct la_error *error)
{
	struct la_relay_curl *relay = calloc(1, sizeof(*relay));
	struct la_link_curl_options link = {.multi = NULL};
	enum la_err err;

	if (relay == NULL || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
		free(relay);
		return (la_error_set(error, LA_ENOMEM, "out of memory for the relay"));
	}
	relay->port = (struct la_relay){relay, relay_room, relay_submit, relay_work};
	relay->patience = usual;
	if ((err = read_conf(relay, conf, &link, error)) != LA_OK ||
	    (err = make_links(relay, &link, (size_t)la_conf_int(conf, "smtp.connections"), error)) != LA_OK) {
		la_relay_curl_free(relay);
		return (err);
	}
	*out = relay;
	return (LA_OK);
}

void
la_relay_curl_free(struct la_relay_curl *relay)
{
	if (relay == NULL)
		return;
	for (size_t i = 0; i < relay->link_count; i++)
		la_link_curl_clear(&relay->links[i]);
	free(relay->links);
	free(relay->fds);
	(void)curl_multi_cleanup(relay->multi);
	la_file_wipe(&relay->password);
	free(relay->url);
	free(relay);
	curl_global_cleanup();
}

const struct la_relay *
la_relay_curl_port(struct la_relay_curl *relay)
{
	return (&relay->port);
}

void
la_relay_curl_set_patience(struct la_relay_curl *relay, const struct la_patience *patience)
{
	relay->patience = *patience;
}

enum la_err
la_relay_curl_check(struct la_relay_curl *relay, int timeout_ms, struct la_error *error)
{
	struct la_link_curl *link = &relay->links[0];
	struct la_relay_result result;
	int64_t until_ms = la_clock_now_ms(NULL) + timeout_ms, left_ms;
	size_t count = 0;
	enum la_err err;

	if ((err = la_link_curl_probe(link, error)) != LA_OK)
		return (err);
	relay->busy++;
	while (count == 0 && (left_ms = until_ms - la_clock_now_ms(NULL)) > 0) {
		if ((err = relay_work(relay, (int)left_ms, -1, &result, 1, &count, error)) != LA_OK)
			return (err);
	}
	if (count == 0)
		return (la_error_set(error, LA_ETIMEOUT, "relay %s: no answer within %d ms", relay->host, timeout_ms));
	if (link->verdict.end == LA_SMTP_REPLIED && link->verdict.code == 250)
		return (LA_OK);
	return (la_error_set(error, LA_EUNAVAILABLE, "relay %s", result.detail));
}
