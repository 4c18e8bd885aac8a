#include "detector/redis_key.h"

#include <sodium.h>
#include <string.h>

#include "common/redis_slot.h"
#include "common/redis_text.h"

#define DIGEST_TEXT 24 /* 22 characters of base64url and a NUL, as libsodium counts them */
#define PREFIX_MAX 200
#define KEY_BYTES (PREFIX_MAX + LA_REDIS_HEAD_BYTES + DIGEST_TEXT)

static size_t
write_key(char text[KEY_BYTES], const char *prefix, const struct la_member_key *key)
{
	size_t size = strnlen(prefix, PREFIX_MAX);

	memcpy(text, prefix, size);
	size += la_redis_text_head(text + size, ':', key->epoch) - 2; /* without the line end */
	text[size++] = ':';
	(void)sodium_bin2base64(text + size, DIGEST_TEXT, key->digest, sizeof(key->digest),
	    sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	return (size + strlen(text + size));
}

enum la_err
la_redis_key_arg(struct la_buf *out, const char *prefix, const struct la_member_key *key)
{
	LA_UNFILLED char text[KEY_BYTES];

	return (la_redis_text_arg(out, la_span_of(text, write_key(text, prefix, key))));
}

uint16_t
la_redis_key_slot(const char *prefix, const struct la_member_key *key)
{
	char text[KEY_BYTES];

	return (la_redis_slot(la_span_of(text, write_key(text, prefix, key))));
}
