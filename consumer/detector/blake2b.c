#include "detector/blake2b.h"

#include <endian.h>
#include <stdbool.h>
#include <string.h>

#define BLOCK_BYTES 128
#define ROUNDS 12

/* RFC 7693, section 2.6 */
static const uint64_t iv[8] = {UINT64_C(0x6a09e667f3bcc908), UINT64_C(0xbb67ae8584caa73b), UINT64_C(0x3c6ef372fe94f82b),
    UINT64_C(0xa54ff53a5f1d36f1), UINT64_C(0x510e527fade682d1), UINT64_C(0x9b05688c2b3e6c1f),
    UINT64_C(0x1f83d9abfb41bd6b), UINT64_C(0x5be0cd19137e2179)};

/* section 2.7; rounds 10 and 11 are 0 and 1 again */
static const unsigned char sigma[ROUNDS][16] = {
    {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15},
    {14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3},
    {11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4},
    {7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8},
    {9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13},
    {2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9},
    {12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11},
    {13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10},
    {6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5},
    {10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0},
    {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15},
    {14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3},
};

static inline uint64_t
rotate(uint64_t word, unsigned right)
{
	return (word >> right | word << (64 - right));
}

/* Section 3.1, G, over one column or diagonal. */
static inline void
mix(uint64_t *a, uint64_t *b, uint64_t *c, uint64_t *d, uint64_t x, uint64_t y)
{
	*a += *b + x;
	*d = rotate(*d ^ *a, 32);
	*c += *d;
	*b = rotate(*b ^ *c, 24);
	*a += *b + y;
	*d = rotate(*d ^ *a, 16);
	*c += *d;
	*b = rotate(*b ^ *c, 63);
}

/* Section 3.2, F. total: bytes up to the end of this block, the key's block too. */
static void
compress(uint64_t h[8], const unsigned char block[BLOCK_BYTES], uint64_t total, bool last)
{
	uint64_t m[16], v[16];

	memcpy(m, block, sizeof(m));
	for (size_t i = 0; i < 16; i++)
		m[i] = le64toh(m[i]);
	memcpy(v, h, 8 * sizeof(*v));
	memcpy(v + 8, iv, sizeof(iv));
	v[12] ^= total;
	v[14] = last ? ~v[14] : v[14];
	for (size_t round = 0; round < ROUNDS; round++) {
		const unsigned char *s = sigma[round];

		mix(&v[0], &v[4], &v[8], &v[12], m[s[0]], m[s[1]]);
		mix(&v[1], &v[5], &v[9], &v[13], m[s[2]], m[s[3]]);
		mix(&v[2], &v[6], &v[10], &v[14], m[s[4]], m[s[5]]);
		mix(&v[3], &v[7], &v[11], &v[15], m[s[6]], m[s[7]]);
		mix(&v[0], &v[5], &v[10], &v[15], m[s[8]], m[s[9]]);
		mix(&v[1], &v[6], &v[11], &v[12], m[s[10]], m[s[11]]);
		mix(&v[2], &v[7], &v[8], &v[13], m[s[12]], m[s[13]]);
		mix(&v[3], &v[4], &v[9], &v[14], m[s[14]], m[s[15]]);
	}
	for (size_t i = 0; i < 8; i++)
		h[i] ^= v[i] ^ v[i + 8];
}

void
la_blake2b_init(struct la_blake2b *keyed, const unsigned char key[LA_BLAKE2B_KEY_BYTES])
{
	unsigned char block[BLOCK_BYTES] = {0};

	memcpy(block, key, LA_BLAKE2B_KEY_BYTES);
	memcpy(keyed->h, iv, sizeof(iv));
	keyed->h[0] ^= 0x01010000 ^ LA_BLAKE2B_KEY_BYTES << 8 ^ LA_BLAKE2B_BYTES; /* section 2.5 */
	compress(keyed->h, block, sizeof(block), false);
	explicit_bzero(block, sizeof(block));
}

void
la_blake2b_digest(
    const struct la_blake2b *keyed, const unsigned char *bytes, size_t size, unsigned char out[LA_BLAKE2B_BYTES])
{
	unsigned char block[BLOCK_BYTES] = {0};
	uint64_t h[8], total = BLOCK_BYTES;

	memcpy(h, keyed->h, sizeof(h));
	for (; size > BLOCK_BYTES; bytes += BLOCK_BYTES, size -= BLOCK_BYTES)
		compress(h, bytes, total += BLOCK_BYTES, false);
	memcpy(block, bytes, size);
	compress(h, block, total + size, true);
	h[0] = htole64(h[0]);
	h[1] = htole64(h[1]);
	memcpy(out, h, LA_BLAKE2B_BYTES);
}
