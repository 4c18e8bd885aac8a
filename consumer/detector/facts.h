/*
 * What the policy needs to know of one event: checked fields, keyed digests
 * under every epoch of the key file. No clear identifier.
 */
#ifndef LA_DETECTOR_FACTS_H
#define LA_DETECTOR_FACTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/err.h"
#include "common/event.h"
#include "detector/keys.h"

#define LA_MEMBER_DIGEST_BYTES 16
#define LA_IDENTIFIER_MAX 256 /* bytes of tenant, event_id, member_id (rule 1) */
#define LA_TIME_MIN_MS INT64_C(946684800000)  /* 2000-01-01T00:00:00Z */
#define LA_TIME_MAX_MS INT64_C(4102444800000) /* 2100-01-01T00:00:00Z */

/* Digests of one event under one epoch. Each is keyed and has its own domain. */
struct la_digests {
	uint16_t epoch;
	uint64_t event;     /* tenant, event_id, occurred_at */
	uint64_t token;     /* 0 when the event has none (a real digest is never 0) */
	uint64_t platform;  /* OS family, device class, device model label, compared without case */
	uint64_t browser;
	uint64_t app;       /* client_app_id, or "" */
	uint64_t ip_prefix; /* /24 or /48; 0: no usable IP, or nothing asks for it (cooldown off) */
	uint64_t log;       /* cluster id, topic, topic.generation */
	unsigned char member[LA_MEMBER_DIGEST_BYTES]; /* BLAKE2b-128 over (tenant, member_id) */
};

/* Small, as a batch has thousands; what it keeps under its first epoch lies in three lines of a processor's cache. */
struct la_facts {
	int64_t occurred_at_ms;
	int64_t account_created_at_ms;
	int64_t offset;
	int64_t timestamp_ms;
	int32_t partition;
	enum la_event_kind kind : 8;
	enum la_event_result result : 8;
	enum la_channel channel : 8;
	enum la_actor actor : 8;
	bool has_account_created_at;
	bool has_token;
	bool has_timestamp;
	uint8_t epoch_count;
	uint8_t active; /* index into by_epoch */
	struct la_digests by_epoch[LA_EPOCHS_MAX]; /* newest first */
};

/* The event's digests under an epoch; NULL when the key file no longer has it. */
static inline const struct la_digests *
la_facts_under(const struct la_facts *facts, uint16_t epoch)
{
	for (size_t i = 0; i < facts->epoch_count; i++) {
		if (facts->by_epoch[i].epoch == epoch)
			return (&facts->by_epoch[i]);
	}
	return (NULL);
}

/*
 * Rule 1, the checks on values: identifiers 1-256 bytes, occurred_at from 2000
 * to 2100, and at most 24 h after the Kafka record's timestamp if it has one.
 * Errors: LA_EDATA names field and limit.
 */
LA_MUST_CHECK enum la_err la_facts_check(
    const struct la_login_event *event, const struct la_source *source, struct la_error *error);

#endif
