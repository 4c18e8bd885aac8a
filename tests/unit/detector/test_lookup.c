/* Which keys a member is looked for under, and where its state goes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "detector/lookup.h"

/* Epochs 3, 2, 1; which one is active? */
static struct la_facts
facts_with(uint8_t active)
{
	struct la_facts facts = {.epoch_count = 3, .active = active};

	for (uint8_t k = 0; k < 3; k++) {
		facts.by_epoch[k].epoch = (uint16_t)(3 - k);
		memset(facts.by_epoch[k].member, 'a' + k, LA_MEMBER_DIGEST_BYTES);
	}
	return (facts);
}

static void
every_epoch_is_asked_newest_first(void **state)
{
	struct la_facts facts = facts_with(1);
	struct la_store_read read;

	(void)state;
	la_lookup_init(&read, &facts);
	assert_int_equal(read.key_count, 3);
	assert_int_equal(read.found, -1);
	for (uint8_t k = 0; k < 3; k++) {
		assert_int_equal(read.key[k].epoch, 3 - k);
		assert_memory_equal(read.key[k].digest, facts.by_epoch[k].member, LA_MEMBER_DIGEST_BYTES);
	}
}

static void
state_goes_to_the_active_epoch_or_stays_under_a_newer_one(void **state)
{
	static const struct {
		uint8_t active;
		int8_t found;
		uint16_t written, moved_from;
	} rows[] = {
	    {0, -1, 3, 0}, {0, 0, 3, 0}, {0, 1, 3, 2}, {0, 2, 3, 1},
	    {1, -1, 2, 0}, {1, 0, 3, 0}, {1, 1, 2, 0}, {1, 2, 2, 1},
	    {2, -1, 1, 0}, {2, 0, 3, 0}, {2, 1, 2, 0}, {2, 2, 1, 0},
	};
	const struct la_member_key *key, *old_key;
	struct la_store_read read;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct la_facts facts = facts_with(rows[i].active);

		la_lookup_init(&read, &facts);
		read.found = rows[i].found;
		old_key = la_lookup_key(&read, &facts, &key);
		assert_int_equal(key->epoch, rows[i].written);
		assert_int_equal(old_key == NULL ? 0 : old_key->epoch, rows[i].moved_from);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_epoch_is_asked_newest_first),
	    cmocka_unit_test(state_goes_to_the_active_epoch_or_stays_under_a_newer_one),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
