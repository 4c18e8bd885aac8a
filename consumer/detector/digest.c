#include "detector/digest.h"

#include <endian.h>
#include <sodium.h>

#include "common/text.h"

_Static_assert(LA_MEMBER_DIGEST_BYTES == LA_BLAKE2B_BYTES, "a member's digest is BLAKE2b-128");
_Static_assert(LA_KEY_BYTES == crypto_kdf_KEYBYTES, "an epoch's secret is a crypto_kdf key");
_Static_assert(crypto_shorthash_KEYBYTES == 16 && crypto_shorthash_BYTES == 8, "SipHash-2-4");

/* Never change one: digests under it are in every member's record. */
#define SUBKEY_CONTEXT "la-hash1"
#define SUBKEY_MEMBER 1
#define SUBKEY_FIRST_DOMAIN 2
#define JOB_ID_LABEL "login-alert/job/v1"

void
la_digester_init(struct la_digester *digester, const struct la_key *key)
{
	unsigned char member_key[LA_BLAKE2B_KEY_BYTES];

	digester->epoch = key->epoch;
	(void)crypto_kdf_derive_from_key(member_key, sizeof(member_key), SUBKEY_MEMBER, SUBKEY_CONTEXT, key->secret);
	la_blake2b_init(&digester->member, member_key);
	sodium_memzero(member_key, sizeof(member_key));
	for (uint64_t d = 0; d < LA_DIGEST_DOMAINS; d++)
		(void)crypto_kdf_derive_from_key(digester->key[d], sizeof(digester->key[d]), SUBKEY_FIRST_DOMAIN + d,
		    SUBKEY_CONTEXT, key->secret);
}

void
la_digester_clear(struct la_digester *digester)
{
	sodium_memzero(digester, sizeof(*digester));
}

uint64_t
la_digest(const struct la_digester *digester, enum la_digest_domain domain, struct la_span bytes)
{
	unsigned char out[crypto_shorthash_BYTES];
	uint64_t value;

	(void)crypto_shorthash(
	    out, bytes.data == NULL ? (const unsigned char *)"" : bytes.data, bytes.size, digester->key[domain]);
	memcpy(&value, out, sizeof(value));
	value = le64toh(value);
	return (value == 0 ? 1 : value);
}

static unsigned char *
put_be(unsigned char *p, uint64_t value, size_t bytes)
{
	for (size_t i = bytes; i-- > 0;)
		*p++ = (unsigned char)(value >> (8 * i));
	return (p);
}

/* Its length as four bytes, big-endian, then the bytes. */
static unsigned char *
put_part(unsigned char *p, struct la_span part)
{
	p = put_be(p, part.size, 4);
	if (part.size > 0)
		memcpy(p, part.data, part.size);
	return (p + part.size);
}

void
la_digest_member(const struct la_digester *digester, struct la_span tenant, struct la_span member_id,
    unsigned char out[LA_MEMBER_DIGEST_BYTES])
{
	LA_UNFILLED unsigned char bytes[2 * (4 + LA_IDENTIFIER_MAX)];
	unsigned char *end = put_part(put_part(bytes, tenant), member_id);

	la_blake2b_digest(&digester->member, bytes, (size_t)(end - bytes), out);
}

size_t
la_digest_event_bytes(const struct la_login_event *event, unsigned char out[LA_DIGEST_EVENT_BYTES])
{
	unsigned char *p = put_part(put_part(out, event->tenant), event->event_id);

	p = put_be(put_be(p, 8, 4), (uint64_t)event->occurred_at_ms, 8);
	return ((size_t)(p - out));
}

void
la_digest_hash_init(struct la_digest_hash *hash)
{
	(void)crypto_generichash_init(&hash->state, NULL, 0, 16);
}

void
la_digest_hash_add(struct la_digest_hash *hash, struct la_span part)
{
	unsigned char size[4];

	(void)put_be(size, part.size, sizeof(size));
	(void)crypto_generichash_update(&hash->state, size, sizeof(size));
	if (part.size > 0)
		(void)crypto_generichash_update(&hash->state, part.data, part.size);
}

void
la_digest_hash_final(struct la_digest_hash *hash, unsigned char out[16])
{
	(void)crypto_generichash_final(&hash->state, out, 16);
}

void
la_digest_hash_rev(struct la_digest_hash *hash, char out[LA_REV_HEX])
{
	unsigned char digest[16];

	la_digest_hash_final(hash, digest);
	la_hex(out, digest, (LA_REV_HEX - 1) / 2);
}

void
la_digest_log_bytes(struct la_span cluster_id, struct la_span topic, struct la_span generation,
    unsigned char out[LA_DIGEST_LOG_BYTES])
{
	struct la_digest_hash hash;

	la_digest_hash_init(&hash);
	la_digest_hash_add(&hash, cluster_id);
	la_digest_hash_add(&hash, topic);
	la_digest_hash_add(&hash, generation);
	la_digest_hash_final(&hash, out);
}

void
la_digest_job_id(const struct la_login_event *event, char out[LA_ID_HEX])
{
	struct la_digest_hash hash;
	unsigned char time[8], digest[16];

	(void)put_be(time, (uint64_t)event->occurred_at_ms, sizeof(time));
	la_digest_hash_init(&hash);
	la_digest_hash_add(&hash, la_span_text(JOB_ID_LABEL));
	la_digest_hash_add(&hash, event->tenant);
	la_digest_hash_add(&hash, event->event_id);
	la_digest_hash_add(&hash, la_span_of(time, sizeof(time)));
	la_digest_hash_final(&hash, digest);
	la_hex(out, digest, sizeof(digest));
}
