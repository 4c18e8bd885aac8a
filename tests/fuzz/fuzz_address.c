/* Addresses: what is accepted is one address that can stand on the wire, and is itself when it is read again. */
#include "fuzz.h"
#include "mailer/address.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct la_span input = fuzz_copy(la_span_of(data, size));
	struct la_error error = LA_ERROR_INIT;
	struct la_address address, again;

	if (la_address_parse(input, &address, &error) == LA_OK) {
		size_t length = strlen(address.text);

		REQUIRE(address.at > 0 && address.at <= LA_ADDRESS_LOCAL_MAX && address.text[address.at] == '@');
		REQUIRE(length > address.at + 1 && length - address.at - 1 <= LA_ADDRESS_DOMAIN_MAX);
		for (size_t i = 0; i < length; i++)
			REQUIRE(address.text[i] >= 0x20 && address.text[i] < 0x7f && address.text[i] != '<' &&
			    address.text[i] != '>');
		REQUIRE(strchr(address.text + address.at + 1, '@') == NULL);
		REQUIRE(strpbrk(address.text + address.at, " ,;:()\"\\") == NULL);
		fuzz_must(la_address_parse(la_span_text(address.text), &again, &error), &error);
		REQUIRE(strcmp(address.text, again.text) == 0 && address.at == again.at);
	} else {
		fuzz_require_line(error.text);
	}
	fuzz_free(input);
	return (0);
}
