/*
 * Sealed recipients: byte 0 odd: the rest is the record inside, sealed here as any
 * sender can; else the sealed bytes themselves. What opens is the same when it is sealed again.
 */
#include <sodium.h>

#include "common/seal.h"
#include "fuzz.h"

#define RECORD_BYTES_MAX (1024 - LA_SEALED_OVERHEAD + 16) /* and some that are too large */

static unsigned char secret[LA_SEAL_KEY_BYTES], public[LA_SEAL_KEY_BYTES], sender[LA_SEAL_KEY_BYTES], agreed[32];

static struct la_opener *
open_opener(void)
{
	unsigned char sender_secret[32];
	struct la_opener *opener = NULL;

	REQUIRE(sodium_init() >= 0);
	for (unsigned i = 0; i < 32; i++) {
		secret[i] = (unsigned char)i;
		sender_secret[i] = (unsigned char)(32 + i);
	}
	REQUIRE(crypto_scalarmult_base(public, secret) == 0 && crypto_scalarmult_base(sender, sender_secret) == 0);
	REQUIRE(crypto_box_beforenm(agreed, public, sender_secret) == 0);
	fuzz_must(la_opener_new(&opener, secret, NULL), NULL);
	return (opener);
}

/* Version, sender, nonce, box: seal.h. */
static size_t
seal(struct la_span record, unsigned char *out)
{
	size_t size = record.size < RECORD_BYTES_MAX ? record.size : RECORD_BYTES_MAX;

	out[0] = 1;
	memcpy(out + 1, sender, sizeof(sender));
	memset(out + 33, 0x40, 24);
	REQUIRE(crypto_box_easy_afternm(out + 57, record.data, size, out + 33, agreed) == 0);
	return (LA_SEALED_OVERHEAD + size);
}

static void
check_recipient(struct la_opener *opener, const struct la_recipient *recipient)
{
	static struct la_sealer *sealer;
	unsigned char sealed[LA_SEALED_BYTES_MAX];
	struct la_recipient again;
	struct la_error error = LA_ERROR_INIT;
	size_t size;

	if (sealer == NULL)
		fuzz_must(la_sealer_new(&sealer, public, &error), &error);
	size = la_sealer_seal(sealer, recipient, sealed);
	REQUIRE(size <= sizeof(sealed));
	fuzz_must(la_opener_open(opener, la_span_of(sealed, size), &again, &error), &error);
	REQUIRE(la_span_equal(la_text_span(&recipient->email), la_text_span(&again.email)));
	REQUIRE(la_span_equal(la_text_span(&recipient->member_id), la_text_span(&again.member_id)));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct la_opener *opener;
	unsigned char sealed[LA_SEALED_OVERHEAD + RECORD_BYTES_MAX];
	struct la_span input = fuzz_copy(la_span_of(data, size)), rest = input, given;
	struct la_error error = LA_ERROR_INIT;
	struct la_recipient recipient;
	bool is_inside = fuzz_byte(&rest) & 1;

	if (opener == NULL)
		opener = open_opener();
	given = is_inside ? la_span_of(sealed, seal(rest, sealed)) : rest;
	if (la_opener_open(opener, given, &recipient, &error) == LA_OK)
		check_recipient(opener, &recipient);
	else
		fuzz_require_line(error.text);
	fuzz_free(input);
	return (0);
}
