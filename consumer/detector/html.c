#include "detector/html.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "common/text.h"

#define PRINTED_BYTES 1024

static void
add(struct la_html *html, const void *bytes, size_t size)
{
	if (!html->failed && size > 0 && la_buf_add(html->out, bytes, size) != LA_OK)
		html->failed = true;
}

void
la_html_raw(struct la_html *html, const char *markup)
{
	add(html, markup, strlen(markup));
}

static const char *
escape(uint32_t c)
{
	if ((c < 0x20 && c != '\n') || (c >= 0x7f && c < 0xa0))
		return ("\xef\xbf\xbd");
	return (c < 0x80 ? la_html_entity((unsigned char)c) : NULL);
}

void
la_html_text(struct la_html *html, struct la_span text)
{
	while (text.size > 0) {
		uint32_t c = 0;
		size_t size = la_utf8_decode(text, &c);
		const char *instead = size == 0 ? "\xef\xbf\xbd" : escape(c);

		size = size == 0 ? 1 : size;
		if (instead != NULL)
			la_html_raw(html, instead);
		else
			add(html, text.data, size);
		text = la_span_of(text.data + size, text.size - size);
	}
}

void
la_html_printf(struct la_html *html, const char *format, ...)
{
	char text[PRINTED_BYTES];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	la_html_text(html, la_span_text(text));
}

static void
end_tag(struct la_html *html, const char *tag)
{
	la_html_raw(html, "</");
	add(html, tag, strcspn(tag, " "));
	la_html_raw(html, ">");
}

void
la_html_element(struct la_html *html, const char *tag, const char *text)
{
	la_html_raw(html, "<");
	la_html_raw(html, tag);
	la_html_raw(html, ">");
	la_html_text(html, la_span_text(text));
	end_tag(html, tag);
}

void
la_html_count(struct la_html *html, const char *tag, uint64_t count)
{
	char digits[24], text[32];
	size_t size = (size_t)snprintf(digits, sizeof(digits), "%" PRIu64, count), at = 0;

	for (size_t i = 0; i < size; i++) {
		if (i > 0 && (size - i) % 3 == 0)
			text[at++] = ',';
		text[at++] = digits[i];
	}
	text[at] = '\0';
	la_html_element(html, tag, text);
}
