/*
 * HTML, written into a buffer: what is given as text is escaped, what is given as markup is ours. Once something fails it
 * stays failed, and html_failed says so. Pure.
 */
#ifndef LA_DETECTOR_HTML_H
#define LA_DETECTOR_HTML_H

#include <stdbool.h>
#include <stdint.h>

#include "common/buf.h"

struct la_html {
	struct la_buf *out;
	bool failed; /* out of memory */
};

void la_html_raw(struct la_html *html, const char *markup); /* a literal of ours, nothing else */

/* Escaped for text and for quoted attributes; controls but line ends become U+FFFD, invalid UTF-8 too. */
void la_html_text(struct la_html *html, struct la_span text);
void la_html_printf(struct la_html *html, const char *format, ...) __attribute__((format(printf, 2, 3))); /* escaped */

/* <tag>text</tag>; tag may have attributes: "td class=n". */
void la_html_element(struct la_html *html, const char *tag, const char *text);
void la_html_count(struct la_html *html, const char *tag, uint64_t count); /* 1,234,567 */

#endif
