/* Microseconds for sealing a recipient and for opening one, from a sender that is known and from new ones. */
#include <sodium.h>
#include <stdio.h>
#include <time.h>

#include "common/seal.h"

#define RECORDS 200000
#define SENDERS 2000

static double
now_us(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return ((double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3);
}

int
main(void)
{
	static unsigned char new[SENDERS][LA_SEALED_BYTES_MAX];
	unsigned char secret[LA_SEAL_KEY_BYTES], public[LA_SEAL_KEY_BYTES], sealed[LA_SEALED_BYTES_MAX];
	struct la_recipient recipient, got;
	struct la_sealer *sealer = NULL, *other;
	struct la_opener *opener = NULL;
	size_t size = 0, wrong = 0;
	double start;

	if (sodium_init() < 0)
		return (1);
	la_seal_key_generate(secret, public);
	la_text_set(&recipient.email, la_span_text("hanako@example.jp"));
	la_text_set(&recipient.member_id, la_span_text("123456321"));
	if (la_sealer_new(&sealer, public, NULL) != LA_OK || la_opener_new(&opener, secret, NULL) != LA_OK)
		return (1);
	start = now_us();
	for (int i = 0; i < RECORDS; i++)
		size = la_sealer_seal(sealer, &recipient, sealed);
	(void)printf("seal                      %6.2f us, %zu bytes\n", (now_us() - start) / RECORDS, size);
	start = now_us();
	for (int i = 0; i < RECORDS; i++)
		wrong += la_opener_open(opener, la_span_of(sealed, size), &got, NULL) != LA_OK;
	(void)printf("open                      %6.2f us\n", (now_us() - start) / RECORDS);
	for (int i = 0; i < SENDERS; i++) {
		if (la_sealer_new(&other, public, NULL) != LA_OK)
			return (1);
		(void)la_sealer_seal(other, &recipient, new[i]);
		la_sealer_free(other);
	}
	start = now_us();
	for (int i = 0; i < SENDERS; i++)
		wrong += la_opener_open(opener, la_span_of(new[i], size), &got, NULL) != LA_OK;
	(void)printf("open, each of a new sender %5.2f us\n", (now_us() - start) / SENDERS);
	la_sealer_free(sealer);
	la_opener_free(opener);
	return (wrong != 0);
}
