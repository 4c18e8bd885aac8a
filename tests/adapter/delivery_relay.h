/* The relays of the mailer's world in memory: they answer by rules, after a latency, over so many connections. */
#ifndef LA_TESTS_DELIVERY_RELAY_H
#define LA_TESTS_DELIVERY_RELAY_H

#include "delivery_bus.h"

static size_t
relay_room(void *self, size_t which)
{
	const struct world *world = self;
	size_t used = 0;

	for (size_t i = 0; i < RELAYS * CONNECTIONS; i++)
		used += world->flights[i].is_used && world->flights[i].which == which;
	assert_true(used <= CONNECTIONS);
	return (CONNECTIONS - used);
}

static void
note_send(struct world *world, size_t which, const struct la_relay_mail *mail)
{
	struct send *send = &world->sends[world->send_count++];
	const char *id = memmem(mail->data.data, mail->data.size, "Message-ID: <", 13);
	const char *language = memmem(mail->data.data, mail->data.size, "Content-Language: ", 18);
	char job_id[LA_ID_HEX];

	assert_true(world->send_count < SENDS);
	assert_non_null(id);
	assert_non_null(language);
	language += strlen("Content-Language: ");
	(void)snprintf(send->language, sizeof(send->language), "%.*s", (int)strcspn(language, "\r"), language);
	(void)snprintf(send->to, sizeof(send->to), "%.*s", (int)strcspn(mail->to, "@"), mail->to);
	(void)snprintf(send->message_id, sizeof(send->message_id), "%.*s", (int)strcspn(id + 12, "\r"), id + 12);
	send->at_ms = world->now_ms;
	send->which = which;
	(void)snprintf(job_id, sizeof(job_id), "%.32s", id + 13);
	assert_true(memory_ledger_may_send(&world->ledger, job_id)); /* P2 */
}

static enum la_err
relay_submit(void *self, size_t which, const struct la_relay_mail *mail, struct la_error *error)
{
	struct world *world = self;

	(void)error;
	assert_true(relay_room(world, which) > 0);
	for (size_t i = 0; i < RELAYS * CONNECTIONS; i++) {
		if (world->flights[i].is_used)
			continue;
		world->flights[i] = (struct flight){
		    .is_used = true, .mail = *mail, .which = which, .done_ms = world->now_ms + world->latency_ms};
		if (++world->in_flight > world->most_in_flight)
			world->most_in_flight = world->in_flight;
		world->flights[i].is_over_limit = world->limit > 0 && world->in_flight > world->limit;
		note_send(world, which, mail);
		return (LA_OK);
	}
	fail_msg("more mails than connections");
	return (LA_EUNAVAILABLE);
}

static void
withdraw_flights(struct world *world)
{
	for (size_t i = 0; i < RELAYS * CONNECTIONS && world->now_ms >= world->until_ms; i++)
		world->flights[i].is_withdrawn = world->flights[i].is_used;
}

static void
relay_trust(void *self, int64_t until_ms)
{
	struct world *world = self;

	withdraw_flights(world);
	world->until_ms = until_ms;
}

static struct la_relay_result
answer(struct world *world, const struct flight *flight)
{
	struct la_relay_result result = {.token = flight->mail.token,
	    .which = flight->which,
	    .outcome = LA_RELAY_SENT,
	    .stage = LA_SMTP_END_OF_DATA,
	    .smtp_code = 250};

	assert_string_equal(flight->mail.from, "jmb_confirmation@jal.com");
	assert_true(flight->mail.data.size > 1000);
	if (flight->is_withdrawn) {
		result.outcome = LA_RELAY_WITHDRAWN;
		return (result);
	}
	(void)snprintf(result.detail, sizeof(result.detail), "as the script says");
	if (flight->is_over_limit) {
		result.outcome = LA_RELAY_DEFER;
		result.stage = LA_SMTP_BANNER;
		result.smtp_code = 421;
		return (result);
	}
	(void)snprintf(result.enhanced_code, sizeof(result.enhanced_code), "2.0.0");
	for (size_t r = 0; world->rules != NULL && world->rules[r].to != NULL; r++) {
		const struct rule *rule = &world->rules[r];
		size_t size = strlen(rule->to);

		if (strncmp(flight->mail.to, rule->to, size) != 0 || world->used[r] >= rule->times ||
		    (world->is_second_well && flight->which != 0))
			continue;
		world->used[r]++;
		result.outcome = rule->outcome;
		result.stage = rule->stage;
		result.smtp_code = rule->code;
		result.enhanced_code[0] = '\0';
		break;
	}
	return (result);
}

/* Until the next answer, at most wait_ms; time always goes on. */
static int64_t
till_next(const struct world *world, int wait_ms)
{
	int64_t wait = wait_ms > 0 && world->ledger.ask_count == 0 ? wait_ms : 1;

	for (size_t i = 0; i < RELAYS * CONNECTIONS && !world->is_relay_stuck; i++) {
		int64_t left = world->flights[i].done_ms - world->now_ms;

		if (world->flights[i].is_used && left < wait)
			wait = left > 0 ? left : 1;
	}
	return (wait);
}

static enum la_err
relay_work(void *self, const struct la_relay_wait *wait, struct la_relay_result *out, size_t cap, size_t *count,
    struct la_error *error)
{
	struct world *world = self;

	(void)error;
	*count = 0;
	for (size_t i = 0; i < LA_RELAY_WAIT_FDS; i++)
		assert_int_equal(wait->fds[i], -1); /* nothing in this world has one */
	withdraw_flights(world);
	for (size_t i = 0; i < RELAYS * CONNECTIONS && *count < cap; i++) {
		struct flight *flight = &world->flights[i];

		if (!flight->is_used ||
		    (!flight->is_withdrawn && (world->is_relay_stuck || flight->done_ms > world->now_ms)))
			continue;
		out[(*count)++] = answer(world, flight);
		flight->is_used = false;
		world->in_flight--;
	}
	if (*count == 0)
		world->now_ms += till_next(world, wait->ms);
	if (world->on_work != NULL)
		world->on_work(world);
	if (world->stop_at_ms == 0 ? is_all_committed(world) : world->now_ms >= world->stop_at_ms)
		world->stopping = 1;
	assert_true(world->now_ms < T0); /* it is never over: a test that hangs */
	return (LA_OK);
}

#endif
