/* The cache of labels: whatever was asked before, the answer is that of the table. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "detector/label_cache.h"

#define EVENTS 20000
#define AGENTS 2000 /* more than there are entries */

static const struct la_key key = {.epoch = 1, .secret = "a secret of the test"};

static uint64_t seed;

static uint64_t
below(uint64_t limit)
{
	seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return ((seed >> 33) % limit);
}

static const char *
one_of(const char *const *texts, size_t count)
{
	return (texts[below(count)]);
}

/* Agents of which many are alike, names beside them that begin as they do, long tails that do not count. */
static void
any_event(struct la_login_event *event, char *agent, size_t cap)
{
	static const char *const kinds[] = {"Mozilla/5.0 (iPhone; CPU iPhone OS 17_%u) Version/17.5 Safari/604.1",
	    "Mozilla/5.0 (Windows NT 10.0) Chrome/%u.0.0.0 Safari/537.36", "Chrome%u", "%u", ""};
	static const char *const names[] = {NULL, "", "Chrome", "chrome", "C", "Windows", "no/name"};
	size_t count = sizeof(names) / sizeof(names[0]);
	const char *kind = one_of(kinds, sizeof(kinds) / sizeof(kinds[0])), *number = strchr(kind, '%');
	int size = snprintf(agent, cap, "%.*s", (int)strcspn(kind, "%"), kind);

	if (number != NULL)
		size += snprintf(agent + size, cap - (size_t)size, "%u%s", (unsigned)below(AGENTS), number + 2);
	if (below(10) == 0) {
		memset(agent + size, 'x', cap - (size_t)size);
		size = (int)(LA_USER_AGENT_READ - 2 + below(4));
	}
	*event = (struct la_login_event){.user_agent = la_span_of(below(20) == 0 ? NULL : agent, (size_t)size),
	    .browser = la_span_text(one_of(names, count)),
	    .os = la_span_text(one_of(names, count)),
	    .device_model = la_span_text(one_of(names, count)),
	    .device_class = (enum la_device_class)below(LA_CLASS_UNKNOWN + 1),
	    .channel = (enum la_channel)below(LA_CHANNEL_OTHER + 1)};
	if (event->user_agent.data == NULL)
		event->user_agent.size = 0;
}

static void
labels_are_those_of_the_table_whatever_was_asked_before(void **unused)
{
	struct la_digester digester;
	struct la_label_cache *cache, *fresh;
	struct la_login_event event;
	char agent[2 * LA_USER_AGENT_READ];
	struct la_labels labels;

	(void)unused;
	seed = 1;
	la_digester_init(&digester, &key);
	assert_int_equal(la_label_cache_new(&cache, &digester, 1), LA_OK);
	for (int i = 0; i < EVENTS; i++) {
		const struct la_labelled *found, *alone;

		any_event(&event, agent, sizeof(agent));
		la_agent_labels(&event, &labels);
		found = la_label_cache_find(cache, &event);
		assert_string_equal(found->labels.browser, labels.browser);
		assert_string_equal(found->labels.os, labels.os);
		assert_string_equal(found->labels.model, labels.model);
		assert_int_equal(found->labels.device_class, labels.device_class);
		if (i % 50 != 0)
			continue;
		assert_int_equal(la_label_cache_new(&fresh, &digester, 1), LA_OK);
		alone = la_label_cache_find(fresh, &event);
		assert_true(found->platform[0] == alone->platform[0] && found->browser[0] == alone->browser[0]);
		la_label_cache_free(fresh);
	}
	la_label_cache_free(cache);
}

static void
an_answer_is_kept_until_others_need_its_place(void **unused)
{
	struct la_digester digester;
	struct la_label_cache *cache;
	struct la_login_event event = {.user_agent = la_span_text("Mozilla/5.0 (X11; Linux x86_64) Firefox/127.0")};
	const struct la_labelled *first;

	(void)unused;
	la_digester_init(&digester, &key);
	assert_int_equal(la_label_cache_new(&cache, &digester, 1), LA_OK);
	first = la_label_cache_find(cache, &event);
	assert_ptr_equal(la_label_cache_find(cache, &event), first);
	event.channel = LA_CHANNEL_APP; /* another browser for the same agent */
	assert_ptr_not_equal(la_label_cache_find(cache, &event), first);
	assert_string_equal(la_label_cache_find(cache, &event)->labels.browser, "app");
	event.channel = LA_CHANNEL_WEB;
	assert_ptr_equal(la_label_cache_find(cache, &event), first);
	la_label_cache_free(cache);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(labels_are_those_of_the_table_whatever_was_asked_before),
	    cmocka_unit_test(an_answer_is_kept_until_others_need_its_place),
	};

	return (sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL));
}
