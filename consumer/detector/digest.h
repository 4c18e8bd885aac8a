/*
 * Keyed digests (README.md): what the detector knows of a member instead of
 * clear values. The exact bytes are in consumer/detector/README.md.
 *
 * Every epoch's secret gives one subkey per domain (crypto_kdf), so that equal
 * values of different domains have unrelated digests.
 */
#ifndef LA_DETECTOR_DIGEST_H
#define LA_DETECTOR_DIGEST_H

#include <sodium.h>
#include <stdint.h>

#include "common/job.h"
#include "common/span.h"
#include "detector/agent.h"
#include "detector/blake2b.h"
#include "detector/facts.h"
#include "detector/keys.h"

enum la_digest_domain {
	LA_DIGEST_EVENT,
	LA_DIGEST_TOKEN,
	LA_DIGEST_PLATFORM,
	LA_DIGEST_BROWSER,
	LA_DIGEST_APP,
	LA_DIGEST_IP_PREFIX,
	LA_DIGEST_LOG,
	LA_DIGEST_DOMAINS
};

/* The subkeys of one epoch. */
struct la_digester {
	uint16_t epoch;
	struct la_blake2b member;
	unsigned char key[LA_DIGEST_DOMAINS][16];
};

void la_digester_init(struct la_digester *digester, const struct la_key *key);
void la_digester_clear(struct la_digester *digester); /* wipes it */

/* SipHash-2-4 of the bytes under the domain's subkey; never 0. An absent span counts as empty. */
uint64_t la_digest(const struct la_digester *digester, enum la_digest_domain domain, struct la_span bytes);

/* BLAKE2b-128 over (tenant, member_id): the Redis key's digest and member_ref. Each at most LA_IDENTIFIER_MAX bytes. */
void la_digest_member(const struct la_digester *digester, struct la_span tenant, struct la_span member_id,
    unsigned char out[LA_MEMBER_DIGEST_BYTES]);

/* What the event's digest is made of: (tenant, event_id, occurred_at). Returns its size. */
#define LA_DIGEST_EVENT_BYTES (2 * (4 + LA_IDENTIFIER_MAX) + 12)
size_t la_digest_event_bytes(const struct la_login_event *event, unsigned char out[LA_DIGEST_EVENT_BYTES]);

/* What a log's digest is made of: unkeyed BLAKE2b-128 over (cluster id, topic, generation), of any length. */
#define LA_DIGEST_LOG_BYTES 16
void la_digest_log_bytes(struct la_span cluster_id, struct la_span topic, struct la_span generation,
    unsigned char out[LA_DIGEST_LOG_BYTES]);

/* job_id: unkeyed BLAKE2b-128 over ("login-alert/job/v1", tenant, event_id, occurred_at), in hex. */
void la_digest_job_id(const struct la_login_event *event, char out[LA_ID_HEX]);

/* Unkeyed BLAKE2b-128 over parts, each after its length; a revision is its first 64 bits. */
struct la_digest_hash {
	crypto_generichash_state state;
};
void la_digest_hash_init(struct la_digest_hash *hash);
void la_digest_hash_add(struct la_digest_hash *hash, struct la_span part);
void la_digest_hash_final(struct la_digest_hash *hash, unsigned char out[16]);
void la_digest_hash_rev(struct la_digest_hash *hash, char out[LA_REV_HEX]);

#endif
