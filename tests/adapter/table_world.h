/*
 * The mailer's loop with the real relay (libcurl, TLS, login) against the scripted sink; bus and ledger in memory.
 * Time is the world's own, for all of the mailer: it goes on by a millisecond while the sink is at work, and jumps
 * where nothing would happen but its passing (everyone waits, or the sink is silent). So the real limits of minutes and
 * waits of hours take no time, and a slow machine changes nothing.
 */
#ifndef LA_TESTS_TABLE_WORLD_H
#define LA_TESTS_TABLE_WORLD_H

#include <curl/curl.h>
#include <dlfcn.h>
#include <sys/stat.h>

#include "certificate.h"
#include "delivery_world.h"
#include "sink_process.h"

#include "common/clock.h"
#include "common/conf.h"
#include "mailer/relay_curl.h"

#define FIRST 2 /* the job that meets the answer; both are in one partition, in this order */
#define SECOND 4
#define PATIENCE_POLLS 6000 /* of 5 ms: then the sink has died */

/* What became of the first job's tries. */
struct tries {
	int64_t submitted_ms[64], answered_ms[64];
	size_t submitted, answered;
	enum la_relay_outcome outcome; /* of the first try */
	int64_t second_ms;             /* the other job's first submit; 0: none */
	bool is_paused;                /* nothing was taken from the bus before the next try */
	int64_t committed;             /* when the first job was tried again: so many of the two */
};

/* One cell's run. */
struct table {
	struct world *world;
	const struct sink *sink;
	struct la_conf *conf;
	struct la_relay_curl *curl;
	const struct la_relay *real;
	size_t under_way;
	uint64_t first_token;
	off_t stalls;
	unsigned polls;
	struct tries tries;
};

static struct table *the_table; /* the one that runs: whose time it is */

/* ---- time ---- */

int64_t
la_clock_now_ms(void *cookie)
{
	(void)cookie;
	return (the_table == NULL ? 0 : the_table->world->now_ms);
}

int64_t
la_clock_wall_ms(void *cookie)
{
	return (T0 + la_clock_now_ms(cookie));
}

static off_t
stalls_of(const struct sink *sink)
{
	char path[128];
	struct stat st;

	sink_path(sink, "mails/stalls", path);
	return (stat(path, &st) == 0 ? st.st_size : 0);
}

/* Ours, in the place of libcurl's: it waits as long as the world's time says. */
CURLMcode
curl_multi_poll(CURLM *multi, struct curl_waitfd fds[], unsigned count, int timeout_ms, int *ready)
{
	CURLMcode (*real)(CURLM *, struct curl_waitfd *, unsigned, int, int *);
	struct table *table = the_table;
	bool is_silent = table->under_way == 0 || stalls_of(table->sink) > table->stalls;

	*(void **)&real = dlsym(RTLD_NEXT, "curl_multi_poll");
	if (!is_silent && ++table->polls > PATIENCE_POLLS)
		fail_msg("the sink does nothing");
	table->world->now_ms += is_silent && timeout_ms > 0 && table->world->ledger.ask_count == 0 ? timeout_ms : 1;
	return (real(multi, fds, count, is_silent ? 0 : 5, ready));
}

/* ---- the relay, watched ---- */

static size_t
table_room(void *self, size_t which)
{
	const struct table *table = self;

	return (table->real->room(table->real->self, which));
}

static enum la_err
table_submit(void *self, size_t which, const struct la_relay_mail *mail, struct la_error *error)
{
	struct table *table = self;
	struct tries *tries = &table->tries;
	int64_t now_ms = table->world->now_ms;

	note_send(table->world, which, mail);
	if (strncmp(mail->to, "first@", 6) == 0) {
		assert_true(tries->submitted < 64);
		if (tries->submitted == 1)
			tries->committed = table->world->committed[0];
		tries->submitted_ms[tries->submitted++] = now_ms;
		table->first_token = mail->token;
	} else if (tries->second_ms == 0) {
		tries->second_ms = now_ms;
	}
	table->under_way++;
	table->polls = 0;
	return (table->real->submit(table->real->self, which, mail, error));
}

static void
table_trust(void *self, int64_t until_ms)
{
	const struct table *table = self;

	table->real->trust(table->real->self, until_ms);
}

static void
note_result(struct table *table, const struct la_relay_result *result)
{
	struct tries *tries = &table->tries;

	table->under_way--;
	table->stalls = stalls_of(table->sink);
	if (tries->answered == tries->submitted || result->token != table->first_token)
		return; /* the second job's */
	if (tries->answered == 0)
		tries->outcome = result->outcome;
	tries->answered_ms[tries->answered++] = table->world->now_ms;
}

static enum la_err
table_work(void *self, const struct la_relay_wait *wait, struct la_relay_result *out, size_t cap, size_t *count,
    struct la_error *error)
{
	struct table *table = self;
	struct world *world = table->world;
	enum la_err err = table->real->work(table->real->self, wait, out, cap, count, error);

	for (size_t i = 0; err == LA_OK && i < *count; i++)
		note_result(table, &out[i]);
	if (table->tries.answered == 1 && table->tries.submitted == 1)
		table->tries.is_paused = table->tries.is_paused || world->is_paused;
	if (is_all_committed(world))
		world->stopping = 1;
	return (err);
}

/* ---- a run ---- */

static void
configure(struct la_conf *conf, const char *key, const char *value)
{
	char text[256];

	(void)snprintf(text, sizeof(text), "%s=%s", key, value);
	assert_int_equal(la_conf_set(conf, text), LA_OK);
	assert_int_equal(la_conf_problem_count(conf), 0);
}

static void
open_relay(struct table *table)
{
	struct la_error error = LA_ERROR_INIT;
	char url[64];

	(void)snprintf(url, sizeof(url), "smtp://127.0.0.1:%d/mailer.test", table->sink->port);
	assert_int_equal(la_conf_new(&table->conf, LA_PROGRAM_MAILER), LA_OK);
	configure(table->conf, "smtp.url", url);
	configure(table->conf, "smtp.connections", "1");
	configure(table->conf, "smtp.ca.file", trusted.pem);
	configure(table->conf, "smtp.user", "mailer");
	configure(table->conf, "smtp.password.file", trusted.password);
	if (la_relay_curl_new(&table->curl, table->conf, &error) != LA_OK)
		fail_msg("%s", error.text);
	table->real = la_relay_curl_port(table->curl);
}

static void
table_open(struct table *table, const struct sink *sink)
{
	void *state;

	*table = (struct table){.sink = sink, .stalls = stalls_of(sink)};
	assert_int_equal(setup(&state), 0);
	table->world = state;
	the_table = table;
	open_relay(table);
	table->world->relay = (struct la_relay){
	    table, table->real->names, 1, table_room, table_submit, table_trust, table_work};
	set_schedule(table->world, "30s,2m,5m*2,15m,1h*4");
	reopen_loop(table->world);
}

static void
table_close(struct table *table)
{
	void *state = table->world;

	la_relay_curl_free(table->curl);
	la_conf_free(table->conf);
	the_table = NULL;
	assert_int_equal(teardown(&state), 0);
}

#endif
