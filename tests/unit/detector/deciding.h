/* An event, where it came from, and a decider whose secret is known: for test_decide*.c. */
#ifndef LA_TESTS_DECIDING_H
#define LA_TESTS_DECIDING_H

#include "story.h"

#define S(text) la_span_text(text)
#define AT INT64_C(1751328000000)
#define DAY INT64_C(86400000)

static struct la_login_event
an_event(void)
{
	return ((struct la_login_event){.event_id = S("e-1"),
	    .occurred_at_ms = AT,
	    .tenant = S("default"),
	    .member_id = S("123456321"),
	    .device_class = LA_CLASS_UNKNOWN,
	    .device_token = S("cookie"),
	    .user_agent = S("Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) CriOS/126.0 Mobile/15E148"),
	    .ip = S("192.0.2.7"),
	    .email = S("taro@example.jp"),
	    .locale = S("ja-JP"),
	    .time_zone = S("Asia/Tokyo")});
}

static struct la_source
a_source(void)
{
	return ((struct la_source){.topic = S("login-events"), .partition = 3, .offset = 42});
}

/* A decider whose one secret is 00 01 02 … 1f. */
static struct la_decider *
a_decider(struct la_decider_options options)
{
	static struct la_policy policy;
	static struct la_keys keys;
	struct la_decider *decider = NULL;

	story_default_policy(&policy);
	policy.cooldown_ms = 1;
	keys = (struct la_keys){.count = 1, .key = {{.epoch = 1}}};
	for (size_t i = 0; i < LA_KEY_BYTES; i++)
		keys.key[0].secret[i] = (unsigned char)i;
	if (options.policy == NULL)
		options.policy = &policy;
	options.keys = &keys;
	options.topic_generation = "g";
	options.cluster_id = "cluster";
	assert_int_equal(la_decider_new(&decider, &options, NULL), LA_OK);
	return (decider);
}

#endif
