#include "common/buf.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define PRINTF_ROOM 128 /* what is printed is mostly shorter, and then printed once */

void
la_buf_clear(struct la_buf *buf)
{
	free(buf->data);
	*buf = (struct la_buf)LA_BUF_INIT;
}

enum la_err
la_buf_reserve(struct la_buf *buf, size_t more)
{
	size_t cap = buf->cap < 64 ? 64 : buf->cap;
	unsigned char *data;

	if (more <= buf->cap - buf->size)
		return (LA_OK);
	if (more > SIZE_MAX / 4 - buf->size)
		return (LA_ENOMEM);
	while (cap - buf->size < more)
		cap *= 2;
	data = realloc(buf->data, cap);
	if (data == NULL)
		return (LA_ENOMEM);
	buf->data = data;
	buf->cap = cap;
	return (LA_OK);
}

enum la_err
la_buf_add(struct la_buf *buf, const void *bytes, size_t size)
{
	if (size == 0)
		return (LA_OK);
	if (la_buf_reserve(buf, size) != LA_OK)
		return (LA_ENOMEM);
	memcpy(buf->data + buf->size, bytes, size);
	buf->size += size;
	return (LA_OK);
}

enum la_err
la_buf_add_text(struct la_buf *buf, const char *text)
{
	return (la_buf_add(buf, text, strlen(text)));
}

enum la_err
la_buf_printf(struct la_buf *buf, const char *format, ...)
{
	size_t room;
	va_list args;
	int size;

	if (la_buf_reserve(buf, PRINTF_ROOM) != LA_OK)
		return (LA_ENOMEM);
	room = buf->cap - buf->size;
	va_start(args, format);
	size = vsnprintf((char *)buf->data + buf->size, room, format, args);
	va_end(args);
	if (size < 0)
		return (LA_ENOMEM);
	if ((size_t)size >= room) {
		if (la_buf_reserve(buf, (size_t)size + 1) != LA_OK)
			return (LA_ENOMEM);
		va_start(args, format);
		(void)vsnprintf((char *)buf->data + buf->size, (size_t)size + 1, format, args);
		va_end(args);
	}
	buf->size += (size_t)size;
	return (LA_OK);
}
