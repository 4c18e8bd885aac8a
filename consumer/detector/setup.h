/* From configuration and key file to what decides. setup.c is pure, setup_os.c reads the key file. */
#ifndef LA_DETECTOR_SETUP_H
#define LA_DETECTOR_SETUP_H

#include "common/conf.h"
#include "common/decoder.h"
#include "common/encoder.h"
#include "detector/decide.h"
#include "detector/keys.h"

#define LA_KEY_FILE_BYTES_MAX 65536

/* policy.*, alert.max-age. conf has no problems. */
void la_setup_policy(const struct la_conf *conf, struct la_policy *policy);

/* Errors: LA_ECONFIG, LA_ENOMEM: names the file. The caller clears *keys. */
LA_MUST_CHECK enum la_err la_setup_keys(const char *path, struct la_keys *keys, struct la_error *error);

/*
 * Seals for the public key of seal.key.file; NULL when that is not set. Errors: LA_ECONFIG, LA_ENOMEM; *sealer is
 * NULL then.
 */
LA_MUST_CHECK enum la_err la_setup_sealer(
    const struct la_conf *conf, struct la_sealer **sealer, struct la_error *error);

/* A decider with the keys of hash.keys.file and, where it is set, seal.key.file. Errors: LA_ECONFIG, LA_ENOMEM. */
LA_MUST_CHECK enum la_err la_setup_decider(
    const struct la_conf *conf, struct la_decider **decider, struct la_error *error);

/*
 * The same for a replay: under this policy, mode REPLAY, and nothing is sealed, as no job goes anywhere.
 */
LA_MUST_CHECK enum la_err la_setup_replay_decider(const struct la_conf *conf, const struct la_policy *policy,
    struct la_decider **decider, struct la_error *error);

/* Those keys of policy.* that were set in other take its values; nothing else of other is looked at. */
void la_setup_policy_over(const struct la_conf *other, struct la_policy *policy);

#endif
