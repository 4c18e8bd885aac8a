/*
 * One event after the other over a store that nobody else writes to: how
 * decide and replay use the policy. Pure, as far as the store is.
 */
#ifndef LA_DETECTOR_SOLO_H
#define LA_DETECTOR_SOLO_H

#include "detector/lookup.h"
#include "detector/policy.h"

struct la_solo {
	const struct la_store *store;   /* both must outlive it */
	const struct la_policy *policy;
	struct la_store_read read;      /* the rest is its own */
	struct la_member_state state;   /* of the member that was looked up last */
	unsigned char record[LA_STATE_RECORD_MAX];
};

void la_solo_init(struct la_solo *solo, const struct la_store *store, const struct la_policy *policy);

/* solo->state becomes that of the event's member before the event. Errors: LA_EDATA (a broken record), LA_ENOMEM. */
LA_MUST_CHECK enum la_err la_solo_look(struct la_solo *solo, const struct la_facts *facts, struct la_error *error);

/*
 * After la_solo_look of the same facts: decides, solo->state becomes the state after the event, and the store has it.
 * Errors: LA_ENOMEM, LA_EINTERNAL (somebody else writes to the store).
 */
LA_MUST_CHECK enum la_err la_solo_decide(
    struct la_solo *solo, const struct la_facts *facts, struct la_verdict *verdict, struct la_error *error);

#endif
