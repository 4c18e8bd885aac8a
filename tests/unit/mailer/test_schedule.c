/* When: the schedule of tries, the rate, how long the ledger remembers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "mailer/ledger.h"
#include "mailer/rate.h"
#include "mailer/schedule.h"

static void
the_last_step_of_a_schedule_repeats(void **state)
{
	static const int64_t minutes[] = {2, 5, 5, 15, 60, 60, 60, 60, 60, 60};
	struct la_schedule schedule;

	(void)state;
	assert_int_equal(la_schedule_parse(&schedule, "30s,2m,5m*2,15m,1h*4", NULL), LA_OK);
	assert_int_equal(schedule.count, 9);
	assert_int_equal(la_schedule_wait_ms(&schedule, 0), 30000);
	for (uint32_t i = 0; i < 10; i++)
		assert_int_equal(la_schedule_wait_ms(&schedule, i + 1), minutes[i] * 60000);
	assert_int_equal(la_schedule_wait_ms(&schedule, UINT32_MAX), 3600000);
}

static void
what_is_no_schedule_is_refused(void **state)
{
	static const char *const rows[] = {"", ",", "30s,,2m", "x", "0", "-1s", "1s*101"};
	struct la_schedule schedule;
	struct la_error error = LA_ERROR_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(la_schedule_parse(&schedule, rows[i], &error), LA_ECONFIG);
	assert_non_null(strstr(error.text, "retry.schedule"));
}

static void
a_wait_is_spread_over_a_quarter(void **state)
{
	int64_t least = INT64_MAX, most = 0;
	uint32_t random = 1;

	(void)state;
	for (int i = 0; i < 10000; i++) {
		int64_t ms = la_schedule_spread_ms(1000000, &random);

		least = ms < least ? ms : least;
		most = ms > most ? ms : most;
	}
	assert_in_range(least, 1000000, 1005000);
	assert_in_range(most, 1240000, 1250000);
}

/* At any rate, looked at as often as may be: so many in ten seconds, and no burst above a tenth of a second's. */
static void
a_rate_is_kept_evenly(void **state)
{
	static const int64_t rates[] = {1, 3, 50, 999, 20000};

	(void)state;
	for (size_t r = 0; r < sizeof(rates) / sizeof(rates[0]); r++) {
		struct la_rate rate;
		int64_t sent = 0, room;

		la_rate_init(&rate, rates[r], 0);
		for (int64_t now_ms = 0; now_ms <= 10000; now_ms++) {
			room = la_rate_room(&rate, now_ms);
			assert_true(room <= (rates[r] < 10 ? 1 : rates[r] / 10));
			for (; room > 0; room--, sent++)
				la_rate_take(&rate);
			if (rates[r] <= 50 && now_ms < 10000) /* what it says to wait is enough */
				assert_true(la_rate_wait_ms(&rate) > 0);
		}
		assert_in_range(sent, rates[r] * 10 - 1, rates[r] * 10 + 1);
	}
}

static void
no_rate_is_no_limit(void **state)
{
	struct la_rate rate;

	(void)state;
	la_rate_init(&rate, 0, 5);
	la_rate_take(&rate);
	assert_true(la_rate_room(&rate, 5) == INT64_MAX);
	assert_int_equal(la_rate_wait_ms(&rate), 0);
}

static void
the_ledger_remembers_longer_than_a_job_may_be_mailed(void **state)
{
	(void)state;
	assert_int_equal(la_ledger_ttl_s(INT64_C(1000000), INT64_C(400000)), 600 + 86400);
	assert_int_equal(la_ledger_ttl_s(INT64_C(1000000), INT64_C(9000000)), 86400);
	assert_int_equal(la_ledger_ttl_s(INT64_C(4102444800000), INT64_C(1751295600000)), 30 * 86400);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_last_step_of_a_schedule_repeats),
	    cmocka_unit_test(what_is_no_schedule_is_refused),
	    cmocka_unit_test(a_wait_is_spread_over_a_quarter),
	    cmocka_unit_test(a_rate_is_kept_evenly),
	    cmocka_unit_test(no_rate_is_no_limit),
	    cmocka_unit_test(the_ledger_remembers_longer_than_a_job_may_be_mailed),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
