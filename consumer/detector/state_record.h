/* The marks of a member's record, for state.c and state_decode.c alone; README.md explains each byte. */
#ifndef LA_DETECTOR_STATE_RECORD_H
#define LA_DETECTOR_STATE_RECORD_H

#include "common/job.h"

#define RECORD_VERSION 1

/* the record's second byte */
#define RECORD_TOMBSTONE 0x01
#define RECORD_SUPPRESSED 0x02
#define RECORD_LOGIN_WINDOW 0x04
#define RECORD_LINK_WINDOW 0x08
#define RECORD_FLAGS 0x0f

/* the first byte of an entry */
#define ENTRY_OLDER_EPOCH 0x01
#define ENTRY_HAS 0x02 /* environment: a token; position: a timestamp */
#define ENTRY_OUTCOME_SHIFT 1 /* memo: two bits */
#define ENTRY_REASON_SHIFT 3  /* memo, cooldown: three bits */

/* The outcomes of candidates, by their two bits in a memo entry. */
static const enum la_outcome record_outcomes[4] = {
    LA_OUTCOME_ALERTED, LA_OUTCOME_SEEDED, LA_OUTCOME_SUPPRESSED_COOLDOWN, LA_OUTCOME_SUPPRESSED_CAP};

/* The five lists, in the order of the record. X(field, most) */
#define RECORD_LISTS(X)                    \
	X(environment, LA_ENVIRONMENTS_MAX) \
	X(app, LA_APPS_MAX)                 \
	X(position, LA_POSITIONS_MAX)       \
	X(memo, LA_MEMO_MAX)                \
	X(cooldown, LA_COOLDOWNS_MAX)

#endif
