/* The real relay over libcurl against the sink, for tests of the relay alone. */
#ifndef LA_TESTS_RELAY_CLIENT_H
#define LA_TESTS_RELAY_CLIENT_H

#include "certificate.h"
#include "conf_set.h"
#include "sink_process.h"

#include "common/clock.h"
#include "mailer/link_curl.h"
#include "mailer/relay_curl.h"

static const char message[] = "Subject: test\r\n\r\n.one\r\n..\r\ntext\r\n";
static const struct la_patience usual_patience = {20000, 20000, 20000, 20000, 40000, 40000};
static const struct la_patience short_patience = {
    .connect_ms = 1000, .opening_ms = 1000, .reply_ms = 1000, .final_reply_ms = 1000, .total_ms = 15000, .idle_ms = 15000};

static const struct la_relay_wait a_while = {.ms = 100, .fds = LA_RELAY_WAIT_NO_FDS},
    not_at_all = {.ms = 0, .fds = LA_RELAY_WAIT_NO_FDS};

/* The relay and the configuration it borrows from. */
struct client {
	struct la_conf *conf;
	struct la_relay_curl *relay;
	const struct la_relay *port;
};

enum security { PLAIN, STARTTLS, STARTTLS_AND_LOGIN, TLS_AT_ONCE };

static inline void
client_open(struct client *client, const struct sink *sink, enum security security, int connections)
{
	struct la_error error = LA_ERROR_INIT;

	assert_int_equal(la_conf_new(&client->conf, LA_PROGRAM_MAILER), LA_OK);
	set(client->conf, "smtp.url=%s://127.0.0.1:%d/mailer.test", security == TLS_AT_ONCE ? "smtps" : "smtp",
	    sink->port);
	set(client->conf, "smtp.connections=%d", connections);
	if (security == PLAIN)
		set(client->conf, "smtp.starttls=never");
	else
		set(client->conf, "smtp.ca.file=%s", trusted.pem);
	if (security == STARTTLS_AND_LOGIN) {
		set(client->conf, "smtp.user=mailer");
		set(client->conf, "smtp.password.file=%s", trusted.password);
	}
	if (la_relay_curl_new(&client->relay, client->conf, &error) != LA_OK)
		fail_msg("%s", error.text);
	la_relay_curl_set_patience(client->relay, &usual_patience);
	client->port = la_relay_curl_port(client->relay);
}

static inline void
client_close(struct client *client)
{
	la_relay_curl_free(client->relay);
	la_conf_free(client->conf);
}

static inline void
submit_to(struct client *client, size_t which, uint64_t token, const char *to)
{
	const struct la_relay_mail mail = {
	    .token = token, .from = "from@example.jp", .to = to, .data = la_span_text(message)};
	struct la_error error = LA_ERROR_INIT;

	if (client->port->submit(client->port->self, which, &mail, &error) != LA_OK)
		fail_msg("%s", error.text);
}

static inline void
submit(struct client *client, uint64_t token, const char *to)
{
	submit_to(client, 0, token, to);
}

static inline size_t
room(const struct client *client)
{
	return (client->port->room(client->port->self, 0));
}

/* The next result, within 60 s. */
static inline struct la_relay_result
next(struct client *client)
{
	int64_t until_ms = la_clock_now_ms(NULL) + 60000;
	struct la_relay_result result = {.token = UINT64_MAX};
	struct la_error error = LA_ERROR_INIT;
	size_t count = 0;

	while (count == 0 && la_clock_now_ms(NULL) < until_ms) {
		if (client->port->work(client->port->self, &a_while, &result, 1, &count, &error) != LA_OK)
			fail_msg("%s", error.text);
	}
	assert_int_equal(count, 1);
	return (result);
}

/* One after the other: each is sent. */
static inline void
send_some(struct client *client, int count, const char *to)
{
	for (int i = 0; i < count; i++) {
		struct la_relay_result result;

		submit(client, (uint64_t)i, to);
		result = next(client);
		if (result.outcome != LA_RELAY_SENT)
			fail_msg("%s", result.detail);
		assert_int_equal(result.token, i);
		assert_int_equal(result.smtp_code, 250);
	}
}

#endif
