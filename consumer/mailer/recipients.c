#include "mailer/recipients.h"

#include <sodium.h>

#define WAYS 4 /* places that a member may have */
#define DIGEST_BYTES 16

struct entry {
	int64_t until_ms; /* 0: free */
	unsigned char digest[DIGEST_BYTES];
	struct la_text email, locale;
};

struct la_recipients {
	unsigned char key[crypto_generichash_KEYBYTES];
	struct entry entries[LA_RECIPIENTS_MAX];
};

enum la_err
la_recipients_new(struct la_recipients **recipients)
{
	struct la_recipients *made = sodium_malloc(sizeof(*made));

	if (made == NULL)
		return (LA_ENOMEM);
	sodium_memzero(made, sizeof(*made));
	randombytes_buf(made->key, sizeof(made->key));
	*recipients = made;
	return (LA_OK);
}

void
la_recipients_free(struct la_recipients *recipients)
{
	sodium_free(recipients); /* wipes */
}

static void
wipe(struct entry *entry)
{
	sodium_memzero(entry, sizeof(*entry));
}

/* The first of the places that the member may have; the digest says which member it is. */
static struct entry *
find_places(struct la_recipients *r, struct la_span tenant, struct la_span member_id, unsigned char digest[DIGEST_BYTES])
{
	const unsigned char sizes[2] = {(unsigned char)(tenant.size & 255), (unsigned char)(tenant.size >> 8)};
	crypto_generichash_state state;

	(void)crypto_generichash_init(&state, r->key, sizeof(r->key), DIGEST_BYTES);
	(void)crypto_generichash_update(&state, sizes, sizeof(sizes)); /* where the tenant ends */
	(void)crypto_generichash_update(&state, tenant.data, tenant.size);
	(void)crypto_generichash_update(&state, member_id.data, member_id.size);
	(void)crypto_generichash_final(&state, digest, DIGEST_BYTES);
	return (&r->entries[(digest[0] | digest[1] << 8) % (LA_RECIPIENTS_MAX / WAYS) * WAYS]);
}

void
la_recipients_put(struct la_recipients *recipients, struct la_span tenant, struct la_span member_id,
    const struct la_text *email, const struct la_text *locale, int64_t now_ms)
{
	unsigned char digest[DIGEST_BYTES];
	struct entry *places = find_places(recipients, tenant, member_id, digest), *oldest = places;

	for (size_t i = 0; i < WAYS; i++) {
		if (memcmp(places[i].digest, digest, sizeof(digest)) == 0) {
			oldest = &places[i];
			break;
		}
		if (places[i].until_ms < oldest->until_ms)
			oldest = &places[i];
	}
	wipe(oldest);
	memcpy(oldest->digest, digest, sizeof(digest));
	oldest->until_ms = now_ms + LA_RECIPIENTS_TTL_MS;
	oldest->email = *email;
	oldest->locale = *locale;
}

bool
la_recipients_get(struct la_recipients *recipients, struct la_span tenant, struct la_span member_id, int64_t now_ms,
    struct la_text *email, struct la_text *locale)
{
	unsigned char digest[DIGEST_BYTES];
	const struct entry *places = find_places(recipients, tenant, member_id, digest);

	for (size_t i = 0; i < WAYS; i++) {
		if (places[i].until_ms <= now_ms || memcmp(places[i].digest, digest, sizeof(digest)) != 0)
			continue;
		*email = places[i].email;
		*locale = places[i].locale;
		return (true);
	}
	return (false);
}

void
la_recipients_sweep(struct la_recipients *recipients, int64_t now_ms)
{
	for (size_t i = 0; i < LA_RECIPIENTS_MAX; i++) {
		struct entry *entry = &recipients->entries[i];

		if (entry->until_ms != 0 && entry->until_ms <= now_ms)
			wipe(entry);
	}
}
