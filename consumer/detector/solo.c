#include "detector/solo.h"

void
la_solo_init(struct la_solo *solo, const struct la_store *store, const struct la_policy *policy)
{
	solo->store = store;
	solo->policy = policy;
	la_state_init(&solo->state);
}

enum la_err
la_solo_look(struct la_solo *solo, const struct la_facts *facts, struct la_error *error)
{
	const struct la_store *store = solo->store;
	enum la_err err;

	la_lookup_init(&solo->read, facts);
	if ((err = store->fetch_begin(store->self, &solo->read, 1, error)) != LA_OK ||
	    (err = store->fetch_end(store->self, 0, error)) != LA_OK)
		return (err);
	la_state_init(&solo->state);
	return (solo->read.found < 0 ? LA_OK : la_state_decode(solo->read.record, &solo->state, error));
}

/* One writer, so compare-and-set finds what was read. */
static enum la_err
put(const struct la_store *store, struct la_store_write *write, struct la_error *error)
{
	enum la_err err = store->write_begin(store->self, write, 1, error);

	if (err != LA_OK || (err = store->write_end(store->self, 0, error)) != LA_OK)
		return (err);
	if (write->result != LA_WRITE_DONE)
		return (la_error_set(error, LA_EINTERNAL, "a member's state changed by itself"));
	return (LA_OK);
}

enum la_err
la_solo_decide(struct la_solo *solo, const struct la_facts *facts, struct la_verdict *verdict, struct la_error *error)
{
	const struct la_member_key *key;
	struct la_store_write write;

	la_policy_decide(solo->policy, facts, &solo->state, verdict);
	if (!verdict->applied)
		return (LA_OK);
	write = (struct la_store_write){.before = solo->read.record,
	    .after = la_span_of(solo->record, la_state_encode(&solo->state, solo->record)),
	    .ttl_s = la_policy_key_ttl_s(solo->policy, &solo->state),
	    .keys = solo->read.key,
	    .key_count = solo->read.key_count,
	    .erases = verdict->erased};
	write.move_from = la_lookup_key(&solo->read, facts, &key);
	write.key = *key;
	return (put(solo->store, &write, error));
}
