#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/portion.h"

#define MINUTE INT64_C(60000)

static void
refuse(struct la_portion *portion, size_t count, size_t bytes)
{
	while (count-- > 0)
		la_portion_refused(portion, bytes);
}

static void
without_refusals_anything_goes(void **state)
{
	struct la_portion portion = {0};

	(void)state;
	for (int i = 0; i < 1000; i++) {
		assert_true(la_portion_takes(&portion, 18000000, 0));
		la_portion_add(&portion, 18000000);
	}
	assert_false(la_portion_judge(&portion, 0));
}

static void
what_was_refused_alone_is_too_large_itself_and_changes_nothing(void **state)
{
	struct la_portion portion = {0};

	(void)state;
	refuse(&portion, 1, 5000000);
	assert_false(la_portion_judge(&portion, 0));
	la_portion_add(&portion, 1000);
	assert_true(la_portion_takes(&portion, 18000000, 0));
}

static void
what_was_refused_together_goes_in_smaller_and_smaller_portions(void **state)
{
	struct la_portion portion = {0};

	(void)state;
	refuse(&portion, 100, 400);
	assert_true(la_portion_judge(&portion, 0));
	assert_false(la_portion_judge(&portion, 0)); /* judged once */
	for (int i = 0; i < 12; i++) { /* 40000 / 8 */
		assert_true(la_portion_takes(&portion, 400, 0));
		la_portion_add(&portion, 400);
	}
	assert_false(la_portion_takes(&portion, 400, 0));
	la_portion_empty(&portion);
	assert_true(la_portion_takes(&portion, 400, 0));

	refuse(&portion, 100, 400); /* of what was under way before: no news */
	assert_false(la_portion_judge(&portion, 0));
	refuse(&portion, 12, 400);
	assert_true(la_portion_judge(&portion, 0));
	la_portion_empty(&portion);
	assert_true(la_portion_takes(&portion, 9000, 0)); /* alone, any size */
	la_portion_add(&portion, 9000);
	assert_false(la_portion_takes(&portion, 1, 0));
}

static void
after_ten_minutes_without_a_refusal_it_is_tried_as_before(void **state)
{
	struct la_portion portion = {0};

	(void)state;
	refuse(&portion, 2, 800);
	assert_true(la_portion_judge(&portion, 0));
	la_portion_add(&portion, 400);
	assert_false(la_portion_takes(&portion, 400, 10 * MINUTE - 1));
	refuse(&portion, 1, 400);
	assert_false(la_portion_judge(&portion, 10 * MINUTE - 1));
	assert_false(la_portion_takes(&portion, 400, 20 * MINUTE - 2));
	assert_true(la_portion_takes(&portion, 400, 20 * MINUTE - 1));
	la_portion_add(&portion, 400);
	assert_true(la_portion_takes(&portion, 18000000, 20 * MINUTE - 1));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(without_refusals_anything_goes),
	    cmocka_unit_test(what_was_refused_alone_is_too_large_itself_and_changes_nothing),
	    cmocka_unit_test(what_was_refused_together_goes_in_smaller_and_smaller_portions),
	    cmocka_unit_test(after_ten_minutes_without_a_refusal_it_is_tried_as_before),
	};

	return (cmocka_run_group_tests_name("portion", tests, NULL, NULL));
}
