/* The member record: every state comes back, and nothing else is accepted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "detector/state.h"

/* xorshift64*: the same numbers in every run. */
static uint64_t seed;

static uint64_t
draw(void)
{
	seed ^= seed >> 12;
	seed ^= seed << 25;
	seed ^= seed >> 27;
	return (seed * UINT64_C(0x2545f4914f6cdd1d));
}

static uint64_t
below(uint64_t most)
{
	return (draw() % most);
}

static uint64_t
any_digest(void)
{
	return (draw() | 1);
}

/* Now and then one from the ends of the range. */
static int64_t
any_time(void)
{
	switch (below(40)) {
	case 0:
		return (INT64_MIN);
	case 1:
		return (INT64_MAX);
	case 2:
		return ((int64_t)draw());
	default:
		return (INT64_C(1751328000000) + (int64_t)below(UINT64_C(40000000000)));
	}
}

static uint16_t
any_epoch(void)
{
	return ((uint16_t)(below(20) == 0 ? 1 + below(65535) : 1 + below(3)));
}

static void
fill_lists(struct la_member_state *s)
{
	static const enum la_outcome outcomes[] = {
	    LA_OUTCOME_ALERTED, LA_OUTCOME_SEEDED, LA_OUTCOME_SUPPRESSED_COOLDOWN, LA_OUTCOME_SUPPRESSED_CAP};

	for (size_t i = 0; i < s->environment_count; i++)
		s->environment[i] = (struct la_environment){
		    any_epoch(), below(3) == 0 ? 0 : any_digest(), any_digest(), any_digest(), any_time()};
	for (size_t i = 0; i < s->app_count; i++)
		s->app[i] = (struct la_app){any_epoch(), any_digest(), any_time()};
	for (size_t i = 0; i < s->position_count; i++) {
		bool has = below(2) == 0;

		s->position[i] = (struct la_position){any_epoch(), any_digest(), (int32_t)draw(), (int64_t)draw(), has,
		    has ? any_time() : 0};
	}
	for (size_t i = 0; i < s->memo_count; i++) {
		enum la_outcome outcome = outcomes[below(4)];

		s->memo[i] = (struct la_memo){any_epoch(), any_digest(), outcome, (enum la_reason)below(5),
		    outcome == LA_OUTCOME_ALERTED ? (uint32_t)draw() >> below(32) : 0};
	}
	for (size_t i = 0; i < s->cooldown_count; i++)
		s->cooldown[i] = (struct la_cooldown){any_epoch(), (enum la_reason)below(5), any_digest(), any_digest(),
		    any_digest(), any_digest(), any_time()};
}

static void
any_state(struct la_member_state *s)
{
	la_state_init(s);
	s->position_count = (uint8_t)below(LA_POSITIONS_MAX + 1);
	s->memo_count = (uint8_t)below(LA_MEMO_MAX + 1);
	s->tombstone = below(10) == 0;
	if (!s->tombstone) {
		s->environment_count = (uint8_t)below(LA_ENVIRONMENTS_MAX + 1);
		s->app_count = (uint8_t)below(LA_APPS_MAX + 1);
		s->cooldown_count = (uint8_t)below(LA_COOLDOWNS_MAX + 1);
		s->suppressed = below(2) == 0 ? 0 : (uint32_t)draw() >> below(32);
		if (below(2) == 0)
			s->login_window = (struct la_cap_window){1 + (uint32_t)below(UINT32_MAX), any_time()};
		if (below(2) == 0)
			s->link_window = (struct la_cap_window){1 + (uint32_t)below(UINT32_MAX), any_time()};
	}
	fill_lists(s);
}

/* A copy that ends where the allocation ends, so that a read beyond it is seen. */
static enum la_err
decode(const unsigned char *record, size_t size, struct la_member_state *state)
{
	unsigned char *copy = malloc(size == 0 ? 1 : size);
	struct la_error error = LA_ERROR_INIT;
	enum la_err err;

	assert_non_null(copy);
	memcpy(copy, record, size);
	err = la_state_decode(la_span_of(copy, size), state, &error);
	assert_true(err == LA_OK || (err == LA_EDATA && error.text[0] != '\0'));
	free(copy);
	return (err);
}

static void
random_states_come_back_as_they_were(void **unused)
{
	unsigned char record[LA_STATE_RECORD_MAX];
	struct la_member_state state, back;

	(void)unused;
	seed = 1;
	for (int i = 0; i < 20000; i++) {
		size_t size;

		any_state(&state);
		size = la_state_encode(&state, record);
		assert_true(size <= LA_STATE_RECORD_MAX);
		la_state_init(&back); /* padding and what lies behind the counts is equal then */
		assert_int_equal(decode(record, size, &back), LA_OK);
		assert_memory_equal(&state, &back, sizeof(state));
	}
}

static void
the_fullest_state_has_room(void **unused)
{
	unsigned char record[LA_STATE_RECORD_MAX];
	struct la_member_state state, back;
	size_t size;

	(void)unused;
	memset(&state, 0, sizeof(state));
	state.environment_count = LA_ENVIRONMENTS_MAX;
	state.app_count = LA_APPS_MAX;
	state.position_count = LA_POSITIONS_MAX;
	state.memo_count = LA_MEMO_MAX;
	state.cooldown_count = LA_COOLDOWNS_MAX;
	for (size_t i = 0; i < LA_ENVIRONMENTS_MAX; i++)
		state.environment[i] = (struct la_environment){1, UINT64_MAX, UINT64_MAX, UINT64_MAX, INT64_MIN};
	for (size_t i = 0; i < LA_APPS_MAX; i++)
		state.app[i] = (struct la_app){1, UINT64_MAX, INT64_MIN};
	for (size_t i = 0; i < LA_POSITIONS_MAX; i++)
		state.position[i] = (struct la_position){1, UINT64_MAX, INT32_MIN, INT64_MIN, true, INT64_MIN};
	for (size_t i = 0; i < LA_MEMO_MAX; i++)
		state.memo[i] = (struct la_memo){1, UINT64_MAX, LA_OUTCOME_ALERTED, LA_REASON_THIRD_PARTY_LINK, UINT32_MAX};
	for (size_t i = 0; i < LA_COOLDOWNS_MAX; i++)
		state.cooldown[i] = (struct la_cooldown){
		    1, LA_REASON_THIRD_PARTY_LINK, UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX, INT64_MIN};
	state.suppressed = UINT32_MAX;
	state.login_window = (struct la_cap_window){UINT32_MAX, INT64_MAX};
	state.link_window = (struct la_cap_window){UINT32_MAX, INT64_MIN};
	state.memo[0].epoch = 65535; /* all others lie far before it */
	size = la_state_encode(&state, record);
	assert_true(size > 2500 && size <= LA_STATE_RECORD_MAX);
	assert_int_equal(decode(record, size, &back), LA_OK);
	assert_int_equal(la_state_encode(&back, record), size);
}

/* The figure of the operator's handbook: with key and Redis' own bytes below 360. */
static void
three_devices_take_at_most_200_bytes(void **unused)
{
	unsigned char record[LA_STATE_RECORD_MAX];
	struct la_member_state state;
	const int64_t day = INT64_C(86400000), now = INT64_C(1751328000000);

	(void)unused;
	seed = 7;
	la_state_init(&state);
	state.environment_count = state.memo_count = 3;
	state.position_count = 1;
	state.login_window = (struct la_cap_window){1, now};
	for (int i = 0; i < 3; i++) {
		state.environment[i] = (struct la_environment){1, any_digest(), any_digest(), any_digest(), now - i * 100 * day};
		state.memo[i] = (struct la_memo){1, any_digest(), LA_OUTCOME_ALERTED, LA_REASON_NEW_DEVICE, 0};
	}
	state.position[0] = (struct la_position){1, any_digest(), 7, INT64_C(123456789), true, now + 40};
	assert_in_range(la_state_encode(&state, record), 100, 200);
}

static void
the_documented_record_is_written(void **unused)
{
	static const unsigned char expected[] = {
	    0x01, 0x06,                                     /* version; suppressed and a login window follow */
	    0x02,                                           /* epoch 2 */
	    0x80, 0x90, 0xa2, 0x9a, 0xfc, 0x32,             /* 1751328000000 */
	    0x05,                                           /* suppressed 5 */
	    0x03, 0xe8, 0x07,                               /* window: 3, 1000 ms earlier */
	    0x02, 0x01, 0x01, 0x01, 0x00,                   /* counts */
	    0x02, 1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0x00,
	    0x01, 0x01, 2, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0x02, /* epoch 1, no token */
	    0x00, 4, 0, 0, 0, 0, 0, 0, 0, 0x01,             /* app */
	    0x02, 5, 0, 0, 0, 0, 0, 0, 0, 0x07, 0xac, 0x02, 0x00, /* position: partition 7, offset 300 */
	    0x08, 6, 0, 0, 0, 0, 0, 0, 0, 0x05,             /* memo: ALERTED, NEW_DEVICE, 5 before */
	};
	const int64_t now = INT64_C(1751328000000);
	unsigned char record[LA_STATE_RECORD_MAX];
	struct la_member_state state;
	size_t size;

	(void)unused;
	la_state_init(&state);
	state.suppressed = 5;
	state.login_window = (struct la_cap_window){3, now - 1000};
	state.environment_count = 2;
	state.environment[0] = (struct la_environment){2, 1, 2, 3, now};
	state.environment[1] = (struct la_environment){1, 0, 2, 3, now - 2};
	state.app_count = state.position_count = state.memo_count = 1;
	state.app[0] = (struct la_app){2, 4, now - 1};
	state.position[0] = (struct la_position){2, 5, 7, 300, true, now};
	state.memo[0] = (struct la_memo){2, 6, LA_OUTCOME_ALERTED, LA_REASON_NEW_DEVICE, 5};
	size = la_state_encode(&state, record);
	assert_int_equal(size, sizeof(expected));
	assert_memory_equal(record, expected, size);
}

static void
every_cut_record_and_every_longer_one_is_refused(void **unused)
{
	unsigned char record[LA_STATE_RECORD_MAX + 1];
	struct la_member_state state, back;

	(void)unused;
	seed = 2;
	for (int i = 0; i < 30; i++) {
		size_t size;

		any_state(&state);
		size = la_state_encode(&state, record);
		for (size_t cut = 0; cut < size; cut++)
			assert_int_equal(decode(record, cut, &back), LA_EDATA);
		record[size] = 0;
		assert_int_equal(decode(record, size + 1, &back), LA_EDATA);
	}
}

/* What is accepted is what la_state_encode writes of it: there is one record for each state. */
static void
a_changed_record_is_refused_or_is_the_record_of_another_state(void **unused)
{
	unsigned char record[LA_STATE_RECORD_MAX], again[LA_STATE_RECORD_MAX];
	struct la_member_state state, back;
	int accepted = 0;

	(void)unused;
	seed = 3;
	for (int i = 0; i < 100000; i++) {
		size_t size, changes = 1 + below(3);

		any_state(&state);
		if (below(2) == 0)
			state.environment_count = state.memo_count = 0; /* so that small records are met, too */
		size = la_state_encode(&state, record);
		while (changes-- > 0)
			record[below(below(2) == 0 ? size : (size < 24 ? size : 24))] = (unsigned char)draw();
		if (decode(record, size, &back) != LA_OK)
			continue;
		accepted++;
		assert_int_equal(la_state_encode(&back, again), size);
		assert_memory_equal(record, again, size);
	}
	assert_true(accepted > 1000); /* changed digests make good records */
}

static void
random_bytes_never_crash_the_decoder(void **unused)
{
	unsigned char record[300];
	struct la_member_state back;

	(void)unused;
	seed = 4;
	for (int i = 0; i < 200000; i++) {
		size_t size = below(sizeof(record));

		for (size_t k = 0; k < size; k++)
			record[k] = (unsigned char)(draw() >> (below(2) == 0 ? 0 : 5));
		if (size > 0)
			record[0] = 1;
		(void)decode(record, size, &back);
	}
}

static void
broken_records_are_refused(void **unused)
{
	static const struct {
		const char *what;
		unsigned char size, bytes[40];
	} rows[] = {
	    {"version 0", 9, {0, 0, 0, 0, 0, 0, 0, 0, 0}},
	    {"a newer version", 9, {2, 0, 0, 0, 0, 0, 0, 0, 0}},
	    {"a flag that is not known", 9, {1, 0x10, 0, 0, 0, 0, 0, 0, 0}},
	    {"suppressed 0", 10, {1, 2, 0, 0, 0, 0, 0, 0, 0, 0}},
	    {"an epoch that nothing has", 9, {1, 0, 1, 0, 0, 0, 0, 0, 0}},
	    {"a time that nothing has", 9, {1, 0, 0, 1, 0, 0, 0, 0, 0}},
	    {"a window of 0", 11, {1, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0}},
	    {"33 environments", 9, {1, 0, 0, 0, 33, 0, 0, 0, 0}},
	    {"17 apps", 9, {1, 0, 0, 0, 0, 17, 0, 0, 0}},
	    {"5 positions", 9, {1, 0, 0, 0, 0, 0, 5, 0, 0}},
	    {"33 memo entries", 9, {1, 0, 0, 0, 0, 0, 0, 33, 0}},
	    {"9 cooldowns", 9, {1, 0, 0, 0, 0, 0, 0, 0, 9}},
	    {"a time longer than needed", 10, {1, 0, 0, 0x80, 0, 0, 0, 0, 0, 0}},
	    {"an app of epoch 0", 19, {1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0}},
	    {"an app with digest 0", 19, {1, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}},
	    {"an app with a mark of others", 19, {1, 0, 1, 0, 0, 1, 0, 0, 0, 2, 1, 0, 0, 0, 0, 0, 0, 0, 0}},
	    {"an app of an epoch 0 before the newest", 20, {1, 0, 1, 0, 0, 1, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0}},
	    {"a memo entry with reason 5", 19, {1, 0, 1, 0, 0, 0, 0, 1, 0, 0x2a, 1, 0, 0, 0, 0, 0, 0, 0, 0}},
	    {"an erased member with an app", 19, {1, 1, 1, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0}},
	};
	static const unsigned char good[] = {1, 0, 1, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0};
	static const unsigned char empty[] = {1, 0, 0, 0, 0, 0, 0, 0, 0};
	struct la_member_state back;

	(void)unused;
	assert_int_equal(decode(good, sizeof(good), &back), LA_OK);
	assert_int_equal(decode(empty, sizeof(empty), &back), LA_OK);
	assert_int_equal(decode(empty, 0, &back), LA_EDATA);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (decode(rows[i].bytes, rows[i].size, &back) != LA_EDATA)
			fail_msg("%s is accepted", rows[i].what);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(random_states_come_back_as_they_were),
	    cmocka_unit_test(the_fullest_state_has_room),
	    cmocka_unit_test(three_devices_take_at_most_200_bytes),
	    cmocka_unit_test(the_documented_record_is_written),
	    cmocka_unit_test(every_cut_record_and_every_longer_one_is_refused),
	    cmocka_unit_test(a_changed_record_is_refused_or_is_the_record_of_another_state),
	    cmocka_unit_test(random_bytes_never_crash_the_decoder),
	    cmocka_unit_test(broken_records_are_refused),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
