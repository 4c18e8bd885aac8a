/* What a cluster's node says: a redirection names a slot that there is and a server that can be; any key has a slot. */
#include "common/redis_slot.h"
#include "fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(la_span_of(data, size));
	struct la_redirect redirect;
	struct la_redis_place place;

	REQUIRE(la_redis_slot(la_span_of(data, size)) < LA_SLOTS);
	if (la_redirect_read(text, "asked", &redirect)) {
		REQUIRE(redirect.slot < LA_SLOTS && redirect.place.port > 0 && redirect.place.port < 65536);
		REQUIRE(redirect.place.host[0] != '\0' && strlen(redirect.place.host) < sizeof(redirect.place.host));
	}
	if (la_redis_place_set(&place, la_span_of(data, size), 1))
		REQUIRE(size == strlen(place.host) && memcmp(place.host, data, size) == 0);
	free(text);
	return (0);
}
