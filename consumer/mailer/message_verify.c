#include <stdbool.h>

#include "common/words.h"
#include "mailer/headers.h"
#include "mailer/message.h"

/* An address or Message-ID cannot be folded; it stands on a line of its own: a blank, '<', '>' and the address around. */
#define LONG_LINE_MAX (LA_ADDRESS_BYTES + 3)

static enum la_err
refuse(struct la_error *error, int line, const char *rule)
{
	return (la_error_set(error, LA_EINTERNAL, "finished mail, line %d: %s", line, rule));
}

static inline uint64_t
refused_bytes(uint64_t word)
{
	return (la_word_high(word) | (la_word_control(word) & ~la_word_equal(word, '\t')));
}

static enum la_err
verify_line(struct la_span line, bool in_header, int number, struct la_error *error)
{
	bool continues = in_header && line.size > 0 && line.data[0] == ' ';
	size_t at;

	if (line.size > (continues ? LONG_LINE_MAX : LA_HEADERS_LINE_MAX))
		return (refuse(error, number, "longer than 76"));
	if ((at = la_word_before(line, refused_bytes)) == line.size)
		return (LA_OK);
	if (line.data[at] == '\r')
		return (refuse(error, number, "CR without LF"));
	return (refuse(error, number, line.data[at] >= 0x80 ? "not 7-bit" : "a control byte"));
}

enum la_err
la_message_verify(struct la_span message, struct la_error *error)
{
	bool in_header = true;
	enum la_err err;

	for (int number = 1; message.size > 0; number++) {
		const unsigned char *newline = memchr(message.data, '\n', message.size);
		size_t size;

		if (newline == NULL)
			return (refuse(error, number, "does not end with CRLF"));
		size = (size_t)(newline - message.data);
		if (size == 0 || message.data[size - 1] != '\r')
			return (refuse(error, number, "LF without CR"));
		if ((err = verify_line(la_span_of(message.data, size - 1), in_header, number, error)) != LA_OK)
			return (err);
		in_header = in_header && size > 1;
		message = la_span_of(message.data + size + 1, message.size - size - 1);
	}
	return (LA_OK);
}
