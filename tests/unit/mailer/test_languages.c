/* Language tags and lists; masks. */
#include "unit/mailer/support.h"

#include "mailer/languages.h"
#include "mailer/mask.h"

static void
malformed_tags_are_told_from_good_ones(void **state)
{
	static const char *const good[] = {"ja", "ja-JP", "en-GB-oxendict", "zh-Hant-TW", "de-CH-1996", "en-a-bbb-x-a-ccc", "EN"};
	static const char *const bad[] = {"", "-", "e", "ja-", "-ja", "ja--JP", "ja_JP", "ja JP", "j\xc3\xa9", "en-abcdefghi", "1a",
	    "abcdefghi", "en-x", "x-private", "ja\r\nBcc", "*", "../ja"};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_true(la_language_ok(la_span_text(good[i])));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(la_language_ok(la_span_text(bad[i])));
	assert_false(la_language_ok(la_span_of(NULL, 0)));
	assert_false(la_language_ok(la_span_of("ja\0JP", 5)));
}

static void
lists_are_read_in_one_form(void **state)
{
	static const char *const bad[] = {"", ",", "ja,", "ja en", "ja, ja", "ja, JA", "ja;en", "ja, e",
	    "aa, bb, cc, dd, ee, ff, gg, hh, ii, jj, kk, ll, mm, nn, oo, pp, qq"};
	char out[LA_LANGUAGES_BYTES];

	(void)state;
	assert_true(la_languages_read(la_span_text("ja,en-GB"), out));
	assert_string_equal(out, "ja, en-GB");
	assert_true(la_languages_read(la_span_text(" ja ,  en "), out));
	assert_string_equal(out, "ja, en");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(la_languages_read(la_span_text(bad[i]), out));
	assert_true(la_languages_within("en, ja", "ja, en"));
	assert_true(la_languages_within("EN", "ja, en"));
	assert_false(la_languages_within("en, fr", "ja, en"));
	assert_false(la_languages_within("e", "ja, en"));
}

static int
find(const void *cookie, struct la_span tag)
{
	const char *const *known = cookie;

	for (int i = 0; known[i] != NULL; i++) {
		if (la_span_is(tag, known[i]))
			return (i);
	}
	return (-1);
}

static void
look_up_cuts_a_locale_at_its_hyphens(void **state)
{
	static const char *const known[] = {"en", "zh-Hant", "fr", NULL};
	static const struct {
		const char *locale;
		int found;
	} rows[] = {{"en", 0}, {"en-GB", 0}, {"zh-Hant-TW", 1}, {"zh-Hans", -1}, {"fr-x-private", 2}, {"fr-a-bb-x-cc", 2},
	    {"eng", -1}, {"de", -1}, {"en_GB", -1}, {"en-", -1}, {"", -1}, {NULL, -1}};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(la_language_find(la_span_text(rows[i].locale), find, known), rows[i].found);
}

static void
mask_keeps_the_last_characters_only(void **state)
{
	static const struct {
		const char *text;
		int keep;
		const char *want;
	} rows[] = {{"004812345321", 3, "*********321"}, {"******321", 3, "******321"}, {"******321", 2, "*******21"}, {"321", 3, "***"},
	    {"21", 3, "**"}, {"", 3, ""}, {"321", 0, "***"}, {"321", LA_MASK_OFF, "321"}, {"日本語の番号", 2, "****番号"},
	    {"日本", 2, "**"}};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct la_text text;

		support_text(&text, rows[i].text);
		la_mask_text(&text, rows[i].keep);
		assert_string_equal(text.bytes, rows[i].want);
		assert_int_equal(text.size, strlen(rows[i].want));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(malformed_tags_are_told_from_good_ones),
	    cmocka_unit_test(lists_are_read_in_one_form),
	    cmocka_unit_test(look_up_cuts_a_locale_at_its_hyphens),
	    cmocka_unit_test(mask_keeps_the_last_characters_only),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
