#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/flights.h"

static const struct la_error arrived = LA_ERROR_INIT;
static const struct la_error away = {LA_EUNAVAILABLE, "away"};
static const struct la_error large = {LA_ETOOLARGE, "large"};

static void
batch_is_under_way_until_each_output_landed(void **state)
{
	struct la_flights flights = {NULL, 0, 0};

	(void)state;
	assert_false(la_flights_under_way(&flights, 5));
	assert_int_equal(la_flights_took_off(&flights, 5), LA_OK);
	assert_int_equal(la_flights_took_off(&flights, 5), LA_OK);
	la_flights_landed(&flights, 5, &arrived);
	assert_true(la_flights_under_way(&flights, 5));
	la_flights_landed(&flights, 5, &arrived);
	assert_false(la_flights_under_way(&flights, 5));
	assert_int_equal(la_flights_settle(&flights, 5, NULL), LA_OK);
	assert_int_equal(flights.count, 0);
	la_flights_clear(&flights);
}

static void
lower_numbers_count_and_higher_ones_do_not(void **state)
{
	struct la_flights flights = {NULL, 0, 0};
	struct la_error error = LA_ERROR_INIT;
	uint64_t batch;

	(void)state;
	for (batch = 40; batch > 0; batch--) /* in any order */
		assert_int_equal(la_flights_took_off(&flights, batch), LA_OK);
	assert_false(la_flights_under_way(&flights, 0));
	assert_true(la_flights_under_way(&flights, 1));
	for (batch = 1; batch <= 20; batch++)
		la_flights_landed(&flights, batch, batch == 7 ? &away : &arrived);
	assert_false(la_flights_under_way(&flights, 20));
	assert_true(la_flights_under_way(&flights, 21));
	assert_int_equal(la_flights_settle(&flights, 6, &error), LA_OK);
	assert_int_equal(la_flights_settle(&flights, 20, &error), LA_EUNAVAILABLE);
	assert_string_equal(error.text, "away");
	assert_int_equal(la_flights_settle(&flights, 20, &error), LA_OK);
	assert_int_equal(flights.count, 20);
	la_flights_clear(&flights);
}

static void
too_large_is_told_before_other_refusals(void **state)
{
	struct la_flights flights = {NULL, 0, 0};
	struct la_error error = LA_ERROR_INIT;
	int i;

	(void)state;
	for (i = 0; i < 3; i++)
		assert_int_equal(la_flights_took_off(&flights, 1), LA_OK);
	la_flights_landed(&flights, 1, &away);
	la_flights_landed(&flights, 1, &large);
	la_flights_landed(&flights, 1, &away);
	assert_int_equal(la_flights_settle(&flights, 1, &error), LA_ETOOLARGE);
	assert_string_equal(error.text, "large");
	la_flights_clear(&flights);
}

static void
settled_number_starts_from_nothing(void **state)
{
	struct la_flights flights = {NULL, 0, 0};

	(void)state;
	assert_int_equal(la_flights_took_off(&flights, 1), LA_OK);
	la_flights_landed(&flights, 1, &away);
	assert_int_equal(la_flights_settle(&flights, 1, NULL), LA_EUNAVAILABLE);
	assert_int_equal(la_flights_took_off(&flights, 1), LA_OK);
	assert_true(la_flights_under_way(&flights, 1));
	la_flights_landed(&flights, 1, &arrived);
	assert_int_equal(la_flights_settle(&flights, 1, NULL), LA_OK);
	la_flights_landed(&flights, 1, &away); /* of nothing */
	assert_int_equal(la_flights_settle(&flights, 1, NULL), LA_OK);
	la_flights_clear(&flights);
}

static void
output_that_stayed_is_as_if_it_never_took_off(void **state)
{
	struct la_flights flights = {NULL, 0, 0};

	(void)state;
	assert_int_equal(la_flights_took_off(&flights, 1), LA_OK);
	assert_int_equal(la_flights_took_off(&flights, 1), LA_OK);
	la_flights_stayed(&flights, 1);
	assert_true(la_flights_under_way(&flights, 1));
	la_flights_stayed(&flights, 1);
	assert_false(la_flights_under_way(&flights, 1));
	assert_int_equal(flights.count, 0);
	la_flights_clear(&flights);
}

static void
failing_all_refuses_only_what_is_open(void **state)
{
	struct la_flights flights = {NULL, 0, 0};

	(void)state;
	assert_int_equal(la_flights_took_off(&flights, 1), LA_OK);
	assert_int_equal(la_flights_took_off(&flights, 2), LA_OK);
	la_flights_landed(&flights, 2, &large);
	la_flights_fail(&flights, &away);
	assert_int_equal(la_flights_settle(&flights, 1, NULL), LA_EUNAVAILABLE);
	assert_int_equal(la_flights_settle(&flights, 2, NULL), LA_ETOOLARGE);
	la_flights_clear(&flights);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(batch_is_under_way_until_each_output_landed),
	    cmocka_unit_test(lower_numbers_count_and_higher_ones_do_not),
	    cmocka_unit_test(too_large_is_told_before_other_refusals),
	    cmocka_unit_test(settled_number_starts_from_nothing),
	    cmocka_unit_test(output_that_stayed_is_as_if_it_never_took_off),
	    cmocka_unit_test(failing_all_refuses_only_what_is_open),
	};

	return (cmocka_run_group_tests_name("flights", tests, NULL, NULL));
}
