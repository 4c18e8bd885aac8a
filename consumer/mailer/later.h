/*
 * Jobs that wait for their next try: a bounded heap by time, each with a copy of
 * its record and nothing that was made of it. Pure.
 */
#ifndef LA_MAILER_LATER_H
#define LA_MAILER_LATER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/bus.h"
#include "common/err.h"
#include "common/job.h"

struct la_later_job {
	int64_t due_ms;          /* monotonic */
	struct la_message record; /* without key and handle; topic and value are copies */
	char job_id[LA_ID_HEX];
	uint64_t arrival;
	uint32_t ticket;         /* of the window */
	int32_t attempts;        /* so many were made */
	uint32_t step;           /* of the schedule, which is next */
	bool cut_once;           /* it may have been sent; our claim is kept */
	bool by_relay;           /* it waits for a relay that is down */
	bool has_smtp_code;      /* of the last attempt */
	int32_t smtp_code;
	char enhanced_code[16];
	size_t relay;            /* of the last attempt, if there was one */
	unsigned char *block;    /* topic, then value */
};

struct la_later;

LA_MUST_CHECK enum la_err la_later_new(struct la_later **later);
void la_later_free(struct la_later *later);

/* Copies topic and value of job->record; job->block is not looked at. Errors: LA_ENOMEM. */
LA_MUST_CHECK enum la_err la_later_put(struct la_later *later, const struct la_later_job *job);

/* The one that is due first; NULL: none. Valid until the next call that changes later. */
const struct la_later_job *la_later_next(const struct la_later *later);

/* Takes that one out; the caller frees job->block. Only when there is one. */
void la_later_take(struct la_later *later, struct la_later_job *job);

/* Those that wait for a relay are due now, whenever they should have been. */
void la_later_wake(struct la_later *later, int64_t now_ms);

/* Asks of each whether it is void; such are taken out, and dropped is told (it does not keep the job). */
void la_later_sweep(struct la_later *later, bool (*is_void)(void *cookie, const struct la_later_job *job),
    void (*dropped)(void *cookie, const struct la_later_job *job), void *cookie);

size_t la_later_count(const struct la_later *later);
size_t la_later_bytes(const struct la_later *later); /* of topics and values */

#endif
