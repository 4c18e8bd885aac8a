/*
 * Eight bytes at once in a plain integer, for what must look at every byte of a mail. A mask has bit 7 of each byte that
 * was found set, and nothing else; the first byte in memory is the lowest.
 */
#ifndef LA_COMMON_WORDS_H
#define LA_COMMON_WORDS_H

#include <endian.h>
#include <stdint.h>

#include "common/span.h"

#define LA_WORD_EACH(byte) ((uint64_t)(byte)*UINT64_C(0x0101010101010101))
#define LA_WORD_TOPS LA_WORD_EACH(0x80)

/* Bytes from 0x80 on. */
static inline uint64_t
la_word_high(uint64_t word)
{
	return (word & LA_WORD_TOPS);
}

/* Bytes below limit, which is at most 0x80: with the top bit set no byte borrows from the next. */
static inline uint64_t
la_word_below(uint64_t word, unsigned char limit)
{
	return (~((word | LA_WORD_TOPS) - LA_WORD_EACH(limit)) & ~word & LA_WORD_TOPS);
}

static inline uint64_t
la_word_equal(uint64_t word, unsigned char byte)
{
	uint64_t zero = word ^ LA_WORD_EACH(byte);

	return (~(((zero & ~LA_WORD_TOPS) + ~LA_WORD_TOPS) | zero) & LA_WORD_TOPS);
}

/* C0 controls and DEL. */
static inline uint64_t
la_word_control(uint64_t word)
{
	return (la_word_below(word, 0x20) | la_word_equal(word, 0x7f));
}

static inline size_t
la_word_count(uint64_t mask)
{
	return ((size_t)((mask >> 7) * LA_WORD_EACH(1) >> 56));
}

static inline uint64_t
la_word_load(const unsigned char *data)
{
	uint64_t word;

	memcpy(&word, data, sizeof(word));
	return (le64toh(word));
}

/* The last size bytes, fewer than a word, with blanks behind them. */
static inline uint64_t
la_word_load_last(const unsigned char *data, size_t size)
{
	uint64_t word = LA_WORD_EACH(' ');

	memcpy(&word, data, size);
	return (le64toh(word));
}

/* How many bytes stand before the first that is special; a blank never is. */
static inline size_t
la_word_before(struct la_span s, uint64_t (*special)(uint64_t word))
{
	uint64_t mask;
	size_t i;

	for (i = 0; s.size - i >= sizeof(mask); i += sizeof(mask)) {
		if ((mask = special(la_word_load(s.data + i))) != 0)
			return (i + (size_t)__builtin_ctzll(mask) / 8);
	}
	if (i == s.size || (mask = special(la_word_load_last(s.data + i, s.size - i))) == 0)
		return (s.size);
	return (i + (size_t)__builtin_ctzll(mask) / 8);
}

#endif
