#include "mailer/smtp_reply.h"

#include <stdio.h>
#include <strings.h>

static bool
is_digit(char c)
{
	return (c >= '0' && c <= '9');
}

/* RFC 2034 section 4: class, subject and detail behind the code; the class agrees with the code's first digit. */
static void
take_enhanced(struct la_smtp_reply *reply)
{
	const char *text = reply->head + 4;
	size_t size = 0, digits = 0, dots = 0;

	if (reply->enhanced[0] != '\0' || reply->line_size < 9 || text[0] != reply->head[0] || text[1] != '.')
		return;
	for (; is_digit(text[size]) || text[size] == '.'; size++) {
		if (text[size] != '.') {
			digits++;
		} else {
			if (digits == 0)
				return;
			dots++;
			digits = 0;
		}
		if (digits > 3)
			return;
	}
	if (dots == 2 && digits > 0 && (text[size] == ' ' || text[size] == '\0') && size < sizeof(reply->enhanced))
		(void)snprintf(reply->enhanced, sizeof(reply->enhanced), "%.*s", (int)size, text);
}

static void
take_offer(struct la_smtp_reply *reply)
{
	if (reply->line_size > 4 && strcasecmp(reply->head + 4, "PIPELINING") == 0)
		reply->offers_pipelining = true;
}

/* head holds the line without its end. False: it belongs to no reply. */
static bool
take_line(struct la_smtp_reply *reply)
{
	const char *head = reply->head;
	int code;

	if (reply->line_size < 3 || head[0] < '2' || head[0] > '5' || !is_digit(head[1]) || !is_digit(head[2]))
		return (false);
	if (head[3] != '\0' && head[3] != ' ' && head[3] != '-')
		return (false);
	code = (head[0] - '0') * 100 + (head[1] - '0') * 10 + (head[2] - '0');
	if (++reply->lines > LA_SMTP_LINES_MAX || (reply->lines > 1 && code != reply->code))
		return (false);
	reply->code = code;
	take_enhanced(reply);
	take_offer(reply);
	reply->is_finished = head[3] != '-';
	return (true);
}

static enum la_smtp_read
end_line(struct la_smtp_reply *reply)
{
	size_t size = reply->line_size < sizeof(reply->head) ? reply->line_size : sizeof(reply->head) - 1;

	/* A CR before the LF belongs to the line's end. */
	if (reply->line_size == size && size > 0 && reply->head[size - 1] == '\r') {
		size--;
		reply->line_size--;
	}
	reply->head[size] = '\0';
	reply->is_garbage = !take_line(reply);
	reply->line_size = 0;
	if (reply->is_garbage)
		return (LA_SMTP_GARBAGE);
	return (reply->is_finished ? LA_SMTP_WHOLE : LA_SMTP_MORE);
}

enum la_smtp_read
la_smtp_reply_feed(struct la_smtp_reply *reply, struct la_span *bytes)
{
	if (reply->is_garbage)
		return (LA_SMTP_GARBAGE);
	if (reply->is_finished)
		*reply = (struct la_smtp_reply){.code = 0};
	while (bytes->size > 0) {
		char c = (char)bytes->data[0];
		enum la_smtp_read read;

		*bytes = la_span_of(bytes->data + 1, bytes->size - 1);
		if (c == '\n') {
			if ((read = end_line(reply)) != LA_SMTP_MORE)
				return (read);
			continue;
		}
		if (reply->line_size + 1 < sizeof(reply->head))
			reply->head[reply->line_size] = c;
		if (++reply->line_size > LA_SMTP_LINE_MAX) {
			reply->is_garbage = true;
			return (LA_SMTP_GARBAGE);
		}
	}
	return (LA_SMTP_MORE);
}
