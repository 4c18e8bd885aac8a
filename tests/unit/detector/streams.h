/*
 * Random events, logs and policies for the tests of the policy, all from one seed; what an event's numbers stand for is
 * spelled only when it is decided.
 */
#ifndef STREAMS_H
#define STREAMS_H

#include "story.h"

#include "model.h"

#define EVENTS 400
#define DAY INT64_C(86400000)

static uint64_t seed;

static inline int
below(int most)
{
	seed ^= seed >> 12;
	seed ^= seed << 25;
	seed ^= seed >> 27;
	return ((int)((seed * UINT64_C(0x2545f4914f6cdd1d)) >> 33) % most);
}

static inline void
any_policy(struct la_policy *p)
{
	static const int64_t ttls[] = {160 * DAY, 16 * DAY, 365 * DAY, DAY, 0};
	static const int64_t cooldowns[] = {0, DAY / 24, DAY, 30 * DAY};

	*p = (struct la_policy){.device_ttl_ms = ttls[below(5)],
	    .first_login = (enum la_first_login)below(3),
	    .grace_ms = DAY * below(3),
	    .no_token_environment = below(2) == 0,
	    .cooldown_ms = cooldowns[below(4)],
	    .cap_count = (uint32_t)below(5),
	    .cap_window_ms = below(2) == 0 ? DAY / 24 : 5 * DAY,
	    .has_seed_until = below(3) == 0,
	    .seed_until_ms = STORY_START_MS + 5 * DAY,
	    .alert_max_age_ms = DAY};
}

/* Narrow: few values that meet often. Wide: so many that the environments run over. Crowded: all other lists do. */
enum shape { NARROW, WIDE, CROWDED };

static inline void
any_crowded_event(struct model_event *e, int id, int64_t *clock)
{
	*clock += below(3);
	*e = (struct model_event){.id = id,
	    .at = *clock,
	    .kind = below(2) == 0 ? LA_KIND_LOGIN : below(8) == 0 ? LA_KIND_THIRD_PARTY_UNLINK : LA_KIND_THIRD_PARTY_LINK,
	    .token = below(200),
	    .ip = 1 + below(12)};
	if (e->kind != LA_KIND_LOGIN)
		e->app = below(20);
}

static inline void
any_event(struct model_event *e, int id, int64_t *clock, enum shape shape)
{
	static const int64_t steps[] = {0, 1, 60000, 3600000, DAY, 11 * DAY, 200 * DAY};
	bool wide = shape == WIDE;
	int kind = below(20), many = wide ? 60 : 4;

	if (shape == CROWDED) {
		any_crowded_event(e, id, clock);
		return;
	}
	*clock += steps[below(wide ? 5 : 7)] * (below(8) == 0 ? -1 : 1);
	if (*clock < STORY_START_MS - 3000 * DAY || *clock > STORY_START_MS + 20000 * DAY)
		*clock = STORY_START_MS;
	*e = (struct model_event){.id = id,
	    .at = *clock - (below(5) == 0 ? steps[below(7)] : 0),
	    .kind = kind < 11 ? LA_KIND_LOGIN : kind < 14 ? LA_KIND_THIRD_PARTY_LINK : (enum la_event_kind)(kind - 12),
	    .result = below(12) == 0 ? (enum la_event_result)below(4) : LA_RESULT_SUCCESS,
	    .actor = below(12) == 0 ? (enum la_actor)below(3) : LA_ACTOR_SELF,
	    .channel = below(6) == 0 ? (enum la_channel)below(4) : LA_CHANNEL_WEB,
	    .token = below(many),
	    .platform = below(wide ? 5 : 3),
	    .browser = below(3),
	    .app = below(wide ? 25 : 3),
	    .ip = below(wide ? 12 : 3),
	    .has_created = below(2) == 0,
	    .created = *clock - below(4) * DAY,
	    .has_timestamp = false};
	if (wide && e->kind == LA_KIND_ACCOUNT_ERASED && below(6) != 0)
		e->kind = LA_KIND_LOGIN;
}

/* Bytes that stand for the model's numbers. */
static inline void
spell(const struct model_event *m, struct la_login_event *event, struct la_source *source)
{
	static char id[16], token[16], app[16], ip[32];
	static const char *const models[] = {"iPhone", "iPad", "Pixel", "Galaxy", "Xperia"};
	static const char *const browsers[] = {"chrome", "safari", "edge"};
	static const char *const topics[] = {"login-events", "other"};

	snprintf(id, sizeof(id), "e%d", m->id);
	snprintf(token, sizeof(token), "t%d", m->token);
	snprintf(app, sizeof(app), "a%d", m->app);
	snprintf(ip, sizeof(ip), "10.0.%d.%d", m->ip, 1 + m->id % 200);
	*event = (struct la_login_event){.event_id = la_span_text(id),
	    .tenant = la_span_text("default"),
	    .member_id = la_span_text("m"),
	    .occurred_at_ms = m->at,
	    .kind = m->kind,
	    .result = m->result,
	    .actor = m->actor,
	    .channel = m->channel,
	    .has_account_created_at = m->has_created,
	    .account_created_at_ms = m->created,
	    .os = la_span_text("os"),
	    .device_class = LA_CLASS_MOBILE,
	    .device_model = la_span_text(models[m->platform]),
	    .browser = la_span_text(browsers[m->browser]),
	    .device_token = la_span_text(m->token == 0 ? NULL : token),
	    .client_app_id = la_span_text(m->app == 0 ? NULL : app),
	    .ip = la_span_text(m->ip == 0 ? (m->id % 2 == 0 ? NULL : "10.0.0") : ip)};
	*source = (struct la_source){.topic = la_span_text(topics[m->topic]),
	    .partition = m->partition,
	    .offset = m->offset,
	    .has_timestamp = m->has_timestamp,
	    .timestamp_ms = m->timestamp};
}

static inline void
decide(struct la_decider *decider, const struct model_event *m, struct la_member_state *state,
    struct la_verdict *verdict)
{
	struct la_login_event event;
	struct la_source source;
	struct la_facts facts;

	spell(m, &event, &source);
	assert_int_equal(la_decider_facts(decider, &event, &source, &facts, NULL), LA_OK);
	la_policy_decide(la_decider_policy(decider), &facts, state, verdict);
}

/* valgrind is 50 times slower and looks for something else: a tenth shows it every branch. */
static inline int
streams(int full)
{
	return (getenv("LA_UNDER_VALGRIND") == NULL ? full : full / 10);
}

/* A log of one partition, as one instance reads it. */
static inline void
any_log(struct model_event *log, enum shape shape, bool timestamps)
{
	int64_t clock = STORY_START_MS;

	for (int i = 0; i < EVENTS; i++) {
		any_event(&log[i], i, &clock, shape);
		log[i].offset = i;
		log[i].has_timestamp = timestamps;
		log[i].timestamp = LA_TIME_MAX_MS + i * 1000; /* never more than 24 h before the event */
	}
}

#endif
