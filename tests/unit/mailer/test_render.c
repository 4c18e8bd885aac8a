/* Job -> mail: what the mail holds. */
#include "unit/mailer/support.h"

#include "mailer/names.h"
#include "mailer/render.h"

struct fixture {
	size_t zones_asked;
	struct la_zone_source zones;
	struct la_brand *brand;
	struct la_renderer *renderer;
	struct la_mail mail;
	struct la_error error;
};

static int
setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	f->zones = (struct la_zone_source){support_zone, &f->zones_asked};
	f->brand = support_jmb(&f->zones);
	assert_int_equal(la_renderer_new(&f->renderer, &f->zones), LA_OK);
	la_mail_init(&f->mail);
	*state = f;
	return (0);
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	la_mail_clear(&f->mail);
	la_renderer_free(f->renderer);
	la_brand_free(f->brand);
	free(f);
	return (0);
}

static void
render(struct fixture *f, const struct la_alert_job *job)
{
	if (la_renderer_mail(f->renderer, f->brand, job, &f->mail, &f->error) != LA_OK)
		fail_msg("%s", f->error.text);
}

static void
assert_file(const struct la_buf *got, const char *name)
{
	struct la_buf want = LA_BUF_INIT;
	char path[512];

	(void)snprintf(path, sizeof(path), LA_TEST_SOURCE_DIR "/tests/%s", name);
	assert_true(support_read(path, &want));
	if (!la_span_equal(la_buf_span(got), la_buf_span(&want)))
		fail_msg("%s differs:\n%.*s", name, (int)got->size, (const char *)got->data);
	la_buf_clear(&want);
}

static void
text_part_is_the_sample_line_by_line(void **state)
{
	struct fixture *f = *state;
	struct la_alert_job job = support_job();

	render(f, &job);
	assert_file(&f->mail.text, "data/sample.txt");
}

static void
whole_mail_is_the_golden_one(void **state)
{
	struct fixture *f = *state;
	struct la_alert_job job = support_job();

	render(f, &job);
	assert_file(&f->mail.eml, "golden/first-login.eml");
	assert_file(&f->mail.text, "golden/first-login.txt");
	assert_file(&f->mail.html, "golden/first-login.html");
	assert_string_equal(f->mail.to.text, "hanako@example.jp");
	assert_string_equal(f->mail.envelope_from.text, "jmb_confirmation@jal.com");
	assert_string_equal(f->mail.message_id, "<5f1d0c2b8a7e46939b3e0d1c2f4a6b58@jal.com>");
}

static void
same_job_gives_the_same_bytes_whatever_was_rendered_before(void **state)
{
	struct fixture *f = *state;
	struct la_alert_job job = support_job(), other = support_job();

	other.reason = LA_REASON_THIRD_PARTY_LINK;
	support_text(&other.app_label, "Some app");
	support_text(&other.time_zone, "Europe/Paris");
	render(f, &other);
	render(f, &job);
	assert_file(&f->mail.eml, "golden/first-login.eml");
}

static void
app_line_follows_browser_only_for_a_link_with_a_label(void **state)
{
	struct fixture *f = *state;
	struct la_alert_job job = support_job();

	support_text(&job.app_label, "Mile Book");
	render(f, &job);
	assert_false(support_holds(&f->mail.text, "[App]"));
	assert_false(support_holds(&f->mail.html, "Mile Book"));
	job.reason = LA_REASON_THIRD_PARTY_LINK;
	render(f, &job);
	assert_true(support_holds(&f->mail.text, "\n[Browser] chrome\n[App] Mile Book\n\n"));
	assert_true(support_holds(&f->mail.html, "Mile Book"));
	support_text(&job.app_label, NULL);
	render(f, &job);
	assert_file(&f->mail.text, "data/sample.txt");
}

static size_t
count_lines(const struct la_buf *buf)
{
	size_t lines = 0;

	for (size_t i = 0; i < buf->size; i++)
		lines += buf->data[i] == '\n';
	return (lines);
}

static void
suppressed_logins_add_one_line_in_each_language(void **state)
{
	struct fixture *f = *state;
	struct la_alert_job job = support_job();
	size_t lines;

	render(f, &job);
	lines = count_lines(&f->mail.text);
	job.suppressed_before = 3;
	render(f, &job);
	assert_int_equal(count_lines(&f->mail.text), lines + 2);
	assert_true(support_holds(&f->mail.text, "同様のログインが3件ありました"));
	assert_true(support_holds(&f->mail.text, "did not notify you of: 3\n"));
	job.suppressed_before = -1;
	render(f, &job);
	assert_file(&f->mail.text, "data/sample.txt");
}

static void
device_shows_its_class_in_lower_case_unless_unknown(void **state)
{
	static const struct {
		const char *label;
		enum la_device_class device_class;
		const char *line;
	} rows[] = {
	    {"iPhone", LA_CLASS_MOBILE, "[Device] iPhone(mobile)\n"},
	    {"Windows", LA_CLASS_PC, "[Device] Windows(pc)\n"},
	    {"iPad", LA_CLASS_TABLET, "[Device] iPad(tablet)\n"},
	    {"Linux", LA_CLASS_BOT, "[Device] Linux(bot)\n"},
	    {"unknown", LA_CLASS_UNKNOWN, "[Device] unknown\n"},
	    {"", LA_CLASS_UNKNOWN, "[Device] unknown\n"},
	    {"\xe2\x80\x8b", LA_CLASS_PC, "[Device] unknown(pc)\n"},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct la_alert_job job = support_job();

		support_text(&job.device_label, rows[i].label);
		job.device_class = rows[i].device_class;
		render(f, &job);
		assert_true(support_holds(&f->mail.text, rows[i].line));
	}
}

static void
time_is_the_jobs_zone_or_the_brands(void **state)
{
	static const struct {
		const char *zone, *line, *date;
	} rows[] = {
	    {NULL, "2025/07/01 00:00:00(JST)", "Date: Tue, 01 Jul 2025 00:00:00 +0900\r\n"},
	    {"Europe/Paris", "2025/06/30 17:00:00(CEST)", "Date: Mon, 30 Jun 2025 17:00:00 +0200\r\n"},
	    {"Asia/Kathmandu", "2025/06/30 20:45:00(+0545)", "Date: Mon, 30 Jun 2025 20:45:00 +0545\r\n"},
	    {"America/St_Johns", "2025/06/30 12:30:00(NDT)", "Date: Mon, 30 Jun 2025 12:30:00 -0230\r\n"},
	    {"Etc/UTC", "2025/06/30 15:00:00(UTC)", "Date: Mon, 30 Jun 2025 15:00:00 +0000\r\n"},
	    {"No/Such", "2025/07/01 00:00:00(JST)", "Date: Tue, 01 Jul 2025 00:00:00 +0900\r\n"},
	    {"../../etc/passwd", "2025/07/01 00:00:00(JST)", "Date: Tue, 01 Jul 2025 00:00:00 +0900\r\n"},
	    {"/etc/localtime", "2025/07/01 00:00:00(JST)", "Date: Tue, 01 Jul 2025 00:00:00 +0900\r\n"},
	    {"", "2025/07/01 00:00:00(JST)", "Date: Tue, 01 Jul 2025 00:00:00 +0900\r\n"},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct la_alert_job job = support_job();

		support_text(&job.time_zone, rows[i].zone);
		render(f, &job);
		assert_true(support_holds(&f->mail.text, rows[i].line));
		assert_true(support_holds(&f->mail.eml, rows[i].date));
	}
}

static void
locale_puts_english_first_and_japanese_else(void **state)
{
	static const char *const others[] = {NULL, "ja-JP", "fr", "en_US", "", "../../en"};
	struct fixture *f = *state;
	struct la_alert_job job = support_job();

	support_text(&job.locale, "en-US");
	render(f, &job);
	assert_true(support_holds(&f->mail.eml, "Content-Language: en, ja\r\n"));
	assert_true(support_holds(&f->mail.html, "<html lang=\"en\">"));
	assert_memory_equal(f->mail.text.data, "*日本語は英語の後に続きます。\n\nWe have detected", 60);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		support_text(&job.locale, others[i]);
		render(f, &job);
		assert_file(&f->mail.eml, "golden/first-login.eml");
	}
}

static void
a_zone_is_read_once_also_when_there_is_none(void **state)
{
	struct fixture *f = *state;
	struct la_alert_job job = support_job();
	size_t before = f->zones_asked;

	for (int i = 0; i < 10; i++) {
		support_text(&job.time_zone, i % 2 == 0 ? "Europe/Paris" : "No/Such");
		render(f, &job);
	}
	assert_int_equal(f->zones_asked - before, 2);
}

static void
job_without_usable_address_is_refused_without_showing_it(void **state)
{
	static const char *const bad[] = {NULL, "", "nobody", "a@b@c.jp", "a@example.jp\r\nBcc: x@example.jp",
	    "<a@example.jp>", "a@example.jp, b@example.jp", "\xe5\xb1\xb1@example.jp"};
	struct fixture *f = *state;
	struct la_alert_job job;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		job = support_job();
		support_text(&job.recipient_email, bad[i]);
		assert_int_equal(la_renderer_mail(f->renderer, f->brand, &job, &f->mail, &f->error), LA_EDATA);
		assert_null(strstr(f->error.text, "example"));
	}
	job = support_job();
	job.has_recipient = false;
	assert_int_equal(la_renderer_mail(f->renderer, f->brand, &job, &f->mail, &f->error), LA_EDATA);
}

static void
job_id_that_is_no_id_never_reaches_a_header(void **state)
{
	static const char *const bad[] = {"", "5F1D0C2B8A7E46939B3E0D1C2F4A6B58", "5f1d0c2b8a7e46939b3e0d1c2f4a6b5",
	    "5f1d0c2b8a7e4693\r\nBcc: x@y.zzzz"};
	struct fixture *f = *state;
	struct la_alert_job job = support_job();

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		(void)snprintf(job.job_id, sizeof(job.job_id), "%s", bad[i]);
		assert_int_equal(la_renderer_mail(f->renderer, f->brand, &job, &f->mail, &f->error), LA_EDATA);
	}
}

static void
time_without_a_four_digit_year_is_refused(void **state)
{
	static const int64_t bad[] = {INT64_MIN, INT64_MAX, -99999999999999, 253402300800000};
	struct fixture *f = *state;
	struct la_alert_job job = support_job();

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		job.occurred_at_ms = bad[i];
		assert_int_equal(la_renderer_mail(f->renderer, f->brand, &job, &f->mail, &f->error), LA_EDATA);
	}
}

/* Everything that the skeleton of a mail consists of: header names, boundaries, part headers. */
static size_t
count(const struct la_buf *buf, const char *text)
{
	struct la_span rest = la_buf_span(buf);
	const unsigned char *found;
	size_t count = 0;

	while ((found = memmem(rest.data, rest.size, text, strlen(text))) != NULL) {
		size_t used = (size_t)(found - rest.data) + 1;

		rest = la_span_of(rest.data + used, rest.size - used);
		count++;
	}
	return (count);
}

static void
hostile_texts_change_neither_structure_nor_markup(void **state)
{
	static const char *const hostile[] = {
	    "x\r\nBcc: evil@example.com", "x\r\n\r\n--=_login-alert_5f1d0c2b8a7e46939b3e0d1c2f4a6b58--", "{{member}}",
	    "{{{member}}}", "{{#app}}", "<script>alert(1)</script>", "<a href=x>x</a>", "\"><img src=x onerror=y>", "' onclick='x",
	    "https://evil.example/", "http:////evil.example", "www.evil.example", "a@evil.example",
	    "\xe2\x80\xae" "gnp.exe", "x\xe2\x81\xa6\xe2\x81\xa9", "javascript:alert(1)", "&#58;//x", "\xff\xfe\x00x", "\x1b[31m",
	    "\xe2\x80\xa8line", "x\xef\xbb\xbf", "=?UTF-8?B?QQ==?=", ".", "From here"};
	struct fixture *f = *state;
	struct la_alert_job job = support_job();
	struct la_mail plain;

	job.reason = LA_REASON_THIRD_PARTY_LINK;
	support_text(&job.app_label, "x");
	la_mail_init(&plain);
	assert_int_equal(la_renderer_mail(f->renderer, f->brand, &job, &plain, &f->error), LA_OK);
	for (size_t i = 0; i < sizeof(hostile) / sizeof(hostile[0]); i++) {
		support_text(&job.member_masked, hostile[i]);
		support_text(&job.device_label, hostile[i]);
		support_text(&job.browser_label, hostile[i]);
		support_text(&job.app_label, hostile[i]);
		support_text(&job.location_label, hostile[i]);
		support_text(&job.locale, hostile[i]);
		support_text(&job.time_zone, hostile[i]);
		render(f, &job);
		assert_int_equal(count_lines(&f->mail.text), count_lines(&plain.text));
		assert_int_equal(count(&f->mail.html, "<"), count(&plain.html, "<"));
		assert_int_equal(count(&f->mail.html, "\""), count(&plain.html, "\""));
		assert_false(support_holds(&f->mail.html, "http:"));
		assert_false(support_holds(&f->mail.html, "https:"));
		assert_false(support_holds(&f->mail.html, "javascript:"));
		assert_false(support_holds(&f->mail.text, "://"));
		assert_false(support_holds(&f->mail.text, "evil.example"));
		assert_false(support_holds(&f->mail.text, "\xe2\x80\xae"));
		assert_false(support_holds(&f->mail.eml, "\r\nBcc"));
		assert_int_equal(count(&f->mail.eml, "\r\n--=_login-alert_"), 3);
		assert_int_equal(count(&f->mail.eml, "Content-"), count(&plain.eml, "Content-"));
	}
	la_mail_clear(&plain);
}

static void
html_has_nothing_to_click_load_or_run(void **state)
{
	static const char *const forbidden[] = {"http:", "https:", "//", "<a ", "<a>", "<img", "<form", "<input", "<button",
	    "<iframe", "<frame", "<object", "<embed", "<script", "<link", "<svg", "<video", "<base", "url(", "@import", "href",
	    "src=", "onclick", "xmlns", "mailto"};
	struct fixture *f = *state;
	struct la_alert_job job = support_job();

	job.reason = LA_REASON_THIRD_PARTY_LINK;
	job.suppressed_before = 2;
	support_text(&job.app_label, "App");
	for (size_t i = 0; i < 2 * sizeof(forbidden) / sizeof(forbidden[0]); i++) {
		support_text(&job.locale, i % 2 == 0 ? "ja" : "en");
		render(f, &job);
		assert_memory_equal(f->mail.html.data, "<!DOCTYPE html>\n", 16);
		if (support_holds(&f->mail.html, forbidden[i / 2]))
			fail_msg("the HTML holds %s", forbidden[i / 2]);
	}
}

static void
largest_job_stays_below_40_kb(void **state)
{
	struct fixture *f = *state;
	struct la_alert_job job = support_job();
	char text[LA_TEXT_BYTES + 1];

	memset(text, '"', LA_TEXT_BYTES); /* six bytes each in HTML */
	text[LA_TEXT_BYTES] = '\0';
	job.reason = LA_REASON_THIRD_PARTY_LINK;
	job.suppressed_before = INT32_MAX;
	support_text(&job.member_masked, text);
	support_text(&job.device_label, text);
	support_text(&job.browser_label, text);
	support_text(&job.app_label, text);
	render(f, &job);
	assert_in_range(f->mail.eml.size, 1, LA_MESSAGE_BYTES_MAX - 1);
}

static void
reasons_and_flags_have_the_same_order(void **state)
{
	(void)state;
	for (int i = 0; i <= LA_REASON_THIRD_PARTY_LINK; i++) {
		const char *name = la_names_all[LA_NAME_first_login + i].name, *reason = la_reason_name((enum la_reason)i);

		assert_true(la_names_all[LA_NAME_first_login + i].is_flag);
		assert_int_equal(strcasecmp(name, reason), 0);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(text_part_is_the_sample_line_by_line, setup, teardown),
	    cmocka_unit_test_setup_teardown(whole_mail_is_the_golden_one, setup, teardown),
	    cmocka_unit_test_setup_teardown(same_job_gives_the_same_bytes_whatever_was_rendered_before, setup, teardown),
	    cmocka_unit_test_setup_teardown(app_line_follows_browser_only_for_a_link_with_a_label, setup, teardown),
	    cmocka_unit_test_setup_teardown(suppressed_logins_add_one_line_in_each_language, setup, teardown),
	    cmocka_unit_test_setup_teardown(device_shows_its_class_in_lower_case_unless_unknown, setup, teardown),
	    cmocka_unit_test_setup_teardown(time_is_the_jobs_zone_or_the_brands, setup, teardown),
	    cmocka_unit_test_setup_teardown(locale_puts_english_first_and_japanese_else, setup, teardown),
	    cmocka_unit_test_setup_teardown(a_zone_is_read_once_also_when_there_is_none, setup, teardown),
	    cmocka_unit_test_setup_teardown(job_without_usable_address_is_refused_without_showing_it, setup, teardown),
	    cmocka_unit_test_setup_teardown(job_id_that_is_no_id_never_reaches_a_header, setup, teardown),
	    cmocka_unit_test_setup_teardown(time_without_a_four_digit_year_is_refused, setup, teardown),
	    cmocka_unit_test_setup_teardown(hostile_texts_change_neither_structure_nor_markup, setup, teardown),
	    cmocka_unit_test_setup_teardown(html_has_nothing_to_click_load_or_run, setup, teardown),
	    cmocka_unit_test_setup_teardown(largest_job_stays_below_40_kb, setup, teardown),
	    cmocka_unit_test(reasons_and_flags_have_the_same_order),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
