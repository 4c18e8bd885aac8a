/* Log lines: one line of valid UTF-8, whatever the texts hold. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <jansson.h>

#include "common/log.h"
#include "common/text.h"

static const char *
line_of(enum la_log_format format, const char *text)
{
	static char line[4096];
	const struct la_field fields[] = {la_msg("hello there"), la_str("cause", text), la_int("count", -3)};

	(void)la_log_format_line(line, sizeof(line), format, LA_LOG_WARN, 1751295600123, fields, 3);
	return (line);
}

static void
logfmt_quotes_what_needs_it(void **state)
{
	static const struct {
		const char *in, *out;
	} rows[] = {
	    {"plain", "plain"},
	    {"", "\"\""},
	    {"two words", "\"two words\""},
	    {"a=b", "\"a=b\""},
	    {"say \"x\"\\", "\"say \\\"x\\\"\\\\\""},
	    {"line\nlevel=error", "\"line\\nlevel=error\""},
	    {"\x1b[31m", "\"\\u001b[31m\""},
	    {"\xc2\x9b" "31m", "\"\\u009b31m\""},
	    {"\xe2\x80\xa8", "\"\\u2028\""},
	    {"\xe2\x80\xae", "\"\\u202e\""},
	    {"\xff", "\"\xef\xbf\xbd\""},
	    {"\xe6\x97\xa5", "\"\xe6\x97\xa5\""},
	};
	char want[256];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		(void)snprintf(want, sizeof(want),
		    "time=2025-06-30T15:00:00.123Z level=warn msg=\"hello there\" cause=%s count=-3\n", rows[i].out);
		assert_string_equal(line_of(LA_LOG_LOGFMT, rows[i].in), want);
	}
}

static void
json_lines_read_back_as_they_were(void **state)
{
	static const char *const texts[] = {
	    "", "plain", "a \"b\" \\ c", "x\ny\tz\r\x01\x7f", "\xe6\x97\xa5\xe6\x9c\xac"};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		json_t *line = json_loads(line_of(LA_LOG_JSON, texts[i]), JSON_REJECT_DUPLICATES, NULL);

		assert_non_null(line);
		assert_string_equal(json_string_value(json_object_get(line, "cause")), texts[i]);
		assert_string_equal(json_string_value(json_object_get(line, "level")), "warn");
		assert_int_equal(json_integer_value(json_object_get(line, "count")), -3);
		json_decref(line);
	}
}

/* Each cap in turn, with texts that swell when they are escaped. */
static void
a_line_that_does_not_fit_is_cut_and_still_one_valid_line(void **state)
{
	char line[600], text[300];

	(void)state;
	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = "\"\x01\xe6\x97\xa5 \\\xff"[i % 8];
	text[sizeof(text) - 1] = '\0';
	for (size_t cap = 128; cap <= sizeof(line); cap++) {
		const struct la_field fields[] = {la_msg(text), la_str("more", text), la_int("count", INT64_MIN)};

		for (int format = LA_LOG_LOGFMT; format <= LA_LOG_JSON; format++) {
			size_t size =
			    la_log_format_line(line, cap, (enum la_log_format)format, LA_LOG_ERROR, 0, fields, 3);

			assert_true(size < cap);
			assert_int_equal(strlen(line), size);
			assert_ptr_equal(strchr(line, '\n'), line + size - 1);
			assert_true(la_utf8_valid(la_span_of(line, size)));
			if (format == LA_LOG_JSON) {
				json_t *json = json_loads(line, 0, NULL);

				assert_non_null(json);
				json_decref(json);
			}
		}
	}
}

static void
one_long_field_does_not_push_out_the_next(void **state)
{
	static char text[100000];
	const char *line;

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	line = line_of(LA_LOG_LOGFMT, text);
	assert_non_null(strstr(line, "\" count=-3\n"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(logfmt_quotes_what_needs_it),
	    cmocka_unit_test(json_lines_read_back_as_they_were),
	    cmocka_unit_test(a_line_that_does_not_fit_is_cut_and_still_one_valid_line),
	    cmocka_unit_test(one_long_field_does_not_push_out_the_next),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
