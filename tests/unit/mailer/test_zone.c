/* Local time: zoneinfo files and their footers against the C library; broken files. */
#include "unit/mailer/support.h"

#include <time.h>

#include "mailer/zone_rule.h"

static struct la_zone *
load(const char *name)
{
	struct la_zone *zone = NULL;
	size_t asked = 0;

	assert_int_equal(support_zone(&asked, &zone, la_span_text(name), NULL), LA_OK);
	return (zone);
}

static void
local_times_agree_with_the_c_library(void **state)
{
	static const char *const names[] = {"Asia/Tokyo", "Europe/Paris", "America/New_York", "America/St_Johns",
	    "Australia/Lord_Howe", "Africa/Casablanca", "Asia/Kathmandu", "Pacific/Apia", "America/Sao_Paulo", "Etc/UTC",
	    "Europe/Dublin", "America/Nuuk", "Antarctica/Troll", "Asia/Gaza"};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct la_zone *zone = load(names[i]);

		assert_int_equal(setenv("TZ", names[i], 1), 0);
		tzset();
		/* From 1950 to 2100, in steps that wander through hours and weekdays. */
		for (int64_t t = -631152000; t < 4102444800; t += 86400 * 3 + 3607) {
			time_t seconds = (time_t)t;
			struct la_local_time got;
			struct tm want;

			la_zone_local(zone, t * 1000 + 999, &got);
			assert_non_null(localtime_r(&seconds, &want));
			if (got.hour != want.tm_hour || got.day != want.tm_mday || got.minute != want.tm_min ||
			    got.month != want.tm_mon + 1 || got.year != want.tm_year + 1900 ||
			    got.second != want.tm_sec || got.utc_offset_s != want.tm_gmtoff ||
			    strcmp(got.abbreviation, want.tm_zone) != 0)
				fail_msg("%s at %lld: %02d:%02d (%s)", names[i], (long long)t, got.hour, got.minute,
				    got.abbreviation);
		}
		la_zone_free(zone);
	}
}

static void
tokyo_is_jst(void **state)
{
	struct la_zone *zone = load("Asia/Tokyo");
	struct la_local_time t;

	(void)state;
	la_zone_local(zone, 1751295600000, &t);
	assert_int_equal(t.year, 2025);
	assert_int_equal(t.month, 7);
	assert_int_equal(t.day, 1);
	assert_int_equal(t.hour, 0);
	assert_int_equal(t.utc_offset_s, 9 * 3600);
	assert_string_equal(t.abbreviation, "JST");
	la_zone_local(zone, -1, &t); /* rounds towards the past */
	assert_int_equal(t.second, 59);
	la_zone_local(zone, INT64_MIN, &t);
	la_zone_local(zone, INT64_MAX, &t);
	la_zone_free(zone);
}

static void
names_are_no_paths(void **state)
{
	static const char *const good[] = {"UTC", "Asia/Tokyo", "Etc/GMT+9", "America/Argentina/Buenos_Aires"};
	static const char *const bad[] = {"", "/etc/passwd", "../x", "Asia/../../x", "Asia/Tokyo.bak", "a b", "a\nb", "日本",
	    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_true(la_zone_name_ok(la_span_text(good[i])));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(la_zone_name_ok(la_span_text(bad[i])));
	assert_false(la_zone_name_ok(la_span_of("Asia\0Tokyo", 10)));
	assert_false(la_zone_name_ok(la_span_of(NULL, 0)));
}

/* Every cut and every changed byte: refused, or a zone that can be asked. ASan and UBSan watch. */
static void
broken_files_are_refused_or_harmless(void **state)
{
	struct la_buf file = LA_BUF_INIT;

	(void)state;
	assert_true(support_read("/usr/share/zoneinfo/Europe/Paris", &file));
	for (size_t size = 0; size < file.size; size++) {
		struct la_zone *zone = NULL;
		unsigned char *copy = malloc(size + 1); /* its own block: reading beyond it is seen */

		memcpy(copy, file.data, size);
		assert_int_equal(la_zone_parse(&zone, la_span_of(copy, size), NULL), LA_EDATA);
		free(copy);
	}
	srand(1);
	for (int round = 0; round < 20000; round++) {
		struct la_zone *zone = NULL;
		size_t at = (size_t)rand() % file.size;
		unsigned char before = file.data[at];
		struct la_local_time t;

		file.data[at] = (unsigned char)rand();
		if (la_zone_parse(&zone, la_buf_span(&file), NULL) == LA_OK) {
			la_zone_local(zone, 1751295600000, &t);
			la_zone_local(zone, 4102444800000, &t);
		}
		la_zone_free(zone);
		file.data[at] = before;
	}
	la_buf_clear(&file);
}

static void
footers_that_posix_does_not_know_are_refused(void **state)
{
	static const char *const good[] = {"JST-9", "<+03>-3", "CET-1CEST,M3.5.0,M10.5.0/3", "EST5EDT,M3.2.0,M11.1.0",
	    "IST-2IDT,M3.4.4/26,M10.5.0", "<-02>2<-01>,M3.5.0/-1,M10.5.0/0", "AAA3BBB2:30,J60/2:30:15,300"};
	static const char *const bad[] = {"", "J9", "JST", "JST-", "JST-9x", "<+03-3", "CET-1CEST", "CET-1CEST,M3.5.0",
	    "CET-1CEST,M13.5.0,M10.5.0", "CET-1CEST,M3.6.0,M10.5.0", "CET-1CEST,M3.5.7,M10.5.0", "CET-1CEST,J0,J1",
	    "CET-1CEST,J366,J1", "CET-200", "CET-1CEST,M3.5.0,M10.5.0/", "ABCDEFGHIJKLMNOPQ-1"};
	struct la_zone_rule rule;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_int_equal(la_zone_rule_parse(la_span_text(good[i]), &rule), LA_OK);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(la_zone_rule_parse(la_span_text(bad[i]), &rule), LA_EDATA);
}

/* The C library reads the same string; days by number have no zoneinfo file. */
static void
rules_by_day_number_agree_with_the_c_library(void **state)
{
	static const char *const rules[] = {"AAA3BBB2:30,J60/2:30:15,300", "AAA-3BBB,300/1,J60", "AAA0BBB,59,J59/5"};

	(void)state;
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		struct la_zone_rule rule;

		assert_int_equal(la_zone_rule_parse(la_span_text(rules[i]), &rule), LA_OK);
		assert_int_equal(setenv("TZ", rules[i], 1), 0);
		tzset();
		for (int64_t t = 946684800; t < 1900000000; t += 3600 * 5 + 7) {
			time_t seconds = (time_t)t;
			struct tm want;

			assert_non_null(localtime_r(&seconds, &want));
			if (la_zone_rule_at(&rule, t)->utc_offset_s != want.tm_gmtoff)
				fail_msg("%s at %lld", rules[i], (long long)t);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(local_times_agree_with_the_c_library),
	    cmocka_unit_test(tokyo_is_jst),
	    cmocka_unit_test(names_are_no_paths),
	    cmocka_unit_test(broken_files_are_refused_or_harmless),
	    cmocka_unit_test(footers_that_posix_does_not_know_are_refused),
	    cmocka_unit_test(rules_by_day_number_agree_with_the_c_library),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
