/*
 * What the fuzz targets share. A target is one file with one LLVMFuzzerTestOneInput;
 * an input is one run of outside bytes, cut into fields by NUL where a target
 * needs several. Anything that a target requires and that does not hold ends the process.
 */
#ifndef LA_TESTS_FUZZ_H
#define LA_TESTS_FUZZ_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "common/err.h"
#include "common/span.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REQUIRE(condition)                                                                       \
	do {                                                                                     \
		if (!(condition)) {                                                              \
			(void)fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);    \
			abort();                                                                 \
		}                                                                                \
	} while (0)

/* What must work whatever the input is: opening our own schemas, allocations. */
static inline void
fuzz_must(enum la_err err, const struct la_error *error)
{
	if (err != LA_OK) {
		(void)fprintf(stderr, "%s\n", error == NULL ? la_err_text(err) : error->text);
		abort();
	}
}

/* The first byte of what is left; 0 at the end. */
static inline unsigned
fuzz_byte(struct la_span *rest)
{
	unsigned byte = 0;

	if (rest->size > 0) {
		byte = rest->data[0];
		*rest = la_span_of(rest->data + 1, rest->size - 1);
	}
	return (byte);
}

/* Up to the next NUL, which goes too; empty at the end. */
static inline struct la_span
fuzz_field(struct la_span *rest)
{
	const unsigned char *end = rest->size == 0 ? NULL : memchr(rest->data, 0, rest->size);
	size_t size = end == NULL ? rest->size : (size_t)(end - rest->data);
	struct la_span field = la_span_of(rest->data, size);

	size += end != NULL;
	*rest = la_span_of(rest->data + size, rest->size - size);
	return (field);
}

/* A copy that ends where its memory ends, so that a sanitizer sees each byte read beyond. The caller frees it. */
static inline struct la_span
fuzz_copy(struct la_span src)
{
	unsigned char *copy = malloc(src.size == 0 ? 1 : src.size);

	REQUIRE(copy != NULL);
	if (src.size > 0)
		memcpy(copy, src.data, src.size);
	return (la_span_of(copy, src.size));
}

static inline void
fuzz_free(struct la_span copy)
{
	free((void *)(uintptr_t)copy.data);
}

/* The same with a NUL behind it. */
static inline char *
fuzz_text(struct la_span src)
{
	char *text = malloc(src.size + 1);

	REQUIRE(text != NULL);
	if (src.size > 0)
		memcpy(text, src.data, src.size);
	text[src.size] = '\0';
	return (text);
}

/* An error's text is one line of printable bytes. */
static inline void
fuzz_require_line(const char *text)
{
	REQUIRE(text[0] != '\0');
	for (; *text != '\0'; text++)
		REQUIRE((unsigned char)*text >= 0x20 && *text != 0x7f);
}

static inline bool
fuzz_same(const struct la_buf *a, const struct la_buf *b)
{
	return (la_span_equal(la_buf_span(a), la_buf_span(b)));
}

/* The whole of a target that has two parsers: the first byte chooses, the rest is what is parsed. */
static inline int
fuzz_either(struct la_span input, void (*even)(struct la_span rest), void (*odd)(struct la_span rest))
{
	(fuzz_byte(&input) % 2 == 0 ? even : odd)(input);
	return (0);
}

#endif
