/*
 * Bytes that somebody else owns: pointer and length.
 *
 * data == NULL means "absent" (an Avro null); data != NULL with size 0 is an
 * empty string. Not terminated by NUL; may hold any byte.
 */
#ifndef LA_COMMON_SPAN_H
#define LA_COMMON_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/*
 * For a local array that is filled before it is read: where the build zeroes all locals (hardening), this one is left
 * alone. Only where it is large and the function is called for every event.
 */
#if defined(__has_attribute) && __has_attribute(uninitialized)
#define LA_UNFILLED __attribute__((uninitialized))
#else
#define LA_UNFILLED
#endif

struct la_span {
	const unsigned char *data;
	size_t size;
};

static inline struct la_span
la_span_of(const void *data, size_t size)
{
	return ((struct la_span){(const unsigned char *)data, size});
}

/* The text must outlive the span; NULL gives an absent span. */
static inline struct la_span
la_span_text(const char *text)
{
	return (la_span_of(text, text == NULL ? 0 : strlen(text)));
}

static inline bool
la_span_present(struct la_span s)
{
	return (s.data != NULL);
}

/* Absent and empty are different values. */
static inline bool
la_span_equal(struct la_span a, struct la_span b)
{
	if (a.data == NULL || b.data == NULL)
		return (a.data == b.data);
	return (a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0));
}

static inline bool
la_span_is(struct la_span s, const char *text)
{
	return (la_span_equal(s, la_span_text(text)));
}

#endif
