/*
 * Keyed BLAKE2b-128 (RFC 7693) with the key's own block done once: half of the work for a message as short as a
 * member's name. libsodium has no call that keeps what comes of the key.
 */
#ifndef LA_DETECTOR_BLAKE2B_H
#define LA_DETECTOR_BLAKE2B_H

#include <stddef.h>
#include <stdint.h>

#define LA_BLAKE2B_KEY_BYTES 32
#define LA_BLAKE2B_BYTES 16

struct la_blake2b {
	uint64_t h[8]; /* after the key's block; as secret as the key */
};

void la_blake2b_init(struct la_blake2b *keyed, const unsigned char key[LA_BLAKE2B_KEY_BYTES]);

/* The digest of a message of at least one byte. */
void la_blake2b_digest(
    const struct la_blake2b *keyed, const unsigned char *bytes, size_t size, unsigned char out[LA_BLAKE2B_BYTES]);

#endif
