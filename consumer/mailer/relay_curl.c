#include "mailer/relay_curl.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/clock.h"
#include "common/file.h"
#include "mailer/lane_curl.h"

#define LOCAL_PORTS 65536

struct la_relay_curl {
	struct la_relay port;
	CURLM *multi;
	struct la_lane_curl *lanes;
	size_t lane_count, busy;
	uint32_t *mails_by_port;
	const char *url; /* conf's */
	char host[256];  /* host:port for records and log */
	struct la_buf password;
};

static size_t
relay_room(void *self)
{
	struct la_relay_curl *relay = self;

	return (relay->lane_count - relay->busy);
}

static enum la_err
start(struct la_relay_curl *relay, struct la_lane_curl *lane, struct la_error *error)
{
	CURLMcode code = curl_multi_add_handle(relay->multi, lane->easy);

	if (code != CURLM_OK)
		return (la_error_set(error, LA_ENOMEM, "libcurl: %s", curl_multi_strerror(code)));
	return (LA_OK);
}

static enum la_err
relay_submit(
    void *self, uint64_t token, const char *from, const char *to, struct la_span data, struct la_error *error)
{
	struct la_relay_curl *relay = self;
	enum la_err err;

	for (size_t i = 0; i < relay->lane_count; i++) {
		struct la_lane_curl *lane = &relay->lanes[i];

		if (lane->is_busy)
			continue;
		if ((err = la_lane_curl_load(lane, from, to, data, error)) != LA_OK ||
		    (err = start(relay, lane, error)) != LA_OK)
			return (err);
		lane->token = token;
		lane->is_busy = true;
		relay->busy++;
		return (LA_OK);
	}
	return (la_error_set(error, LA_EUNAVAILABLE, "all %zu connections are in use", relay->lane_count));
}

static void
fill_result(const struct la_relay_curl *relay, struct la_lane_curl *lane, CURLcode code, struct la_relay_result *result)
{
	*result = (struct la_relay_result){.token = lane->token};
	lane->transport = la_lane_curl_transport(code);
	la_conversation_judge(&lane->conversation, lane->transport, result);
	(void)snprintf(result->relay, sizeof(result->relay), "%s", relay->host);
	(void)snprintf(result->detail, sizeof(result->detail), "%s at %s, code %d, %s", relay->host,
	    la_smtp_stage_name(result->stage), result->smtp_code, curl_easy_strerror(code));
}

/*
 * A connection that was kept may have been closed by the relay in the meantime: nothing of the mail was said yet, so
 * it is tried once more over a new one.
 */
static bool
was_stale(const struct la_lane_curl *lane, const struct la_relay_result *result)
{
	return (!lane->is_second_try && !lane->conversation.is_new && result->outcome == LA_RELAY_DEFER &&
	    result->stage <= LA_SMTP_MAIL && (result->smtp_code == 0 || result->smtp_code == 421) &&
	    lane->conversation.stage == LA_SMTP_MAIL);
}

/* Takes the finished transfers from libcurl. */
static enum la_err
collect(struct la_relay_curl *relay, struct la_relay_result *out, size_t cap, size_t *count, struct la_error *error)
{
	struct la_lane_curl *lane;
	CURLMsg *message;
	CURLcode code;
	enum la_err err;
	int left;

	while (*count < cap && (message = curl_multi_info_read(relay->multi, &left)) != NULL) {
		if (message->msg != CURLMSG_DONE)
			continue;
		code = message->data.result; /* gone with the handle's removal */
		(void)curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&lane);
		(void)curl_multi_remove_handle(relay->multi, lane->easy);
		fill_result(relay, lane, code, &out[*count]);
		if (was_stale(lane, &out[*count])) {
			if ((err = la_lane_curl_reload_fresh(lane, error)) != LA_OK ||
			    (err = start(relay, lane, error)) != LA_OK)
				return (err);
			continue;
		}
		lane->is_busy = false;
		relay->busy--;
		(*count)++;
	}
	return (LA_OK);
}

static enum la_err
perform(struct la_relay_curl *relay, struct la_relay_result *out, size_t cap, size_t *count, struct la_error *error)
{
	CURLMcode code;
	int running;

	code = curl_multi_perform(relay->multi, &running);
	if (code != CURLM_OK)
		return (la_error_set(error, LA_EINTERNAL, "libcurl: %s", curl_multi_strerror(code)));
	return (collect(relay, out, cap, count, error));
}

static enum la_err
relay_work(void *self, int wait_ms, int extra_fd, struct la_relay_result *out, size_t cap, size_t *count,
    struct la_error *error)
{
	struct la_relay_curl *relay = self;
	struct curl_waitfd extra = {.fd = extra_fd, .events = CURL_WAIT_POLLIN};
	CURLMcode code;
	enum la_err err;

	*count = 0;
	err = perform(relay, out, cap, count, error);
	if (err != LA_OK || *count > 0)
		return (err);
	code = curl_multi_poll(relay->multi, &extra, extra_fd >= 0 ? 1 : 0, wait_ms, NULL);
	if (code != CURLM_OK)
		return (la_error_set(error, LA_EINTERNAL, "libcurl: %s", curl_multi_strerror(code)));
	return (perform(relay, out, cap, count, error));
}

/* "host:port" of an smtp URL, for people. */
static enum la_err
read_host(struct la_relay_curl *relay, struct la_error *error)
{
	CURLU *parts = curl_url();
	char *host = NULL, *port = NULL;
	enum la_err err = LA_OK;

	if (parts == NULL || curl_url_set(parts, CURLUPART_URL, relay->url, 0) != CURLUE_OK ||
	    curl_url_get(parts, CURLUPART_HOST, &host, 0) != CURLUE_OK ||
	    curl_url_get(parts, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) != CURLUE_OK)
		err = la_error_set(error, LA_ECONFIG, "smtp.url: smtp://host:port/name-for-EHLO is wanted");
	else
		(void)snprintf(relay->host, sizeof(relay->host), "%s:%s", host, port);
	curl_free(host);
	curl_free(port);
	curl_url_cleanup(parts);
	return (err);
}

static enum la_err
read_conf(struct la_relay_curl *relay, const struct la_conf *conf, struct la_lane_curl_options *lane,
    struct la_error *error)
{
	const char *password_path = la_conf_text(conf, "smtp.password.file");
	bool is_tls_at_once = strncmp(relay->url, "smtps:", 6) == 0;
	enum la_err err;

	lane->url = relay->url;
	lane->requires_tls = is_tls_at_once || la_conf_int(conf, "smtp.starttls") == 0; /* required */
	lane->user = la_conf_text(conf, "smtp.user");
	lane->ca_file = la_conf_text(conf, "smtp.ca.file");
	lane->mails_by_port = relay->mails_by_port;
	lane->mails_max = (uint32_t)la_conf_int(conf, "smtp.mails-per-connection");
	if ((lane->user == NULL) != (password_path == NULL))
		return (la_error_set(error, LA_ECONFIG, "smtp.user and smtp.password.file go together"));
	if (lane->user != NULL && !lane->requires_tls)
		return (la_error_set(error, LA_ECONFIG,
		    "smtp.user: no password goes over a connection without TLS; smtp.starttls=required or smtps:// is wanted"));
	if (password_path != NULL && (err = la_file_read_secret(password_path, &relay->password, error)) != LA_OK) {
		la_error_prefix(error, "smtp.password.file");
		return (err);
	}
	lane->password = password_path == NULL ? NULL : (const char *)relay->password.data;
	return (read_host(relay, error));
}

static enum la_err
open_lanes(struct la_relay_curl *relay, const struct la_lane_curl_options *options, size_t count, struct la_error *error)
{
	enum la_err err;

	relay->multi = curl_multi_init();
	relay->lanes = calloc(count, sizeof(relay->lanes[0]));
	if (relay->multi == NULL || relay->lanes == NULL)
		return (la_error_set(error, LA_ENOMEM, "out of memory for %zu connections", count));
	(void)curl_multi_setopt(relay->multi, CURLMOPT_MAXCONNECTS, (long)count);
	(void)curl_multi_setopt(relay->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, (long)count);
	while (relay->lane_count < count) {
		err = la_lane_curl_init(&relay->lanes[relay->lane_count++], options, error);
		if (err != LA_OK)
			return (err);
	}
	return (LA_OK);
}

enum la_err
la_relay_curl_new(struct la_relay_curl **out, const struct la_conf *conf, struct la_error *error)
{
	struct la_relay_curl *relay = calloc(1, sizeof(*relay));
	struct la_lane_curl_options lane = {0};
	enum la_err err;

	if (relay == NULL || (relay->mails_by_port = calloc(LOCAL_PORTS, sizeof(relay->mails_by_port[0]))) == NULL ||
	    curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
		err = la_error_set(error, LA_ENOMEM, "out of memory for the relay");
		goto out;
	}
	relay->port = (struct la_relay){relay, relay_room, relay_submit, relay_work};
	relay->url = la_conf_text(conf, "smtp.url");
	if ((err = read_conf(relay, conf, &lane, error)) != LA_OK)
		goto out;
	err = open_lanes(relay, &lane, (size_t)la_conf_int(conf, "smtp.connections"), error);
	if (err != LA_OK)
		goto out;
	*out = relay;
	return (LA_OK);

out:
	la_relay_curl_free(relay);
	return (err);
}

void
la_relay_curl_free(struct la_relay_curl *relay)
{
	if (relay == NULL)
		return;
	for (size_t i = 0; i < relay->lane_count; i++) {
		if (relay->lanes[i].is_busy)
			(void)curl_multi_remove_handle(relay->multi, relay->lanes[i].easy);
		la_lane_curl_clear(&relay->lanes[i]);
	}
	free(relay->lanes);
	(void)curl_multi_cleanup(relay->multi); /* says QUIT where a connection is idle */
	la_file_wipe(&relay->password);
	free(relay->mails_by_port);
	free(relay);
}

const struct la_relay *
la_relay_curl_port(struct la_relay_curl *relay)
{
	return (&relay->port);
}

enum la_err
la_relay_curl_check(struct la_relay_curl *relay, int timeout_ms, struct la_error *error)
{
	struct la_lane_curl *lane = &relay->lanes[0];
	struct la_relay_result result;
	int64_t until_ms = la_clock_now_ms(NULL) + timeout_ms, left_ms;
	size_t count = 0;
	enum la_err err;

	if ((err = la_lane_curl_load_probe(lane, error)) != LA_OK || (err = start(relay, lane, error)) != LA_OK)
		return (err);
	lane->is_busy = true;
	relay->busy++;
	while (count == 0 && (left_ms = until_ms - la_clock_now_ms(NULL)) > 0) {
		if ((err = relay_work(relay, (int)left_ms, -1, &result, 1, &count, error)) != LA_OK)
			return (err);
	}
	if (count == 0)
		return (la_error_set(error, LA_ETIMEOUT, "relay %s: no answer within %d ms", relay->host, timeout_ms));
	if (lane->transport == LA_TRANSPORT_DONE)
		return (LA_OK); /* EHLO, STARTTLS, AUTH and NOOP were answered well */
	return (la_error_set(error, LA_EUNAVAILABLE, "relay %s", result.detail));
}
