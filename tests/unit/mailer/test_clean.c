/* The cleaner: what it drops, breaks and cuts. */
#include "unit/mailer/support.h"

#include "mailer/clean.h"

#define DOT "\xe2\x80\xa4" /* U+2024 */
#define FFFD "\xef\xbf\xbd"

static void
assert_cleaned(const char *in, size_t size, const char *want)
{
	struct la_text out;

	la_clean_text(la_span_of(in, size), &out);
	assert_true(out.present);
	assert_string_equal(out.bytes, want);
	assert_int_equal(out.size, strlen(want));
}

static void
each_text_becomes_what_the_rules_say(void **state)
{
	static const struct {
		const char *in, *out;
	} rows[] = {
	    {"", ""},
	    {"iPhone 15 Pro", "iPhone 15 Pro"},
	    {"マイル家計簿", "マイル家計簿"},
	    /* 1. ill-formed */
	    {"a\xff" "b", "a" FFFD "b"},
	    {"\xed\xa0\x80", FFFD FFFD FFFD},
	    /* 2. dropped */
	    {"a\r\nb\tc\x1b[0m\x7f", "abc[0m"},
	    {"a\xc2\x85" "b\xc2\xad", "ab"},                                  /* U+0085, soft hyphen */
	    {"a\xe2\x80\xa8" "b\xe2\x80\xa9", "ab"},                          /* U+2028, U+2029 */
	    {"\xe2\x80\xaa\xe2\x80\xae\xe2\x81\xa6\xe2\x81\xa9x\xd8\x9c", "x"}, /* bidi */
	    {"\xe2\x80\x8b\xe2\x80\x8c\xe2\x80\x8d\xe2\x81\xa0x\xef\xbb\xbf", "x"}, /* zero width, U+FEFF */
	    {"x\xf3\xa0\x81\xa1\xef\xb8\x8f\xe3\x85\xa4", "x"},               /* tag, variation selector, Hangul filler */
	    {"x\xef\xbf\xbe\xef\xbf\xb9", "x"},                               /* noncharacter, annotation anchor */
	    /* 3. schemes */
	    {"https://x", "https:x"},
	    {"https:////x//y", "https:x//y"},
	    {"a:/b", "a:/b"},
	    {"a//b", "a//b"},
	    {"x:\xe2\x80\x8b/\xe2\x80\x8b/y", "x:y"},
	    {"://://", "::"},
	    /* 4. host names */
	    {"evil.com", "evil" DOT "com"},
	    {"www.evil.co.jp", "www" DOT "evil" DOT "co" DOT "jp"},
	    {"evil.\xe2\x80\x8b" "com", "evil" DOT "com"},
	    {"a.\nb", "a" DOT "b"},
	    {"日本.jp", "日本" DOT "jp"},
	    {"e\xcc\x81.com", "e\xcc\x81" DOT "com"},
	    {"a_.com", "a_" DOT "com"},
	    {"\xf0\x9f\x92\xa9.la", "\xf0\x9f\x92\xa9" DOT "la"},
	    {"v1.2.3", "v1.2.3"},
	    {"1.a", "1" DOT "a"},
	    {"End. Next", "End. Next"},
	    {".net", ".net"},
	    {"x.", "x."},
	    {"a..b", "a..b"},
	    {"a@b.c", "a@b" DOT "c"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_cleaned(rows[i].in, strlen(rows[i].in), rows[i].out);
	assert_cleaned("a\0b", 3, "ab");
}

static void
absent_text_stays_absent(void **state)
{
	struct la_text out;

	(void)state;
	la_clean_text(la_span_of(NULL, 0), &out);
	assert_false(out.present);
	assert_int_equal(out.size, 0);
}

static void
assert_repeated(const char *unit, size_t times, size_t want_times)
{
	static char in[65536], want[LA_TEXT_BYTES + 1];
	size_t size = strlen(unit);

	for (size_t i = 0; i < times; i++)
		memcpy(in + i * size, unit, size);
	memcpy(want, in, size * want_times);
	want[size * want_times] = '\0';
	assert_cleaned(in, size * times, want);
}

static void
text_has_at_most_64_graphemes_and_256_bytes(void **state)
{
	(void)state;
	assert_repeated("x", 63, 63);
	assert_repeated("x", 64, 64);
	assert_repeated("x", 65, 64);
	assert_repeated("日", 65, 64);
	assert_repeated("e\xcc\x81", 70, 64);                         /* three bytes, one grapheme */
	assert_repeated("\xf0\x9f\x92\xa9", 70, 64);                /* 64 * 4 = 256 bytes */
	assert_repeated("\xf0\x9f\x87\xaf\xf0\x9f\x87\xb5", 40, 32); /* flags: eight bytes, one grapheme */
}

/* "a" with three marks and a dot that grows from one byte to three: 10 bytes each, then one grapheme too many. */
static void
text_that_grows_is_cut_before_the_grapheme_that_does_not_fit(void **state)
{
	static const char unit[] = "a\xcc\x81\xcc\x82\xcc\x83.", grown[] = "a\xcc\x81\xcc\x82\xcc\x83" DOT;
	char in[LA_TEXT_BYTES], want[LA_TEXT_BYTES + 1];

	(void)state;
	for (size_t i = 0; i < 32; i++)
		memcpy(in + i * 8, unit, 8);
	for (size_t i = 0; i < 25; i++)
		memcpy(want + i * 10, grown, 10);
	want[250] = '\0';
	assert_cleaned(in, sizeof(in), want);
}

static void
ten_thousand_combining_marks_are_cut_inside_the_one_grapheme(void **state)
{
	static char in[20001], want[LA_TEXT_BYTES + 1];

	(void)state;
	in[0] = 'a';
	for (size_t i = 0; i < 10000; i++)
		memcpy(in + 1 + 2 * i, "\xcc\x81", 2);
	memcpy(want, in, 255);
	assert_cleaned(in, sizeof(in), want);
}

static void
dots_that_grow_never_exceed_the_limit(void **state)
{
	static char in[LA_TEXT_BYTES];
	struct la_text out;

	(void)state;
	for (size_t i = 0; i < sizeof(in); i++)
		in[i] = i % 2 == 0 ? 'a' : '.';
	la_clean_text(la_span_of(in, sizeof(in)), &out);
	assert_int_equal(out.size, 32 * (1 + 3));
	assert_null(memchr(out.bytes, '.', out.size));
}

static void
random_bytes_give_clean_text_and_cleaning_twice_changes_nothing(void **state)
{
	static const char pieces[] = "a.b:/\xe2\x80\x8b\xcc\x81\xf0\x9f\x87\xaf\r\n<\xff";
	unsigned char in[300];
	struct la_text once, twice;

	(void)state;
	srand(1);
	for (int round = 0; round < 20000; round++) {
		size_t size = (size_t)rand() % sizeof(in);

		for (size_t i = 0; i < size; i++)
			in[i] = (unsigned char)(round % 2 == 0 ? rand() : pieces[(size_t)rand() % (sizeof(pieces) - 1)]);
		la_clean_text(la_span_of(in, size), &once);
		assert_true(la_utf8_valid(la_text_span(&once)));
		assert_in_range(once.size, 0, LA_TEXT_BYTES);
		assert_null(memmem(once.bytes, once.size, "://", 3));
		for (size_t i = 0; i < once.size; i++)
			assert_in_range((unsigned char)once.bytes[i], 0x20, 0xff);
		la_clean_text(la_text_span(&once), &twice);
		assert_string_equal(twice.bytes, once.bytes);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_text_becomes_what_the_rules_say),
	    cmocka_unit_test(absent_text_stays_absent),
	    cmocka_unit_test(text_has_at_most_64_graphemes_and_256_bytes),
	    cmocka_unit_test(text_that_grows_is_cut_before_the_grapheme_that_does_not_fit),
	    cmocka_unit_test(ten_thousand_combining_marks_are_cut_inside_the_one_grapheme),
	    cmocka_unit_test(dots_that_grow_never_exceed_the_limit),
	    cmocka_unit_test(random_bytes_give_clean_text_and_cleaning_twice_changes_nothing),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
