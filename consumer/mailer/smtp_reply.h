/*
 * Replies of a relay, fed as the bytes come (RFC 5321 section 4.2, enhanced
 * codes RFC 2034). Knows no socket, keeps no text. The relay may be hostile: a line
 * may be endless, eight-bit, or no reply at all.
 */
#ifndef LA_MAILER_SMTP_REPLY_H
#define LA_MAILER_SMTP_REPLY_H

#include <stdbool.h>
#include <stddef.h>

#include "common/span.h"

#define LA_SMTP_LINE_MAX 2048 /* RFC 5321 section 4.5.3.1.5 allows 512 */
#define LA_SMTP_LINES_MAX 100 /* of one reply */
#define LA_SMTP_ENHANCED_BYTES 16

/* All zeroes is ready to be fed. */
struct la_smtp_reply {
	int code;                             /* 200-599, of the reply that is or was read last; 0: none yet */
	char enhanced[LA_SMTP_ENHANCED_BYTES]; /* "5.1.1", of its first line that has one, or "" */
	bool offers_pipelining;               /* a line of it is that keyword of EHLO (RFC 2920) */

	/* inside */
	char head[40]; /* how the current line starts */
	size_t line_size;
	unsigned lines;
	bool is_finished, is_garbage;
};

enum la_smtp_read {
	LA_SMTP_MORE,   /* all bytes were used, the reply goes on */
	LA_SMTP_WHOLE,  /* code, enhanced and offers_pipelining are those of a whole reply, until the next call */
	LA_SMTP_GARBAGE /* what came is no reply; so it stays */
};

/* Reads up to the end of one reply; *bytes moves behind what was used. Lines may end with CRLF or LF. */
enum la_smtp_read la_smtp_reply_feed(struct la_smtp_reply *reply, struct la_span *bytes);

#endif
