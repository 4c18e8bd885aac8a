/* A member's key in Redis, as an argument of a command. Pure. */
#ifndef LA_DETECTOR_REDIS_KEY_H
#define LA_DETECTOR_REDIS_KEY_H

#include "common/buf.h"
#include "detector/store.h"

/* The argument "<prefix>:<epoch>:<base64url of the digest, no padding>". Errors: LA_ENOMEM. */
LA_MUST_CHECK enum la_err la_redis_key_arg(
    struct la_buf *out, const char *prefix, const struct la_member_key *key);

/* Its slot in a cluster. */
uint16_t la_redis_key_slot(const char *prefix, const struct la_member_key *key);

#endif
