#include "common/seal.h"

#include <sodium.h>
#include <stdlib.h>

#include "common/avro_plan.h"

#define VERSION 1
#define SENDER_AT 1
#define NONCE_AT (SENDER_AT + crypto_box_PUBLICKEYBYTES)
#define BOX_AT (NONCE_AT + crypto_box_NONCEBYTES)
#define OPENED_BYTES_MAX 1024 /* what a job has room for */
#define SLOTS_MAX 4

_Static_assert(LA_SEAL_KEY_BYTES == crypto_box_PUBLICKEYBYTES && LA_SEAL_KEY_BYTES == crypto_box_SECRETKEYBYTES,
    "both halves are X25519 keys");
_Static_assert(LA_SEALED_OVERHEAD == BOX_AT + crypto_box_MACBYTES, "the layout in seal.h");

/* AlertJob.avsc's Recipient without the texts. */
static const char schema_text[] =
    "{\"type\":\"record\",\"name\":\"Recipient\",\"namespace\":\"loginalert.v1\",\"fields\":["
    "{\"name\":\"email\",\"type\":[\"null\",\"string\"],\"default\":null},"
    "{\"name\":\"member_id\",\"type\":\"string\"}]}";

struct la_sealer {
	unsigned char sender[crypto_box_PUBLICKEYBYTES];
	unsigned char shared[crypto_box_BEFORENMBYTES];
};

struct agreed {
	uint64_t used; /* la_opener.clock when it last opened something; 0: never */
	unsigned char sender[crypto_box_PUBLICKEYBYTES];
	unsigned char shared[crypto_box_BEFORENMBYTES];
};

/* In memory of sodium_malloc: locked where that works, not in core dumps, wiped when freed. */
struct keyring {
	uint64_t clock;
	struct agreed agreed[LA_OPENER_KEYS_MAX];
	unsigned char secret[crypto_box_SECRETKEYBYTES];
};

struct la_opener {
	struct la_avro_schema *schema;
	struct la_avro_layout *layout;
	struct la_avro_plan *plan;
	uint16_t email_slot, member_id_slot;
	struct keyring *keyring;
};

enum la_err
la_sealer_new(struct la_sealer **sealer, const unsigned char public[LA_SEAL_KEY_BYTES], struct la_error *error)
{
	unsigned char secret[crypto_box_SECRETKEYBYTES];
	struct la_sealer *s = sodium_malloc(sizeof(*s));
	int failed;

	if (s == NULL)
		return (la_error_set(error, LA_ENOMEM, "out of memory"));
	(void)crypto_box_keypair(s->sender, secret);
	failed = crypto_box_beforenm(s->shared, public, secret);
	sodium_memzero(secret, sizeof(secret));
	if (failed) {
		la_sealer_free(s);
		return (la_error_set(error, LA_ECONFIG, "not a public key that anything can be sealed for"));
	}
	*sealer = s;
	return (LA_OK);
}

void
la_sealer_free(struct la_sealer *sealer)
{
	sodium_free(sealer);
}

/* A string of at most LA_TEXT_BYTES: its length in one or two bytes, then itself. Returns where the next goes. */
static unsigned char *
put_string(unsigned char *to, const struct la_text *text)
{
	unsigned length = text->present ? (unsigned)text->size * 2 : 0; /* zigzag */

	if (length >= 0x80)
		*to++ = (unsigned char)(length | 0x80);
	*to++ = (unsigned char)(length >= 0x80 ? length >> 7 : length);
	memcpy(to, text->bytes, length / 2);
	return (to + length / 2);
}

static size_t
encode(const struct la_recipient *recipient, unsigned char out[LA_RECIPIENT_BYTES_MAX])
{
	unsigned char *to = out;

	*to++ = recipient->email.present ? 2 : 0; /* the union's branch, zigzag */
	if (recipient->email.present)
		to = put_string(to, &recipient->email);
	return ((size_t)(put_string(to, &recipient->member_id) - out));
}

size_t
la_sealer_seal(
    const struct la_sealer *sealer, const struct la_recipient *recipient, unsigned char out[LA_SEALED_BYTES_MAX])
{
	unsigned char record[LA_RECIPIENT_BYTES_MAX];
	size_t size = encode(recipient, record);

	out[0] = VERSION;
	memcpy(out + SENDER_AT, sealer->sender, sizeof(sealer->sender));
	randombytes_buf(out + NONCE_AT, crypto_box_NONCEBYTES);
	/* fails only above 2^64 bytes */
	(void)crypto_box_easy_afternm(out + BOX_AT, record, size, out + NONCE_AT, sealer->shared);
	return (LA_SEALED_OVERHEAD + size);
}

/* Where the plan puts the record's two values. */
static enum la_err
find_slots(struct la_opener *opener, struct la_error *error)
{
	const struct la_avro_target *root = opener->layout->root;
	const struct la_avro_target *email = la_avro_layout_field(root, "email");
	const struct la_avro_target *member_id = la_avro_layout_field(root, "member_id");
	size_t branch;

	if (email != NULL)
		email = la_avro_layout_optional(email, &branch);
	if (email == NULL || member_id == NULL || opener->layout->slot_count > SLOTS_MAX)
		return (la_error_set(error, LA_EINTERNAL, "Recipient: not as it was written"));
	opener->email_slot = email->slot;
	opener->member_id_slot = member_id->slot;
	return (LA_OK);
}

static enum la_err
make_plan(struct la_opener *opener, struct la_error *error)
{
	const char *name = "Recipient";
	enum la_err err;

	if ((err = la_avro_schema_parse(&opener->schema, name, la_span_text(schema_text), error)) != LA_OK ||
	    (err = la_avro_layout_new(&opener->layout, name, opener->schema, error)) != LA_OK ||
	    (err = la_avro_plan_new(&opener->plan, name, opener->schema, opener->layout, error)) != LA_OK)
		return (err);
	return (find_slots(opener, error));
}

enum la_err
la_opener_new(struct la_opener **opener, const unsigned char secret[LA_SEAL_KEY_BYTES], struct la_error *error)
{
	struct la_opener *o = calloc(1, sizeof(*o));
	enum la_err err = LA_ENOMEM;

	if (o == NULL || (o->keyring = sodium_malloc(sizeof(*o->keyring))) == NULL)
		goto out;
	memset(o->keyring, 0, sizeof(*o->keyring));
	memcpy(o->keyring->secret, secret, sizeof(o->keyring->secret));
	if ((err = make_plan(o, error)) != LA_OK)
		goto out;
	*opener = o;
	o = NULL;
out:
	la_opener_free(o);
	return (err == LA_ENOMEM ? la_error_set(error, err, "out of memory") : err);
}

void
la_opener_free(struct la_opener *opener)
{
	if (opener == NULL)
		return;
	la_avro_plan_free(opener->plan);
	la_avro_layout_free(opener->layout);
	la_avro_schema_free(opener->schema);
	sodium_free(opener->keyring);
	free(opener);
}

/* The one that is kept for this sender; else the one that may go, the longest unused. */
static struct agreed *
find_agreed(struct keyring *keyring, const unsigned char *sender)
{
	struct agreed *oldest = &keyring->agreed[0];

	for (size_t i = 0; i < LA_OPENER_KEYS_MAX; i++) {
		struct agreed *agreed = &keyring->agreed[i];

		if (agreed->used != 0 && memcmp(agreed->sender, sender, sizeof(agreed->sender)) == 0)
			return (agreed);
		if (agreed->used < oldest->used)
			oldest = agreed;
	}
	return (oldest);
}

/*
 * Decrypts into record. A key is kept only once it has opened something, so that
 * bytes that anybody made up drive out none that is in use.
 */
static bool
open_box(struct keyring *keyring, struct la_span sealed, unsigned char *record)
{
	const unsigned char *sender = sealed.data + SENDER_AT;
	struct agreed *kept = find_agreed(keyring, sender), agreed = *kept;
	bool is_open = false;

	if (kept->used == 0 || memcmp(kept->sender, sender, sizeof(kept->sender)) != 0) {
		memcpy(agreed.sender, sender, sizeof(agreed.sender));
		if (crypto_box_beforenm(agreed.shared, sender, keyring->secret) != 0)
			goto out;
	}
	is_open = crypto_box_open_easy_afternm(
	              record, sealed.data + BOX_AT, sealed.size - BOX_AT, sealed.data + NONCE_AT, agreed.shared) == 0;
	agreed.used = ++keyring->clock;
	if (is_open)
		*kept = agreed;
out:
	sodium_memzero(&agreed, sizeof(agreed));
	return (is_open);
}

static enum la_err
read_record(struct la_opener *opener, struct la_span record, struct la_recipient *recipient, struct la_error *error)
{
	struct la_avro_slot slots[SLOTS_MAX];
	enum la_err err = la_avro_plan_run(opener->plan, record, slots, error);
	struct la_span email;

	if (err != LA_OK) {
		la_error_prefix(error, "the job's sealed recipient holds no Recipient record");
		return (err);
	}
	email = slots[opener->email_slot].bytes;
	if (email.size > LA_TEXT_BYTES) /* a part of it would be somebody else's */
		return (la_error_set(error, LA_EDATA,
		    "the job's sealed recipient holds an address of %zu bytes; at most %d are allowed", email.size,
		    LA_TEXT_BYTES));
	la_text_set(&recipient->email, email);
	la_text_set(&recipient->member_id, slots[opener->member_id_slot].bytes);
	return (LA_OK);
}

enum la_err
la_opener_open(
    struct la_opener *opener, struct la_span sealed, struct la_recipient *recipient, struct la_error *error)
{
	unsigned char record[OPENED_BYTES_MAX];
	enum la_err err;

	if (sealed.size > 0 && sealed.data[0] != VERSION)
		return (la_error_set(error, LA_EDATA, "the job's sealed recipient is of version %u; only %d is known",
		    (unsigned)sealed.data[0], VERSION));
	if (sealed.size < LA_SEALED_OVERHEAD || sealed.size > OPENED_BYTES_MAX)
		return (la_error_set(error, LA_EDATA, "the job's sealed recipient has %zu bytes; %d to %d are possible",
		    sealed.size, LA_SEALED_OVERHEAD, OPENED_BYTES_MAX));
	/* X25519 ignores the highest bit: set, it would be another way to write the same seal */
	if ((sealed.data[NONCE_AT - 1] & 0x80) != 0 || !open_box(opener->keyring, sealed, record))
		return (la_error_set(error, LA_EDATA,
		    "the job's sealed recipient cannot be opened: it was sealed for another key than that of "
		    "seal.key.file, or changed since"));
	err = read_record(opener, la_span_of(record, sealed.size - LA_SEALED_OVERHEAD), recipient, error);
	sodium_memzero(record, sizeof(record));
	return (err);
}
