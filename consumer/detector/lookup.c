#include "detector/lookup.h"

#include <string.h>

void
la_lookup_init(struct la_store_read *read, const struct la_facts *facts)
{
	read->key_count = facts->epoch_count;
	read->found = -1;
	read->record = la_span_of(NULL, 0);
	for (size_t k = 0; k < facts->epoch_count; k++) {
		read->key[k].epoch = facts->by_epoch[k].epoch;
		memcpy(read->key[k].digest, facts->by_epoch[k].member, LA_MEMBER_DIGEST_BYTES);
	}
}

const struct la_member_key *
la_lookup_key(const struct la_store_read *read, const struct la_facts *facts, const struct la_member_key **key)
{
	if (read->found >= 0 && read->found <= facts->active) {
		*key = &read->key[read->found];
		return (NULL);
	}
	*key = &read->key[facts->active];
	return (read->found < 0 ? NULL : &read->key[read->found]);
}
