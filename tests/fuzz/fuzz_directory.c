/*
 * recipient.url: byte 0 is even: an answer (status, Content-Type, body): only a 200 gives an address, which is never cut,
 * and the log's line is one of ours. Odd: the URL, a tenant, a member id: the member's URL starts as the configured one
 * and has no byte that a URL must not have.
 */
#include "fuzz.h"
#include "mailer/directory_reply.h"
#include "mailer/directory_url.h"

static void
read_answer(struct la_span rest)
{
	static const long statuses[] = {200, 200, 200, 204, 301, 401, 404, 503};
	long status = statuses[fuzz_byte(&rest) % 8];
	char *type = fuzz_text(fuzz_field(&rest));
	struct la_span body = fuzz_copy(rest);
	struct la_directory_answer answer;

	fuzz_must(la_directory_reply_read("h:443", status, type, body, &answer), NULL);
	REQUIRE((answer.verdict == LA_DIRECTORY_FOUND) == answer.email.present);
	if (answer.verdict == LA_DIRECTORY_FOUND) {
		REQUIRE(status == 200 && answer.detail[0] == '\0');
		REQUIRE(la_utf8_valid(la_text_span(&answer.email)));
		REQUIRE(memchr(answer.email.bytes, '\0', answer.email.size) == NULL);
	} else {
		fuzz_require_line(answer.detail);
		REQUIRE(strncmp(answer.detail, "h:443: ", 7) == 0 && strlen(answer.detail) < 80 && !answer.locale.present);
	}
	free(type);
	fuzz_free(body);
}

static void
make_url(struct la_span rest)
{
	char *text = fuzz_text(fuzz_field(&rest));
	struct la_span tenant = fuzz_field(&rest);
	char out[LA_DIRECTORY_URL_BYTES];
	struct la_directory_url url;
	struct la_error error = LA_ERROR_INIT;
	size_t fixed = strcspn(text, "{");

	if (la_directory_url_parse(text, &url, &error) != LA_OK) {
		fuzz_require_line(error.text);
	} else if (la_directory_url_make(&url, tenant, rest, out, &error) == LA_OK) {
		REQUIRE(strncmp(out, text, fixed) == 0 && strlen(out) < sizeof(out));
		for (const char *at = out; *at != '\0'; at++)
			REQUIRE((unsigned char)*at > 0x20 && (unsigned char)*at < 0x7f && strchr("{}\"<>#\\", *at) == NULL);
	}
	free(text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return (fuzz_either(la_span_of(data, size), read_answer, make_url));
}
