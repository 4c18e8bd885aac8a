/*
 * What is remembered of one member (README.md): the value in Redis.
 *
 * A plain value; the binary record (version 1, documented byte by byte in
 * consumer/detector/README.md) is made by la_state_encode. Every digest carries
 * the epoch it was made under.
 */
#ifndef LA_DETECTOR_STATE_H
#define LA_DETECTOR_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/err.h"
#include "common/job.h"
#include "common/span.h"

#define LA_ENVIRONMENTS_MAX 32
#define LA_APPS_MAX 16
#define LA_POSITIONS_MAX 4
#define LA_MEMO_MAX 32
#define LA_COOLDOWNS_MAX 8
#define LA_STATE_RECORD_MAX 4096 /* no encoded record is larger */

struct la_environment {
	uint16_t epoch; /* of the three digests */
	uint64_t token; /* 0: none */
	uint64_t platform;
	uint64_t browser;
	int64_t last_seen_ms;
};

struct la_app {
	uint16_t epoch;
	uint64_t app;
	int64_t last_seen_ms;
};

struct la_position {
	uint16_t epoch;
	uint64_t log;
	int32_t partition;
	int64_t offset;
	bool has_timestamp;
	int64_t timestamp_ms; /* the latest Kafka timestamp applied */
};

struct la_memo {
	uint16_t epoch;
	uint64_t event;
	enum la_outcome outcome;
	enum la_reason reason;
	uint32_t suppressed_before; /* for ALERTED */
};

struct la_cooldown {
	uint16_t epoch;
	enum la_reason reason;
	uint64_t app, platform, browser, ip_prefix;
	int64_t alerted_at_ms;
};

struct la_cap_window {
	uint32_t count; /* ALERTED in the window; 0: no window */
	int64_t start_ms;
};

struct la_member_state {
	bool tombstone; /* erased: positions and memo only */
	uint32_t suppressed; /* SUPPRESSED_* since the last ALERTED */
	uint8_t environment_count, app_count, position_count, memo_count, cooldown_count;
	struct la_environment environment[LA_ENVIRONMENTS_MAX]; /* in the order remembered */
	struct la_app app[LA_APPS_MAX];
	struct la_position position[LA_POSITIONS_MAX]; /* latest applied last */
	struct la_memo memo[LA_MEMO_MAX];              /* newest last */
	struct la_cooldown cooldown[LA_COOLDOWNS_MAX];
	struct la_cap_window login_window, link_window;
};

void la_state_init(struct la_member_state *state); /* a member never seen */

/* Writes the record; out has LA_STATE_RECORD_MAX bytes; returns its length. Equal states give equal bytes. */
size_t la_state_encode(const struct la_member_state *state, unsigned char *out);

/*
 * Fills *state, whatever it held; entries behind the counts are left as they are.
 * Errors: LA_EDATA when the record is broken or of a newer version (says which):
 * a failing side, never "no member"; *state is undefined then.
 */
LA_MUST_CHECK enum la_err la_state_decode(
    struct la_span record, struct la_member_state *state, struct la_error *error);

#endif
