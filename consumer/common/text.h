/*
 * Bounded text and UTF-8.
 *
 * struct la_text holds at most 256 bytes of valid UTF-8, the limit of every
 * string in an alert job.
 */
#ifndef LA_COMMON_TEXT_H
#define LA_COMMON_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/span.h"

#define LA_TEXT_BYTES 256

struct la_text {
	uint16_t size;
	bool present; /* false: null */
	char bytes[LA_TEXT_BYTES + 1]; /* always terminated by NUL after size bytes */
};

/*
 * Copies src into out: each maximal ill-formed sequence (Unicode 15, section
 * 3.9, "substitution of maximal subparts") becomes U+FFFD, the whole is cut to
 * LA_TEXT_BYTES at a character. Absent src gives an absent text.
 */
void la_text_set(struct la_text *out, struct la_span src);

static inline struct la_span
la_text_span(const struct la_text *text)
{
	return (text->present ? la_span_of(text->bytes, text->size) : la_span_of(NULL, 0));
}

/*
 * Length in bytes of the well-formed UTF-8 sequence at the start of src (1-4),
 * its code point in *code_point; 0 when src is empty or ill-formed there.
 */
size_t la_utf8_decode(struct la_span src, uint32_t *code_point);

/* Where la_utf8_decode gives 0 and src is not empty: the size of the maximal ill-formed subpart there, at least 1. */
size_t la_utf8_ill_formed(struct la_span src);

/* Writes code_point as UTF-8 into out (4 bytes of room); returns its length, 0 for a surrogate or > 10FFFF. */
size_t la_utf8_encode(uint32_t code_point, char out[4]);

bool la_utf8_valid(struct la_span src);

/* What stands for the byte in HTML's text and quoted attributes (WHATWG HTML, 13.1.4); NULL: the byte itself. */
const char *la_html_entity(unsigned char byte);

/* Lower-case hex with a NUL: out has 2 * size + 1 bytes. */
void la_hex(char *out, const unsigned char *bytes, size_t size);

#endif
