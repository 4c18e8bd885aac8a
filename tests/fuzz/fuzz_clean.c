/* Texts of a job: what is cleaned is valid, bounded, without controls or "://", and clean. */
#include "fuzz.h"
#include "mailer/clean.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct la_span input = fuzz_copy(la_span_of(data, size));
	struct la_text clean, again;

	la_clean_text(input, &clean);
	REQUIRE(clean.present && clean.size <= LA_TEXT_BYTES && clean.bytes[clean.size] == '\0');
	REQUIRE(la_utf8_valid(la_text_span(&clean)));
	for (size_t i = 0; i < clean.size; i++)
		REQUIRE((unsigned char)clean.bytes[i] >= 0x20 && clean.bytes[i] != 0x7f);
	REQUIRE(strstr(clean.bytes, "://") == NULL);
	la_clean_text(la_text_span(&clean), &again);
	REQUIRE(la_span_equal(la_text_span(&clean), la_text_span(&again)));
	fuzz_free(input);
	return (0);
}
