/* redis.url: what is accepted names one server, and fits where it is put. */
#include "common/redis_url.h"
#include "fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(la_span_of(data, size));
	struct la_error error = LA_ERROR_INIT;
	struct la_redis_url url, again;

	if (la_redis_url_parse(text, &url, &error) == LA_OK) {
		REQUIRE(url.where[0] != '\0' && strlen(url.where) < sizeof(url.where));
		REQUIRE(url.is_unix ? url.where[0] == '/' : url.port > 0 && url.port < 65536);
		REQUIRE(url.db >= 0);
		fuzz_must(la_redis_url_parse(url.name, &again, &error), &error); /* a name that the user can copy */
		REQUIRE(strcmp(url.where, again.where) == 0 && url.is_unix == again.is_unix);
		REQUIRE(url.is_unix || url.port == again.port);
	} else {
		fuzz_require_line(error.text);
	}
	free(text);
	return (0);
}
