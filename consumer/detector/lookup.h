/*
 * A member's keys in the store (README.md, "Epochs"): what is asked, and
 * where the state goes afterwards. Pure; run, decide and replay share it.
 */
#ifndef LA_DETECTOR_LOOKUP_H
#define LA_DETECTOR_LOOKUP_H

#include "detector/facts.h"
#include "detector/store.h"

/* The member's key under each epoch of the key file, newest first. */
void la_lookup_init(struct la_store_read *read, const struct la_facts *facts);

/*
 * The key that the state is written to after a look-up: that of the active epoch, or the newer one it was found
 * under. Returns the older key that it moves from, or NULL. Both point into read.
 */
const struct la_member_key *la_lookup_key(
    const struct la_store_read *read, const struct la_facts *facts, const struct la_member_key **key);

#endif
