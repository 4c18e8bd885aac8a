/* A growable run of bytes, owned by its holder. */
#ifndef LA_COMMON_BUF_H
#define LA_COMMON_BUF_H

#include <stddef.h>

#include "common/err.h"
#include "common/span.h"

struct la_buf {
	unsigned char *data; /* NULL until something is written */
	size_t size;
	size_t cap;
};

#define LA_BUF_INIT {NULL, 0, 0}

void la_buf_clear(struct la_buf *buf); /* frees; the buffer is empty and usable afterwards */

static inline void
la_buf_reset(struct la_buf *buf) /* empties, keeps the memory */
{
	buf->size = 0;
}

/* Errors: LA_ENOMEM (the buffer is as before). */
LA_MUST_CHECK enum la_err la_buf_reserve(struct la_buf *buf, size_t more);
LA_MUST_CHECK enum la_err la_buf_add(struct la_buf *buf, const void *bytes, size_t size);
LA_MUST_CHECK enum la_err la_buf_add_text(struct la_buf *buf, const char *text);
LA_MUST_CHECK enum la_err la_buf_printf(struct la_buf *buf, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static inline struct la_span
la_buf_span(const struct la_buf *buf)
{
	return (la_span_of(buf->data == NULL ? (const unsigned char *)"" : buf->data, buf->size));
}

#endif
