/* Labels: what user agents that exist are called, and that nothing of their text comes through. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/job.h"
#include "detector/agent.h"
#include "detector/agent_table.h"

static const struct {
	const char *agent, *browser, *os, *model, *class;
} rows[] = {
#include "user_agents.h"
};

static struct la_labels
labels_of(const char *agent)
{
	struct la_login_event event = {.user_agent = la_span_text(agent), .device_class = LA_CLASS_UNKNOWN};
	struct la_labels labels;

	la_agent_labels(&event, &labels);
	return (labels);
}

static void
real_user_agents_have_their_labels(void **state)
{
	int wrong = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct la_labels labels = labels_of(rows[i].agent);
		const char *class = la_device_class_name(labels.device_class);

		if (strcmp(labels.browser, rows[i].browser) == 0 && strcmp(labels.os, rows[i].os) == 0 &&
		    strcmp(labels.model, rows[i].model) == 0 && strcmp(class, rows[i].class) == 0)
			continue;
		print_error("%s\n  expected %s, %s, %s, %s\n  is       %s, %s, %s, %s\n", rows[i].agent, rows[i].browser,
		    rows[i].os, rows[i].model, rows[i].class, labels.browser, labels.os, labels.model, class);
		wrong++;
	}
	assert_int_equal(wrong, 0);
	assert_true(sizeof(rows) / sizeof(rows[0]) >= 60);
}

static void
the_sample_is_an_iphone_with_chrome(void **state)
{
	struct la_labels labels = labels_of("Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 "
	                                    "(KHTML, like Gecko) CriOS/126.0.6478.54 Mobile/15E148 Safari/604.1");

	(void)state;
	assert_string_equal(la_agent_device_label(&labels), "iPhone");
	assert_string_equal(labels.browser, "chrome");
	assert_int_equal(labels.device_class, LA_CLASS_MOBILE);
}

static void
the_device_label_falls_back_to_the_os_then_to_unknown(void **state)
{
	struct la_labels labels = labels_of("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36");

	(void)state;
	assert_string_equal(la_agent_device_label(&labels), "windows");
	labels = labels_of("");
	assert_string_equal(la_agent_device_label(&labels), "unknown");
	assert_string_equal(labels.browser, "unknown");
	assert_int_equal(labels.device_class, LA_CLASS_UNKNOWN);
}

/* Fields of the producer over a user agent of an iPhone with Chrome. */
static const struct {
	const char *browser, *os, *model;
	enum la_device_class class;
	enum la_channel channel;
	const char *expect_browser, *expect_os, *expect_model;
	enum la_device_class expect_class;
} given[] = {
    {NULL, NULL, NULL, LA_CLASS_UNKNOWN, LA_CHANNEL_WEB, "chrome", "ios", "iPhone", LA_CLASS_MOBILE},
    {"Firefox", NULL, NULL, LA_CLASS_UNKNOWN, LA_CHANNEL_WEB, "Firefox", "ios", "iPhone", LA_CLASS_MOBILE},
    {NULL, "Android", NULL, LA_CLASS_UNKNOWN, LA_CHANNEL_WEB, "chrome", "Android", "iPhone", LA_CLASS_MOBILE},
    {NULL, NULL, "Pixel 9 Pro", LA_CLASS_UNKNOWN, LA_CHANNEL_WEB, "chrome", "ios", "Pixel 9 Pro", LA_CLASS_MOBILE},
    {NULL, NULL, NULL, LA_CLASS_TABLET, LA_CHANNEL_WEB, "chrome", "ios", "iPhone", LA_CLASS_TABLET},
    {NULL, NULL, NULL, LA_CLASS_UNKNOWN, LA_CHANNEL_APP, "app", "ios", "iPhone", LA_CLASS_MOBILE},
    {"JAL_app-1.0", NULL, NULL, LA_CLASS_UNKNOWN, LA_CHANNEL_APP, "JAL_app-1.0", "ios", "iPhone", LA_CLASS_MOBILE},
    {"<b>", NULL, NULL, LA_CLASS_UNKNOWN, LA_CHANNEL_APP, "app", "ios", "iPhone", LA_CLASS_MOBILE},
    {"", "", "", LA_CLASS_UNKNOWN, LA_CHANNEL_WEB, "chrome", "ios", "iPhone", LA_CLASS_MOBILE},
    {"a/b", "x\ny", "\xe6\x97\xa5", LA_CLASS_UNKNOWN, LA_CHANNEL_API, "chrome", "ios", "iPhone", LA_CLASS_MOBILE},
    {"123456789012345678901234567890123", NULL, NULL, LA_CLASS_UNKNOWN, LA_CHANNEL_WEB, "chrome", "ios", "iPhone",
        LA_CLASS_MOBILE},
    {"12345678901234567890123456789012", NULL, NULL, LA_CLASS_UNKNOWN, LA_CHANNEL_WEB,
        "12345678901234567890123456789012", "ios", "iPhone", LA_CLASS_MOBILE},
};

static void
given_fields_win_one_by_one_when_they_pass_the_check(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(given) / sizeof(given[0]); i++) {
		struct la_login_event event = {.browser = la_span_text(given[i].browser),
		    .os = la_span_text(given[i].os),
		    .device_model = la_span_text(given[i].model),
		    .device_class = given[i].class,
		    .channel = given[i].channel,
		    .user_agent = la_span_text("Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) CriOS/126.0 Mobile")};
		struct la_labels labels;

		la_agent_labels(&event, &labels);
		assert_string_equal(labels.browser, given[i].expect_browser);
		assert_string_equal(labels.os, given[i].expect_os);
		assert_string_equal(labels.model, given[i].expect_model);
		assert_int_equal(labels.device_class, given[i].expect_class);
	}
}

static void
nothing_is_inferred_from_a_given_field(void **state)
{
	struct la_login_event event = {.os = la_span_text("ios"),
	    .device_model = la_span_text("iPhone"),
	    .device_class = LA_CLASS_UNKNOWN};
	struct la_labels labels;

	(void)state;
	la_agent_labels(&event, &labels);
	assert_int_equal(labels.device_class, LA_CLASS_UNKNOWN);
	assert_string_equal(labels.browser, "unknown");
}

static void
only_the_first_512_bytes_are_read(void **state)
{
	char agent[600];

	(void)state;
	memset(agent, ' ', sizeof(agent));
	memcpy(agent + 506, "iPhone", 7);
	assert_string_equal(labels_of(agent).model, "iPhone");
	memset(agent, ' ', sizeof(agent));
	memcpy(agent + 507, "iPhone", 7);
	assert_string_equal(labels_of(agent).model, "unknown");
}

static bool
in_table(const char *label, size_t field)
{
	if (strcmp(label, "unknown") == 0 || strcmp(label, "app") == 0)
		return (true);
	for (size_t i = 0; i < la_agent_table_size; i++) {
		const char *const words[] = {la_agent_table[i].browser, la_agent_table[i].os, la_agent_table[i].model};

		if (words[field] != NULL && strcmp(words[field], label) == 0)
			return (true);
	}
	return (false);
}

/* Whatever a client sends, the labels are words of ours; and no byte beyond the given length is read. */
static void
hostile_user_agents_give_words_of_the_table(void **state)
{
	uint64_t seed = 99;

	(void)state;
	for (int i = 0; i < 20000; i++) {
		size_t size = (size_t)(seed >> 33) % 700;
		unsigned char *agent = malloc(size + 1);
		struct la_login_event event = {.device_class = LA_CLASS_UNKNOWN};
		struct la_labels labels;

		seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407u;
		assert_non_null(agent);
		for (size_t k = 0; k < size; k++) {
			const char *source = rows[(seed >> 33) % (sizeof(rows) / sizeof(rows[0]))].agent;

			seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407u;
			agent[k] = (seed >> 60) == 0 ? (unsigned char)(seed >> 40)
			                             : (unsigned char)source[k % (strlen(source) + 1)];
		}
		agent = realloc(agent, size == 0 ? 1 : size); /* ends where the allocation ends */
		event.user_agent = la_span_of(agent, size);
		la_agent_labels(&event, &labels);
		assert_true(in_table(labels.browser, 0) && in_table(labels.os, 1) && in_table(labels.model, 2));
		free(agent);
	}
}

static void
every_word_of_the_table_passes_the_check_for_given_names(void **state)
{
	(void)state;
	for (size_t i = 0; i < la_agent_table_size; i++) {
		const struct la_agent_row *row = &la_agent_table[i];
		const char *const words[] = {row->browser, row->os, row->model};

		for (size_t k = 0; k < 3; k++)
			assert_true(words[k] == NULL || la_agent_name_passes(la_span_text(words[k])));
		for (const char *c = row->words; *c != '\0'; c++)
			assert_false(*c >= 'A' && *c <= 'Z');
	}
}

static void
the_revision_is_16_hex_digits(void **state)
{
	char rev[LA_REV_HEX], again[LA_REV_HEX];

	(void)state;
	la_agent_rev(rev);
	la_agent_rev(again);
	assert_int_equal(strspn(rev, "0123456789abcdef"), 16);
	assert_string_equal(rev, again);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(real_user_agents_have_their_labels),
	    cmocka_unit_test(the_sample_is_an_iphone_with_chrome),
	    cmocka_unit_test(the_device_label_falls_back_to_the_os_then_to_unknown),
	    cmocka_unit_test(given_fields_win_one_by_one_when_they_pass_the_check),
	    cmocka_unit_test(nothing_is_inferred_from_a_given_field),
	    cmocka_unit_test(only_the_first_512_bytes_are_read),
	    cmocka_unit_test(hostile_user_agents_give_words_of_the_table),
	    cmocka_unit_test(every_word_of_the_table_passes_the_check_for_given_names),
	    cmocka_unit_test(the_revision_is_16_hex_digits),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
