#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/file.h"
#include "mailer/relay_internal_curl.h"

/* RFC 5321 section 4.5.3.2 is more patient; an alert is of little use after hours. */
static const struct la_patience usual = {.connect_ms = 10000,
    .opening_ms = 60000,
    .reply_ms = 60000,
    .final_reply_ms = 300000,
    .total_ms = 600000,
    .idle_ms = 60000};

/* What is the same for every relay. */
static enum la_err
read_conf(struct la_relay_curl *relay, const struct la_conf *conf, struct la_link_curl_options *link,
    struct la_error *error)
{
	const char *password_path = la_conf_text(conf, "smtp.password.file");
	enum la_err err;

	link->requires_tls = la_conf_int(conf, "smtp.starttls") == 0; /* the first choice: required */
	link->user = la_conf_text(conf, "smtp.user");
	link->ca_file = la_conf_text(conf, "smtp.ca.file");
	link->mails_max = (uint32_t)la_conf_int(conf, "smtp.mails-per-connection");
	link->patience = &relay->patience;
	link->until_ms = &relay->until_ms;
	if ((link->user == NULL) != (password_path == NULL))
		return (la_error_set(error, LA_ECONFIG, "smtp.user and smtp.password.file go together"));
	if (password_path != NULL && (err = la_file_read_secret(password_path, &relay->password, error)) != LA_OK) {
		la_error_prefix(error, "smtp.password.file");
		return (err);
	}
	link->password = password_path == NULL ? NULL : (const char *)relay->password.data;
	return (LA_OK);
}

/* The URLs of the list, in order of preference. */
static enum la_err
read_urls(struct la_relay_curl *relay, const char *list, struct la_error *error)
{
	char url[LA_RELAY_URL_BYTES];
	enum la_err err;

	while (la_relay_url_next(&list, url)) {
		struct la_relay_curl_one *one = &relay->relays[relay->relay_count];

		if (relay->relay_count == LA_RELAYS_MAX)
			return (la_error_set(error, LA_ECONFIG, "smtp.url: at most %d relays", LA_RELAYS_MAX));
		if ((err = la_relay_url_read(url, &one->url, one->name, error)) != LA_OK)
			return (err);
		relay->names[relay->relay_count++] = one->name;
	}
	if (relay->relay_count == 0)
		return (la_error_set(error, LA_ECONFIG, "smtp.url: no relay"));
	return (LA_OK);
}

static enum la_err
make_links(struct la_relay_curl *relay, struct la_relay_curl_one *one, struct la_link_curl_options *options,
    struct la_error *error)
{
	enum la_err err;

	options->url = one->url;
	if (strncmp(one->url, "smtps:", 6) == 0)
		options->requires_tls = true;
	if (options->user != NULL && !options->requires_tls)
		return (la_error_set(error, LA_ECONFIG,
		    "smtp.user: no password goes without TLS; smtp.starttls=required or smtps:// is wanted"));
	one->links = &relay->links[relay->link_count];
	for (size_t i = 0; i < relay->links_each; i++) {
		err = la_link_curl_init(&relay->links[relay->link_count++], options, error);
		if (err != LA_OK)
			return (err);
	}
	return (LA_OK);
}

static enum la_err
make_all_links(struct la_relay_curl *relay, const struct la_link_curl_options *usual_options, struct la_error *error)
{
	size_t count = relay->relay_count * relay->links_each;
	enum la_err err = LA_OK;

	relay->multi = curl_multi_init();
	relay->links = calloc(count, sizeof(relay->links[0]));
	relay->fds = calloc(count + LA_RELAY_WAIT_FDS, sizeof(relay->fds[0]));
	if (relay->multi == NULL || relay->links == NULL || relay->fds == NULL)
		return (la_error_set(error, LA_ENOMEM, "out of memory for %zu connections", count));
	/* libcurl closes the oldest connection beyond its limit, whoever uses it. */
	(void)curl_multi_setopt(relay->multi, CURLMOPT_MAXCONNECTS, (long)count + 1);
	for (size_t i = 0; i < relay->relay_count && err == LA_OK; i++) {
		struct la_link_curl_options options = *usual_options;

		options.multi = relay->multi;
		err = make_links(relay, &relay->relays[i], &options, error);
	}
	return (err);
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
	relay->patience = usual;
	relay->looked_ms = la_clock_now_ms(NULL);
	relay->until_ms = INT64_MAX;
	relay->links_each = (size_t)la_conf_int(conf, "smtp.connections");
	if ((err = read_conf(relay, conf, &link, error)) != LA_OK ||
	    (err = read_urls(relay, la_conf_text(conf, "smtp.url"), error)) != LA_OK ||
	    (err = make_all_links(relay, &link, error)) != LA_OK) {
		la_relay_curl_free(relay);
		return (err);
	}
	relay->port = la_relay_curl_functions;
	relay->port.self = relay;
	relay->port.names = relay->names;
	relay->port.count = relay->relay_count;
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
	for (size_t i = 0; i < LA_RELAYS_MAX; i++)
		free(relay->relays[i].url);
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
la_relay_curl_check(struct la_relay_curl *relay, size_t which, int timeout_ms, struct la_error *error)
{
	struct la_link_curl *link = &relay->relays[which].links[0];
	struct la_relay_result result;
	int64_t until_ms = la_clock_now_ms(NULL) + timeout_ms, left_ms;
	size_t count = 0;
	enum la_err err;

	if ((err = la_link_curl_probe(link, error)) != LA_OK)
		return (err);
	relay->relays[which].busy++;
	while (count == 0 && (left_ms = until_ms - la_clock_now_ms(NULL)) > 0) {
		const struct la_relay_wait wait = {.ms = (int)left_ms, .fds = LA_RELAY_WAIT_NO_FDS};

		if ((err = relay->port.work(relay, &wait, &result, 1, &count, error)) != LA_OK)
			return (err);
	}
	if (count == 0)
		return (la_error_set(
		    error, LA_ETIMEOUT, "relay %s: no answer within %d ms", relay->names[which], timeout_ms));
	if (link->verdict.end == LA_SMTP_REPLIED && link->verdict.code == 250)
		return (LA_OK);
	return (la_error_set(error, LA_EUNAVAILABLE, "relay %s", result.detail));
}
