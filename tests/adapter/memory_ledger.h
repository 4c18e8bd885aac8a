/*
 * A ledger in memory that outlives the mailers of a test. Answers come when time has
 * passed, as over a wire. It checks its caller: no mark without a claim, no mail
 * (memory_ledger_may_send) without one that holds.
 */
#ifndef LA_TESTS_MEMORY_LEDGER_H
#define LA_TESTS_MEMORY_LEDGER_H

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "common/job.h"
#include "mailer/ledger.h"

#include "fault.h"

#define LEDGER_ENTRIES 4096
#define LEDGER_ASKS 4096
#define LEDGER_LEASE_MS 10000
#define LEDGER_US 1 /* the first mailer of ours; each restart is the next */
#define LEDGER_OTHER 1000

struct ledger_entry {
	char job_id[LA_ID_HEX];
	int owner; /* 0: nobody's */
	bool is_sent;
	int64_t ttl_s;
};

struct ledger_ask {
	char kind; /* c claim, m mark, r release */
	uint64_t token;
	char job_id[LA_ID_HEX];
	int64_t ttl_s, at_ms;
};

struct memory_ledger {
	struct la_ledger port;
	struct fault *fault;
	const int64_t *now_ms;
	struct ledger_entry entries[LEDGER_ENTRIES];
	size_t entry_count;
	struct ledger_ask asks[LEDGER_ASKS];
	size_t ask_count;
	int us;
	bool is_away, is_other_alive;
	int64_t valid_until_ms;
	int claims, marks, takeovers;
};

static inline struct ledger_entry *
memory_ledger_entry(struct memory_ledger *ledger, const char *job_id)
{
	for (size_t i = 0; i < ledger->entry_count; i++) {
		if (strcmp(ledger->entries[i].job_id, job_id) == 0)
			return (&ledger->entries[i]);
	}
	assert(ledger->entry_count < LEDGER_ENTRIES);
	(void)snprintf(ledger->entries[ledger->entry_count].job_id, LA_ID_HEX, "%s", job_id);
	return (&ledger->entries[ledger->entry_count++]);
}

static inline bool
memory_ledger_is_alive(const struct memory_ledger *ledger, int owner)
{
	return (owner == ledger->us || (owner >= LEDGER_OTHER && ledger->is_other_alive));
}

static inline bool
memory_ledger_may_send(struct memory_ledger *ledger, const char *job_id)
{
	const struct ledger_entry *entry = memory_ledger_entry(ledger, job_id);

	return (!entry->is_sent && entry->owner == ledger->us && *ledger->now_ms < ledger->valid_until_ms);
}

static inline enum la_err
memory_ledger_ask(struct memory_ledger *ledger, const struct ledger_ask *ask, struct la_error *error)
{
	/* It fails only for want of memory; but a process may die at it. */
	if (ledger->fault->lasting && fault_before(ledger->fault))
		return (fault_error(ledger->fault, error));
	assert(ledger->ask_count < LEDGER_ASKS);
	ledger->asks[ledger->ask_count] = *ask;
	ledger->asks[ledger->ask_count++].at_ms = *ledger->now_ms;
	return (ledger->fault->lasting && fault_after(ledger->fault) ? fault_error(ledger->fault, error) : LA_OK);
}

static inline enum la_err
memory_ledger_claim(void *self, uint64_t token, const char *job_id, int64_t ttl_s, struct la_error *error)
{
	struct ledger_ask ask = {.kind = 'c', .token = token, .ttl_s = ttl_s};

	(void)snprintf(ask.job_id, sizeof(ask.job_id), "%s", job_id);
	return (memory_ledger_ask(self, &ask, error));
}

static inline enum la_err
memory_ledger_mark(void *self, uint64_t token, const char *job_id, int64_t ttl_s, struct la_error *error)
{
	struct ledger_ask ask = {.kind = 'm', .token = token, .ttl_s = ttl_s};

	(void)snprintf(ask.job_id, sizeof(ask.job_id), "%s", job_id);
	return (memory_ledger_ask(self, &ask, error));
}

static inline enum la_err
memory_ledger_release(void *self, const char *job_id, struct la_error *error)
{
	struct ledger_ask ask = {.kind = 'r'};

	(void)snprintf(ask.job_id, sizeof(ask.job_id), "%s", job_id);
	return (memory_ledger_ask(self, &ask, error));
}

/* True: *answer is one. */
static inline bool
memory_ledger_answer(struct memory_ledger *ledger, const struct ledger_ask *ask, struct la_ledger_answer *answer)
{
	struct ledger_entry *entry = memory_ledger_entry(ledger, ask->job_id);

	answer->token = ask->token;
	switch (ask->kind) {
	case 'c':
		if (entry->is_sent) {
			answer->verdict = LA_LEDGER_DONE;
		} else if (entry->owner == 0 || entry->owner == ledger->us) {
			answer->verdict = LA_LEDGER_CLAIMED;
		} else if (memory_ledger_is_alive(ledger, entry->owner)) {
			answer->verdict = LA_LEDGER_BUSY;
			return (true);
		} else {
			answer->verdict = LA_LEDGER_TAKEN_OVER;
			ledger->takeovers++;
		}
		entry->owner = entry->is_sent ? entry->owner : ledger->us;
		entry->ttl_s = ask->ttl_s;
		ledger->claims++;
		return (true);
	case 'm':
		assert(entry->owner != 0);
		entry->is_sent = true;
		entry->ttl_s = ask->ttl_s;
		ledger->marks++;
		answer->verdict = LA_LEDGER_MARKED;
		return (true);
	default:
		if (!entry->is_sent && entry->owner == ledger->us)
			entry->owner = 0;
		return (false);
	}
}

static inline enum la_err
memory_ledger_work(void *self, struct la_ledger_answer *out, size_t cap, size_t *count, struct la_error *error)
{
	struct memory_ledger *ledger = self;
	size_t done = 0;

	*count = 0;
	if (ledger->valid_until_ms != 0 && *ledger->now_ms >= ledger->valid_until_ms)
		ledger->valid_until_ms = 0;
	if (fault_before(ledger->fault))
		return (fault_error(ledger->fault, error));
	if (ledger->is_away)
		return (la_error_set(error, LA_EUNAVAILABLE, "the ledger is away"));
	ledger->valid_until_ms = *ledger->now_ms + LEDGER_LEASE_MS;
	for (; done < ledger->ask_count && ledger->asks[done].at_ms < *ledger->now_ms && *count < cap; done++)
		*count += memory_ledger_answer(ledger, &ledger->asks[done], &out[*count]);
	ledger->ask_count -= done;
	memmove(ledger->asks, ledger->asks + done, ledger->ask_count * sizeof(ledger->asks[0]));
	return (fault_after(ledger->fault) ? fault_error(ledger->fault, error) : LA_OK);
}

static inline int
memory_ledger_fd(void *self)
{
	(void)self;
	return (-1);
}

static inline int64_t
memory_ledger_valid_until(void *self)
{
	return (((struct memory_ledger *)self)->valid_until_ms);
}

static inline void
memory_ledger_init(struct memory_ledger *ledger, struct fault *fault, const int64_t *now_ms)
{
	*ledger = (struct memory_ledger){.fault = fault, .now_ms = now_ms, .us = LEDGER_US,
	    .port = {ledger, memory_ledger_claim, memory_ledger_mark, memory_ledger_release, memory_ledger_work,
	        memory_ledger_fd, memory_ledger_valid_until}};
}

/* The mailer died: what it asked last may or may not have arrived. */
static inline void
memory_ledger_restart(struct memory_ledger *ledger, bool arrived)
{
	struct la_ledger_answer ignored;

	for (size_t i = 0; arrived && i < ledger->ask_count; i++)
		(void)memory_ledger_answer(ledger, &ledger->asks[i], &ignored);
	ledger->ask_count = 0;
	ledger->us++;
	ledger->valid_until_ms = 0;
}

#endif
