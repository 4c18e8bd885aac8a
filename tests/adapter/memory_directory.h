/*
 * A directory in memory that answers by script after latency_ms. It checks its caller: no question without room, no
 * answer to a mailer that is gone.
 */
#ifndef LA_TESTS_MEMORY_DIRECTORY_H
#define LA_TESTS_MEMORY_DIRECTORY_H

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "mailer/directory.h"

#include "fault.h"

#define DIRECTORY_PARALLEL 4
#define DIRECTORY_ASKED 4096

/* Members whose id starts so get this answer, so often; then MEMBER@example.jp. */
struct directory_rule {
	const char *member_id; /* NULL: the last rule */
	enum la_directory_verdict verdict;
	int times;
	const char *email, *locale; /* FOUND: of this */
	int64_t retry_after_ms;
};

struct directory_question {
	bool is_used;
	uint64_t token;
	char member_id[64];
	int64_t asked_ms;
};

struct memory_directory {
	struct la_directory port;
	struct fault *fault;
	const int64_t *now_ms;
	const struct directory_rule *rules;
	int used[16];
	int64_t latency_ms;
	struct directory_question questions[DIRECTORY_PARALLEL];
	struct directory_question asked[DIRECTORY_ASKED]; /* all of them, in order */
	size_t asked_count, most_at_once;
};

static inline size_t
memory_directory_room(void *self)
{
	const struct memory_directory *directory = self;
	size_t room = 0;

	for (size_t i = 0; i < DIRECTORY_PARALLEL; i++)
		room += !directory->questions[i].is_used;
	return (room);
}

static inline enum la_err
memory_directory_ask(void *self, uint64_t token, struct la_span tenant, struct la_span member_id, struct la_error *error)
{
	struct memory_directory *directory = self;
	struct directory_question *free_one = directory->questions;

	assert(la_span_is(tenant, "default") && memory_directory_room(self) > 0);
	if (member_id.size == 0)
		return (la_error_set(error, LA_EDATA, "no member id that can be asked for"));
	while (free_one->is_used)
		free_one++;
	*free_one = (struct directory_question){.is_used = true, .token = token, .asked_ms = *directory->now_ms};
	(void)snprintf(free_one->member_id, sizeof(free_one->member_id), "%.*s", (int)member_id.size,
	    (const char *)member_id.data);
	assert(directory->asked_count < DIRECTORY_ASKED);
	directory->asked[directory->asked_count++] = *free_one;
	if (DIRECTORY_PARALLEL - memory_directory_room(self) > directory->most_at_once)
		directory->most_at_once = DIRECTORY_PARALLEL - memory_directory_room(self);
	return (LA_OK);
}

static inline void
memory_directory_answer(
    struct memory_directory *directory, const struct directory_question *question, struct la_directory_answer *answer)
{
	const struct directory_rule *rule = NULL;
	char email[80];

	*answer = (struct la_directory_answer){.token = question->token, .verdict = LA_DIRECTORY_FOUND};
	(void)snprintf(email, sizeof(email), "%s@example.jp", question->member_id);
	for (size_t r = 0; rule == NULL && directory->rules != NULL && directory->rules[r].member_id != NULL; r++) {
		const char *start = directory->rules[r].member_id;

		if (strncmp(question->member_id, start, strlen(start)) == 0 &&
		    directory->used[r] < directory->rules[r].times) {
			rule = &directory->rules[r];
			directory->used[r]++;
		}
	}
	if (rule != NULL) {
		answer->verdict = rule->verdict;
		answer->retry_after_ms = rule->retry_after_ms;
		(void)snprintf(answer->detail, sizeof(answer->detail), "directory:443: as the script says");
	}
	if (answer->verdict != LA_DIRECTORY_FOUND)
		return;
	la_text_set(&answer->email, la_span_text(rule == NULL || rule->email == NULL ? email : rule->email));
	la_text_set(&answer->locale, la_span_text(rule == NULL ? NULL : rule->locale));
}

static inline enum la_err
memory_directory_work(
    void *self, struct la_directory_answer *out, size_t cap, size_t *count, struct la_error *error)
{
	struct memory_directory *directory = self;

	*count = 0;
	if (directory->fault->lasting && fault_before(directory->fault))
		return (fault_error(directory->fault, error));
	for (size_t i = 0; i < DIRECTORY_PARALLEL && *count < cap; i++) {
		struct directory_question *question = &directory->questions[i];

		if (!question->is_used || question->asked_ms + directory->latency_ms > *directory->now_ms)
			continue;
		memory_directory_answer(directory, question, &out[(*count)++]);
		question->is_used = false;
	}
	return (LA_OK);
}

static inline int
memory_directory_fd(void *self)
{
	(void)self;
	return (-1);
}

static inline int64_t
memory_directory_wait_ms(void *self)
{
	const struct memory_directory *directory = self;
	int64_t wait = INT64_MAX;

	for (size_t i = 0; i < DIRECTORY_PARALLEL; i++) {
		const struct directory_question *question = &directory->questions[i];
		int64_t left = question->asked_ms + directory->latency_ms - *directory->now_ms;

		if (question->is_used && left < wait)
			wait = left > 0 ? left : 0;
	}
	return (wait);
}

static inline void
memory_directory_init(struct memory_directory *directory, struct fault *fault, const int64_t *now_ms)
{
	*directory = (struct memory_directory){.fault = fault, .now_ms = now_ms, .latency_ms = 5,
	    .port = {directory, memory_directory_room, memory_directory_ask, memory_directory_work, memory_directory_fd,
	        memory_directory_wait_ms}};
}

/* The mailer died: nobody waits for answers. */
static inline void
memory_directory_restart(struct memory_directory *directory)
{
	memset(directory->questions, 0, sizeof(directory->questions));
}

static inline int
memory_directory_asked(const struct memory_directory *directory, const char *member_id)
{
	int count = 0;

	for (size_t i = 0; i < directory->asked_count; i++)
		count += strcmp(directory->asked[i].member_id, member_id) == 0;
	return (count);
}

#endif
