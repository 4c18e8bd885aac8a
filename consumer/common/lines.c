#include "common/lines.h"

struct la_span
la_lines_next(struct la_lines *lines)
{
	const unsigned char *end = memchr(lines->rest.data, '\n', lines->rest.size);
	size_t size = end == NULL ? lines->rest.size : (size_t)(end - lines->rest.data);
	struct la_span line = la_span_of(lines->rest.data, size);

	size += end == NULL ? 0 : 1;
	lines->rest = la_span_of(lines->rest.data + size, lines->rest.size - size);
	lines->line++;
	while (line.size > 0 && la_lines_is_blank(line.data[line.size - 1]))
		line.size--;
	return (line);
}
