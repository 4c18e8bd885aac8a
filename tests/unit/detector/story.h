/*
 * Stories: lines of text that say what happens and what must come of it.
 *
 *   policy ttl=160d cap=2/1h cooldown=1h first=grace:10m no-token=environment seed-until=1d
 *   <time> <kind> [field=value …] -> OUTCOME [REASON] [before=N] [envs=N apps=N …]
 *
 * Times count from 2025-07-01T00:00:00Z: "1d", "-2h", "1d5ms". Without a field, an event is a SELF login on an iPhone
 * with Chrome, without token and IP; event ids and offsets count up. After "->", "applied" and "unapplied" say whether
 * the state changed, and envs, apps, memo, positions, cooldowns, suppressed, tombstone what it holds afterwards.
 */
#ifndef STORY_H
#define STORY_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "detector/decide.h"

#define STORY_START_MS INT64_C(1751328000000)
#define STORY_WORD 64
#define STORY_WORDS 32

static const char *story_setting = ""; /* how the story is run, for the message when it fails */

/* One line, cut into words. */
struct story_line {
	int count;
	char word[STORY_WORDS][STORY_WORD];
	char text[512];
};

static inline void
story_cut(struct story_line *line, const char *text, size_t size)
{
	size_t at = 0;

	snprintf(line->text, sizeof(line->text), "%.*s", (int)size, text);
	line->count = 0;
	while (at < size) {
		size_t start, length;

		while (at < size && (text[at] == ' ' || text[at] == '\t'))
			at++;
		for (start = at; at < size && text[at] != ' ' && text[at] != '\t'; at++)
			;
		length = at - start;
		if (length == 0)
			continue;
		assert_true(line->count < STORY_WORDS && length < STORY_WORD);
		memcpy(line->word[line->count], text + start, length);
		line->word[line->count++][length] = '\0';
	}
}

/* The value of field=value among words [from, to), or NULL. */
static inline const char *
story_field(const struct story_line *line, int from, int to, const char *name)
{
	size_t size = strlen(name);

	for (int i = from; i < to; i++) {
		if (strncmp(line->word[i], name, size) == 0 && line->word[i][size] == '=')
			return (line->word[i] + size + 1);
	}
	return (NULL);
}

static inline bool
story_has(const struct story_line *line, int from, const char *word)
{
	for (int i = from; i < line->count; i++) {
		if (strcmp(line->word[i], word) == 0)
			return (true);
	}
	return (false);
}

static inline int64_t
story_ms(const char *text)
{
	static const struct {
		const char *unit;
		int64_t ms;
	} units[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}, {"d", 86400000}};
	bool negative = *text == '-';
	int64_t sum = 0;

	text += negative;
	while (*text != '\0' && *text != '/') {
		char *end;
		int64_t number = strtoll(text, &end, 10), unit = 1;
		size_t letters = strcspn(end, "-0123456789/");

		assert_true(end > text);
		for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
			if (strlen(units[i].unit) == letters && strncmp(end, units[i].unit, letters) == 0)
				unit = units[i].ms;
		}
		sum += number * unit;
		text = end + letters;
	}
	return (negative ? -sum : sum);
}

static inline void
story_default_policy(struct la_policy *policy)
{
	*policy = (struct la_policy){.device_ttl_ms = story_ms("365d"),
	    .cap_count = 10,
	    .cap_window_ms = story_ms("1h"),
	    .alert_max_age_ms = story_ms("24h")};
}

static inline void
story_policy(const struct story_line *line, struct la_policy *policy)
{
	const char *value;

	if ((value = story_field(line, 1, line->count, "ttl")) != NULL)
		policy->device_ttl_ms = story_ms(value);
	if ((value = story_field(line, 1, line->count, "cooldown")) != NULL)
		policy->cooldown_ms = story_ms(value);
	if ((value = story_field(line, 1, line->count, "cap")) != NULL) {
		policy->cap_count = (uint32_t)atoi(value);
		policy->cap_window_ms = strchr(value, '/') == NULL ? 0 : story_ms(strchr(value, '/') + 1);
	}
	if ((value = story_field(line, 1, line->count, "first")) != NULL) {
		policy->first_login = strcmp(value, "silent") == 0 ? LA_FIRST_SILENT : LA_FIRST_GRACE;
		if (policy->first_login == LA_FIRST_GRACE)
			policy->grace_ms = story_ms(value + strlen("grace:"));
	}
	if ((value = story_field(line, 1, line->count, "seed-until")) != NULL) {
		policy->has_seed_until = true;
		policy->seed_until_ms = STORY_START_MS + story_ms(value);
	}
	policy->no_token_environment = story_has(line, 1, "no-token=environment");
}

static inline int
story_symbol(const char *value, const char *const *names, int count, int otherwise)
{
	if (value == NULL)
		return (otherwise);
	for (int i = 0; i < count; i++) {
		if (strcmp(value, names[i]) == 0)
			return (i);
	}
	fail_msg("unknown word in a story: %s", value);
	return (otherwise);
}

#define STORY_SYMBOL(value, otherwise, ...)                                                  \
	story_symbol((value), (const char *const[]){__VA_ARGS__},                            \
	    (int)(sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *)), (otherwise))

static inline struct la_span
story_span(const char *value)
{
	return (la_span_text(value));
}

/* Words [0, to) -> event and source. number: of the line, for the id and the offset. */
static inline void
story_event(const struct story_line *line, int to, int number, struct la_login_event *event, struct la_source *source)
{
	static char ids[2][32];
	const char *value;

	*event = (struct la_login_event){.tenant = la_span_text("default"), .member_id = la_span_text("m1")};
	*source = (struct la_source){.topic = la_span_text("login-events"), .offset = number};
	event->occurred_at_ms = STORY_START_MS + story_ms(line->word[0]);
	event->kind = (enum la_event_kind)STORY_SYMBOL(
	    line->word[1], 0, "login", "link", "unlink", "reauth", "refresh", "password", "revoked", "erased", "other");
#define FIELD(name) story_field(line, 2, to, name)
	event->result = (enum la_event_result)STORY_SYMBOL(FIELD("result"), 0, "success", "failure", "challenged", "other");
	event->actor = (enum la_actor)STORY_SYMBOL(FIELD("actor"), 0, "self", "operator", "system");
	event->channel = (enum la_channel)STORY_SYMBOL(FIELD("channel"), 0, "web", "app", "api", "other");
	event->device_class = (enum la_device_class)STORY_SYMBOL(
	    FIELD("class"), LA_CLASS_MOBILE, "pc", "mobile", "tablet", "bot", "unknown");
	event->device_token = story_span(FIELD("token"));
	event->device_token_origin = (enum la_token_origin)STORY_SYMBOL(
	    FIELD("origin"), event->device_token.size > 0 ? 0 : 3, "presented", "issued", "invalid", "none");
	event->os = story_span(FIELD("os") == NULL ? "ios" : FIELD("os"));
	event->device_model = story_span(FIELD("model") == NULL ? "iPhone" : FIELD("model"));
	event->browser = story_span(FIELD("browser") == NULL ? "chrome" : FIELD("browser"));
	event->client_app_id = story_span(FIELD("app"));
	event->ip = story_span(FIELD("ip"));
	if (FIELD("member") != NULL)
		event->member_id = story_span(FIELD("member"));
	if ((value = FIELD("created")) != NULL) {
		event->has_account_created_at = true;
		event->account_created_at_ms = STORY_START_MS + story_ms(value);
	}
	snprintf(ids[0], sizeof(ids[0]), "e%s", FIELD("id") == NULL ? "" : FIELD("id"));
	if (FIELD("id") == NULL)
		snprintf(ids[0], sizeof(ids[0]), "e%d", number);
	event->event_id = la_span_text(ids[0]);
	if ((value = FIELD("off")) != NULL)
		source->offset = atoi(value);
	if ((value = FIELD("part")) != NULL)
		source->partition = atoi(value);
	if ((value = FIELD("topic")) != NULL)
		source->topic = story_span(value);
	if ((value = FIELD("ts")) != NULL) {
		source->has_timestamp = true;
		source->timestamp_ms = STORY_START_MS + story_ms(value);
	}
#undef FIELD
}

static inline void
story_expect_number(const struct story_line *line, int from, const char *name, int64_t number)
{
	const char *value = story_field(line, from, line->count, name);

	if (value != NULL && atoll(value) != number)
		fail_msg("%s: %s\n    %s is %lld", story_setting, line->text, name, (long long)number);
}

static inline void
story_expect(const struct story_line *line, int arrow, const struct la_verdict *verdict,
    const struct la_member_state *state)
{
	const char *reason = arrow + 2 < line->count ? line->word[arrow + 2] : "";
	bool wants_reason = reason[0] >= 'A' && reason[0] <= 'Z';

	if (strcmp(line->word[arrow + 1], la_outcome_name(verdict->outcome)) != 0 ||
	    wants_reason != verdict->has_reason ||
	    (wants_reason && strcmp(reason, la_reason_name(verdict->reason)) != 0))
		fail_msg("%s: %s\n    is %s %s", story_setting, line->text, la_outcome_name(verdict->outcome),
		    verdict->has_reason ? la_reason_name(verdict->reason) : "without reason");
	if ((story_has(line, arrow, "applied") && !verdict->applied) ||
	    (story_has(line, arrow, "unapplied") && verdict->applied))
		fail_msg("%s: %s\n    is %s", story_setting, line->text, verdict->applied ? "applied" : "not applied");
	story_expect_number(line, arrow, "before", verdict->suppressed_before);
	story_expect_number(line, arrow, "envs", state->environment_count);
	story_expect_number(line, arrow, "apps", state->app_count);
	story_expect_number(line, arrow, "memo", state->memo_count);
	story_expect_number(line, arrow, "positions", state->position_count);
	story_expect_number(line, arrow, "cooldowns", state->cooldown_count);
	story_expect_number(line, arrow, "suppressed", state->suppressed);
	story_expect_number(line, arrow, "tombstone", state->tombstone);
}

/* Keys for tests: epochs 1..count, the active one chosen; the same bytes in every run. */
static inline void
story_keys(struct la_keys *keys, size_t count, uint16_t active_epoch)
{
	memset(keys, 0, sizeof(*keys));
	keys->count = count;
	for (size_t i = 0; i < count; i++) {
		keys->key[i].epoch = (uint16_t)(count - i);
		memset(keys->key[i].secret, 0x40 + (int)(count - i), LA_KEY_BYTES);
		if (keys->key[i].epoch == active_epoch)
			keys->active = i;
	}
}

static inline struct la_decider *
story_decider(const struct la_policy *policy, const struct la_keys *keys)
{
	struct la_decider_options options = {
	    .keys = keys, .policy = policy, .mask_keep_last = 3, .cluster_id = "", .topic_generation = ""};
	struct la_decider *decider = NULL;

	assert_int_equal(la_decider_new(&decider, &options, NULL), LA_OK);
	return (decider);
}

/* As the store does between any two events. */
static inline void
story_store_and_load(struct la_member_state *state)
{
	unsigned char record[LA_STATE_RECORD_MAX], again[LA_STATE_RECORD_MAX];
	struct la_error error = LA_ERROR_INIT;
	size_t size = la_state_encode(state, record);

	if (la_state_decode(la_span_of(record, size), state, &error) != LA_OK)
		fail_msg("%s", error.text);
	assert_int_equal(la_state_encode(state, again), size);
	assert_memory_equal(record, again, size);
}

#endif
