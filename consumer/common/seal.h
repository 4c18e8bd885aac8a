/*
 * Sealed recipients: who gets the mail, readable for the mailer alone. Pure;
 * libsodium, whose sodium_init comes before (la_cli_main has called it).
 *
 * A sealed recipient, version 1, at most LA_SEALED_BYTES_MAX bytes as we write
 * it (up to 1024 are read):
 *
 *   byte  size
 *    0     1   version: 01
 *    1    32   the sender's X25519 public key, its highest bit clear
 *   33    24   nonce, random
 *   57    16   Poly1305 tag      \ NaCl's crypto_box (X25519, XSalsa20, Poly1305) of the record
 *   73     n   ciphertext        / for the mailer's public key: libsodium's crypto_box_easy
 *
 * The record is AlertJob.avsc's Recipient in Avro's binary encoding:
 *
 *   email      00 for none, or 02, its length, its bytes (UTF-8)
 *   member_id  its length, its bytes (UTF-8)
 *
 * A length is a zigzag varint: 0x22 is 17. So {"email": "hanako@example.jp", "member_id": "m-1"} is
 *   02 22 68616e616b6f406578616d706c652e6a70 06 6d2d31
 *
 * Test vector: that record, the mailer's secret key 00 01 .. 1f, the sender's 20 21 .. 3f, the nonce 40 41 .. 57:
 *   01
 *   358072d6365880d1aeea329adf9121383851ed21a28e3b75e965d0d2cd166254
 *   404142434445464748494a4b4c4d4e4f5051525354555657
 *   95d7339df01f539782be07936c3801fd
 *   bc1728efa3eb56bbe336e303c008143e4d4f369d28d0d1
 * More of them are in tests/data/sealed-recipients.jsonl.
 *
 * No bit of it can be changed: sender and nonce decide what the tag is checked with, and there is one version.
 * Whoever knows the public key can seal; a seal does not say who did.
 */
#ifndef LA_COMMON_SEAL_H
#define LA_COMMON_SEAL_H

#include "common/err.h"
#include "common/seal_key.h"
#include "common/span.h"
#include "common/text.h"

#define LA_SEALED_OVERHEAD 73
#define LA_RECIPIENT_BYTES_MAX (1 + 2 * (2 + LA_TEXT_BYTES)) /* of the encoded record as we write it */
#define LA_SEALED_BYTES_MAX (LA_SEALED_OVERHEAD + LA_RECIPIENT_BYTES_MAX)
#define LA_OPENER_KEYS_MAX 64

struct la_recipient {
	struct la_text email; /* absent: ask by member_id */
	struct la_text member_id;
};

/*
 * For the mailer's public key, copied. One ephemeral key pair serves all
 * records of a sealer: key agreement costs a hundred times what sealing costs. The
 * ephemeral secret is gone when this returns.
 * Errors: LA_ECONFIG (no point that a key can be agreed with), LA_ENOMEM; *sealer is untouched then.
 */
struct la_sealer;
LA_MUST_CHECK enum la_err la_sealer_new(
    struct la_sealer **sealer, const unsigned char public[LA_SEAL_KEY_BYTES], struct la_error *error);
void la_sealer_free(struct la_sealer *sealer); /* wipes */

/* Seals under a fresh random nonce; returns the size. An absent member_id is sealed as empty. */
size_t la_sealer_seal(
    const struct la_sealer *sealer, const struct la_recipient *recipient, unsigned char out[LA_SEALED_BYTES_MAX]);

/*
 * For the mailer's secret key, copied. The keys agreed with the latest
 * LA_OPENER_KEYS_MAX senders are kept. Not safe for use by two threads at once.
 * Errors: LA_ENOMEM, LA_EINTERNAL; *opener is untouched then.
 */
struct la_opener;
LA_MUST_CHECK enum la_err la_opener_new(
    struct la_opener **opener, const unsigned char secret[LA_SEAL_KEY_BYTES], struct la_error *error);
void la_opener_free(struct la_opener *opener); /* wipes */

/*
 * Opens. A member_id of more than 256 bytes is cut, invalid UTF-8 becomes U+FFFD, as in a job that is not sealed.
 * Errors: LA_EDATA: cut short, another version, sealed for another key, changed,
 * no Recipient inside, an address of more than 256 bytes; *recipient is undefined then.
 */
LA_MUST_CHECK enum la_err la_opener_open(
    struct la_opener *opener, struct la_span sealed, struct la_recipient *recipient, struct la_error *error);

#endif
