/* Times as text: what ISO 8601 gives, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/calendar.h"

static void
iso_times_are_read_with_their_offset(void **state)
{
	static const struct {
		const char *text;
		int64_t ms;
	} rows[] = {
	    {"1970-01-01T00:00:00Z", 0},
	    {"2025-07-01T00:00:00+09:00", 1751295600000},
	    {"2025-06-30T15:00:00Z", 1751295600000},
	    {"2025-06-30t15:00z", 1751295600000},
	    {"2025-07-01T00:00:00+0900", 1751295600000},
	    {"2025-07-01T00:00:00+09", 1751295600000},
	    {"2025-06-30T09:30:00-05:30", 1751295600000},
	    {"2025-06-30T15:00:00-00:00", 1751295600000},
	    {"2025-06-30T15:00:00.5Z", 1751295600500},
	    {"2025-06-30T15:00:00,123999Z", 1751295600123},
	    {"2024-02-29T00:00:00Z", 1709164800000},
	    {"2000-02-29T00:00:00Z", 951782400000},
	    {"2016-12-31T23:59:60Z", 1483228800000},
	    {"1969-12-31T23:59:59.999Z", -1},
	    {"0000-01-01T00:00:00Z", -62167219200000},
	    {"9999-12-31T23:59:59.999Z", 253402300799999},
	};
	int64_t ms;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(la_calendar_parse(la_span_text(rows[i].text), &ms), LA_OK);
		assert_int_equal(ms, rows[i].ms);
	}
}

static void
what_is_no_time_with_an_offset_is_refused(void **state)
{
	static const char *const texts[] = {"", "2025-07-01", "2025-07-01T00:00:00", "2025-07-01 00:00:00Z",
	    "2025-13-01T00:00:00Z", "2025-00-01T00:00:00Z", "2025-02-29T00:00:00Z", "1900-02-29T00:00:00Z",
	    "2025-07-32T00:00:00Z", "2025-07-00T00:00:00Z", "2025-07-01T24:00:00Z", "2025-07-01T00:60:00Z",
	    "2025-07-01T00:00:61Z", "2025-07-01T00:00:00.Z", "2025-07-01T00:00:00+24:00", "2025-07-01T00:00:00+09:60",
	    "2025-07-01T00:00:00+9", "2025-07-01T00:00:00+09:", "2025-07-01T00:00:00Z ", " 2025-07-01T00:00:00Z",
	    "25-07-01T00:00:00Z", "+2025-07-01T00:00:00Z", "2025-07-01T00:00:00+09:000", "2025-7-1T0:0:0Z",
	    "2025-07-01T00:00:00JST", "20250701T000000Z"};
	int64_t ms = 7;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		if (la_calendar_parse(la_span_text(texts[i]), &ms) == LA_OK)
			fail_msg("accepted: %s", texts[i]);
		assert_int_equal(ms, 7);
	}
}

static void
printed_times_read_back_the_same(void **state)
{
	char text[LA_CALENDAR_BYTES];
	int64_t back;

	(void)state;
	for (int64_t ms = -62167219200000; ms <= 253402300799999; ms += INT64_C(86399999) * 7) {
		la_calendar_print(ms, text);
		assert_int_equal(la_calendar_parse(la_span_text(text), &back), LA_OK);
		assert_int_equal(back, ms);
	}
	la_calendar_print(INT64_MAX, text);
	assert_string_equal(text, "9999-12-31T23:59:59.999Z");
	la_calendar_print(INT64_MIN, text);
	assert_string_equal(text, "0000-01-01T00:00:00.000Z");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(iso_times_are_read_with_their_offset),
	    cmocka_unit_test(what_is_no_time_with_an_offset_is_refused),
	    cmocka_unit_test(printed_times_read_back_the_same),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
