/*
 * Jobs that wait for their next try: a bounded heap by time, each with a copy of
 * its record and nothing that was made of it; what it is read by stays pinned. Pure.
 */
#ifndef LA_MAILER_LATER_H
#define LA_MAILER_LATER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/bus.h"
#include "common/err.h"
#include "common/job.h"

/* Whose return ends the wait before its time. */
enum la_later_side { LA_LATER_NOBODY, LA_LATER_RELAY, LA_LATER_DIRECTORY };

struct la_later_job {
	int64_t due_ms;          /* monotonic */
	uint32_t schema;          /* its pin (decoder.h) */
	struct la_message record; /* topic and value are copies; key and handle only of one that is_kept (bus.h) */
	size_t kept_bytes;        /* what that one holds */
	char job_id[LA_ID_HEX];
	uint64_t arrival;
	uint32_t ticket;         /* of the window */
	int32_t attempts;        /* so many were made */
	uint32_t step;           /* of the schedule, which is next */
	bool cut_once;           /* it may have been sent; our claim is kept */
	enum la_later_side side;
	bool has_smtp_code;      /* of the last attempt */
	int32_t smtp_code;
	char enhanced_code[16];
	size_t relay;            /* of the last attempt, if there was one */
	unsigned char *block;    /* topic, value, key */
};

struct la_later;

LA_MUST_CHECK enum la_err la_later_new(struct la_later **later);
void la_later_free(struct la_later *later); /* what is kept was taken out before */

/* Copies the bytes of job->record, and takes over what it keeps; job->block is not looked at. Errors: LA_ENOMEM. */
LA_MUST_CHECK enum la_err la_later_put(struct la_later *later, const struct la_later_job *job);

/* The one that is due first; NULL: none. Valid until the next call that changes later. */
const struct la_later_job *la_later_next(const struct la_later *later);

/* Takes that one out; the caller frees job->block, and releases a record that is_kept. Only when there is one. */
void la_later_take(struct la_later *later, struct la_later_job *job);

/* Those that wait for that side are due now, whenever they should have been. */
void la_later_wake(struct la_later *later, enum la_later_side side, int64_t now_ms);

/* Asks of each whether it is void; such are taken out, and dropped is told: it releases a record that is_kept, no more. */
void la_later_sweep(struct la_later *later, bool (*is_void)(void *cookie, const struct la_later_job *job),
    void (*dropped)(void *cookie, const struct la_later_job *job), void *cookie);

size_t la_later_count(const struct la_later *later);
size_t la_later_bytes(const struct la_later *later); /* of blocks, and what is kept */

#endif
