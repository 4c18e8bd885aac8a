/*
 * Replies of a relay: byte 0 is the size of the pieces in which they come. Reading stops behind the reply and
 * depends on the pieces in nothing.
 */
#include "fuzz.h"
#include "mailer/smtp_reply.h"

static void
check_whole(const struct la_smtp_reply *reply)
{
	REQUIRE(reply->code >= 200 && reply->code <= 599);
	REQUIRE(strlen(reply->enhanced) < sizeof(reply->enhanced));
	REQUIRE(reply->enhanced[0] == '\0' || reply->enhanced[0] - '0' == reply->code / 100);
	REQUIRE(strspn(reply->enhanced, "0123456789.") == strlen(reply->enhanced));
}

/* All at once: gives how each reply ended, in a text. */
static void
read_all(struct la_span bytes, size_t piece, struct la_buf *out)
{
	struct la_smtp_reply reply = {.code = 0};
	size_t at = 0;

	while (at < bytes.size) {
		struct la_span given = fuzz_copy(la_span_of(bytes.data + at, bytes.size - at < piece ? bytes.size - at : piece));
		struct la_span rest = given;
		enum la_smtp_read read = la_smtp_reply_feed(&reply, &rest);

		REQUIRE(rest.size <= given.size && rest.data + rest.size == given.data + given.size);
		REQUIRE(read != LA_SMTP_MORE || rest.size == 0);
		REQUIRE(read == LA_SMTP_GARBAGE || rest.size < given.size);
		at += given.size - rest.size;
		fuzz_free(given);
		if (read == LA_SMTP_WHOLE) {
			REQUIRE(bytes.data[at - 1] == '\n');
			check_whole(&reply);
			fuzz_must(la_buf_printf(out, "%zu %d %s %d\n", at, reply.code, reply.enhanced, reply.offers_pipelining), NULL);
		} else if (read == LA_SMTP_GARBAGE) {
			struct la_span more = la_span_text("250 ok\r\n");

			fuzz_must(la_buf_printf(out, "%zu garbage\n", at), NULL);
			REQUIRE(la_smtp_reply_feed(&reply, &more) == LA_SMTP_GARBAGE);
			return;
		}
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct la_span rest = la_span_of(data, size);
	size_t piece = fuzz_byte(&rest) + 1;
	struct la_buf whole = LA_BUF_INIT, pieces = LA_BUF_INIT;

	read_all(rest, SIZE_MAX, &whole);
	read_all(rest, piece, &pieces);
	REQUIRE(fuzz_same(&whole, &pieces));
	la_buf_clear(&whole);
	la_buf_clear(&pieces);
	return (0);
}
