/*
 * Rules 2-6 of consumer/detector/RULES.md once more, as plainly as the text has them: clear values instead of digests,
 * one epoch, lists that are searched from the front. It exists to disagree with the policy when one of the two is wrong.
 */
#ifndef MODEL_H
#define MODEL_H

#include <string.h>

#include "detector/policy.h"

/* Clear values are small numbers; 0 is "none" for token and ip. */
struct model_event {
	int id, token, platform, browser, app, ip, topic, partition;
	enum la_event_kind kind;
	enum la_event_result result;
	enum la_actor actor;
	enum la_channel channel;
	int64_t at, offset, timestamp, created;
	bool has_timestamp, has_created;
};

#define MODEL_LIST 64
struct model {
	struct {
		int token, platform, browser;
		int64_t seen;
	} env[MODEL_LIST];
	struct {
		int app;
		int64_t seen;
	} app[MODEL_LIST];
	struct {
		int topic, partition;
		int64_t offset, timestamp;
		bool has_timestamp;
	} position[MODEL_LIST];
	struct {
		int id;
		int64_t at;
		enum la_outcome outcome;
		enum la_reason reason;
		uint32_t before;
	} memo[MODEL_LIST];
	struct {
		enum la_reason reason;
		int app, platform, browser, ip;
		int64_t at;
	} alerted[MODEL_LIST];
	struct {
		uint32_t count;
		int64_t start;
	} window[2]; /* logins, links */
	int envs, apps, positions, memos, alerts;
	uint32_t suppressed;
};

struct model_answer {
	enum la_outcome outcome;
	bool has_reason, applied;
	enum la_reason reason;
	uint32_t before;
};

/* Takes entry i out of a list. */
#define MODEL_DROP(list, count, i) \
	(memmove(&(list)[i], &(list)[(i) + 1], (size_t)((count) - (i) - 1) * sizeof((list)[0])), (count)--)

static inline void
model_remember(struct model *m, const struct model_event *e, enum la_reason reason)
{
	int oldest = 0;

	if (reason == LA_REASON_THIRD_PARTY_LINK) {
		for (int i = 0; i < m->apps; i++) {
			if (m->app[i].app == e->app) {
				m->app[i].seen = e->at > m->app[i].seen ? e->at : m->app[i].seen;
				return;
			}
		}
		for (int i = 0; i < m->apps; i++)
			oldest = m->app[i].seen < m->app[oldest].seen ? i : oldest;
		if (m->apps == 16)
			MODEL_DROP(m->app, m->apps, oldest);
		m->app[m->apps].app = e->app;
		m->app[m->apps++].seen = e->at;
		return;
	}
	for (int i = 0; i < m->envs; i++) {
		if (m->env[i].token == e->token && m->env[i].platform == e->platform && m->env[i].browser == e->browser) {
			m->env[i].seen = e->at > m->env[i].seen ? e->at : m->env[i].seen;
			return;
		}
	}
	for (int i = 0; i < m->envs; i++)
		oldest = m->env[i].seen < m->env[oldest].seen ? i : oldest;
	if (m->envs == 32)
		MODEL_DROP(m->env, m->envs, oldest);
	m->env[m->envs].token = e->token;
	m->env[m->envs].platform = e->platform;
	m->env[m->envs].browser = e->browser;
	m->env[m->envs++].seen = e->at;
}

static inline enum la_outcome
model_rule_6(const struct model *m, const struct la_policy *p, const struct model_event *e, enum la_reason reason)
{
	int w = reason == LA_REASON_THIRD_PARTY_LINK;

	if (p->has_seed_until && e->at < p->seed_until_ms)
		return (LA_OUTCOME_SEEDED);
	if (reason == LA_REASON_FIRST_LOGIN && p->first_login == LA_FIRST_SILENT)
		return (LA_OUTCOME_SEEDED);
	if (reason == LA_REASON_FIRST_LOGIN && p->first_login == LA_FIRST_GRACE && e->has_created &&
	    e->at - e->created <= p->grace_ms)
		return (LA_OUTCOME_SEEDED);
	if (p->cooldown_ms > 0 && e->ip != 0) {
		for (int i = 0; i < m->alerts; i++) {
			if (m->alerted[i].reason == reason && m->alerted[i].app == e->app &&
			    m->alerted[i].platform == e->platform && m->alerted[i].browser == e->browser &&
			    m->alerted[i].ip == e->ip && e->at - m->alerted[i].at < p->cooldown_ms)
				return (LA_OUTCOME_SUPPRESSED_COOLDOWN);
		}
	}
	if (p->cap_count > 0 && m->window[w].count >= p->cap_count && e->at - m->window[w].start < p->cap_window_ms)
		return (LA_OUTCOME_SUPPRESSED_CAP);
	return (LA_OUTCOME_ALERTED);
}

static inline void
model_alert(struct model *m, const struct la_policy *p, const struct model_event *e, enum la_reason reason)
{
	int w = reason == LA_REASON_THIRD_PARTY_LINK;

	m->suppressed = 0;
	if (p->cap_count > 0) {
		if (m->window[w].count == 0 || e->at - m->window[w].start >= p->cap_window_ms) {
			m->window[w].count = 0;
			m->window[w].start = e->at;
		}
		m->window[w].count++;
	}
	if (p->cooldown_ms <= 0 || e->ip == 0)
		return;
	for (int i = 0; i < m->alerts; i++) {
		if (m->alerted[i].reason == reason && m->alerted[i].app == e->app && m->alerted[i].platform == e->platform &&
		    m->alerted[i].browser == e->browser && m->alerted[i].ip == e->ip) {
			MODEL_DROP(m->alerted, m->alerts, i);
			break;
		}
	}
	if (m->alerts == 8)
		MODEL_DROP(m->alerted, m->alerts, 0);
	m->alerted[m->alerts].reason = reason;
	m->alerted[m->alerts].app = e->app;
	m->alerted[m->alerts].platform = e->platform;
	m->alerted[m->alerts].browser = e->browser;
	m->alerted[m->alerts].ip = e->ip;
	m->alerted[m->alerts++].at = e->at;
}

static inline struct model_answer
model_candidate(struct model *m, const struct la_policy *p, const struct model_event *e, enum la_reason reason, bool past)
{
	struct model_answer a = {.outcome = LA_OUTCOME_KNOWN};

	if (past)
		return (a);
	a.outcome = model_rule_6(m, p, e, reason);
	a.has_reason = true;
	a.reason = reason;
	a.applied = true;
	if (a.outcome != LA_OUTCOME_SUPPRESSED_CAP)
		model_remember(m, e, reason);
	if (a.outcome == LA_OUTCOME_ALERTED) {
		a.before = m->suppressed;
		model_alert(m, p, e, reason);
	} else if (a.outcome != LA_OUTCOME_SEEDED) {
		m->suppressed++;
	}
	if (m->memos == 32)
		MODEL_DROP(m->memo, m->memos, 0);
	m->memo[m->memos].id = e->id;
	m->memo[m->memos].at = e->at;
	m->memo[m->memos].outcome = a.outcome;
	m->memo[m->memos].reason = reason;
	m->memo[m->memos++].before = a.before;
	return (a);
}

/* Touch; past events write nothing. */
static inline bool
model_touch(const struct la_policy *p, const struct model_event *e, int64_t *seen, bool past)
{
	if (past || e->at - *seen <= p->device_ttl_ms / 16)
		return (false);
	*seen = e->at;
	return (true);
}

static inline struct model_answer
model_login(struct model *m, const struct la_policy *p, const struct model_event *e, bool past)
{
	struct model_answer known = {.outcome = LA_OUTCOME_KNOWN};
	bool live[MODEL_LIST], any = false, token = false, platform = false, pair = false;
	int best = -1;

	for (int i = 0; i < m->envs; i++) {
		live[i] = e->at - m->env[i].seen <= p->device_ttl_ms;
		any = any || live[i];
	}
	for (int i = 0; i < m->apps; i++)
		any = any || e->at - m->app[i].seen <= p->device_ttl_ms;
	if (!any)
		return (model_candidate(m, p, e, LA_REASON_FIRST_LOGIN, past));
	for (int i = 0; i < m->envs && e->token != 0; i++) {
		if (live[i] && m->env[i].token == e->token && m->env[i].browser == e->browser) {
			known.applied = model_touch(p, e, &m->env[i].seen, past);
			if (m->env[i].platform != e->platform && !past) {
				m->env[i].platform = e->platform;
				known.applied = true;
			}
			return (known);
		}
	}
	for (int i = 0; i < m->envs; i++) {
		token = token || (live[i] && e->token != 0 && m->env[i].token == e->token);
		platform = platform || (live[i] && m->env[i].platform == e->platform);
		if (live[i] && m->env[i].platform == e->platform && m->env[i].browser == e->browser) {
			pair = true;
			if (best < 0 || m->env[i].seen > m->env[best].seen)
				best = i;
		}
	}
	if (token)
		return (model_candidate(m, p, e, LA_REASON_NEW_BROWSER, past));
	if (e->token == 0 && p->no_token_environment && pair) {
		known.applied = model_touch(p, e, &m->env[best].seen, past);
		return (known);
	}
	return (model_candidate(m, p, e,
	    pair ? LA_REASON_COOKIES_CLEARED : platform ? LA_REASON_NEW_BROWSER : LA_REASON_NEW_DEVICE, past));
}

static inline struct model_answer
model_forget(struct model *m, const struct model_event *e, bool past)
{
	if (!past && e->kind == LA_KIND_ACCOUNT_ERASED) {
		m->envs = m->apps = m->alerts = 0;
		m->suppressed = 0;
		memset(m->window, 0, sizeof(m->window));
	}
	for (int i = m->envs; !past && e->kind == LA_KIND_DEVICE_REVOKED && e->token != 0 && i-- > 0;) {
		if (m->env[i].token == e->token)
			MODEL_DROP(m->env, m->envs, i);
	}
	for (int i = m->apps; !past && e->kind == LA_KIND_THIRD_PARTY_UNLINK && i-- > 0;) {
		if (m->app[i].app == e->app)
			MODEL_DROP(m->app, m->apps, i);
	}
	return ((struct model_answer){.outcome = LA_OUTCOME_FORGOTTEN, .applied = !past});
}

static inline struct model_answer
model_rules_3_to_5(struct model *m, const struct la_policy *p, const struct model_event *e, bool past)
{
	struct model_answer ignored = {.outcome = LA_OUTCOME_IGNORED_KIND};

	if (e->result != LA_RESULT_SUCCESS)
		return ((struct model_answer){.outcome = LA_OUTCOME_IGNORED_RESULT});
	if (e->kind == LA_KIND_ACCOUNT_ERASED || e->kind == LA_KIND_DEVICE_REVOKED || e->kind == LA_KIND_THIRD_PARTY_UNLINK)
		return (model_forget(m, e, past));
	if (e->actor != LA_ACTOR_SELF)
		return ((struct model_answer){.outcome = LA_OUTCOME_IGNORED_ACTOR});
	if (e->kind == LA_KIND_REAUTH || e->kind == LA_KIND_TOKEN_REFRESH) {
		for (int i = 0; i < m->envs && e->token != 0; i++) {
			if (m->env[i].token == e->token && m->env[i].browser == e->browser &&
			    e->at - m->env[i].seen <= p->device_ttl_ms) {
				ignored.applied = model_touch(p, e, &m->env[i].seen, past);
				break;
			}
		}
		return (ignored);
	}
	if (e->kind == LA_KIND_THIRD_PARTY_LINK) {
		for (int i = 0; i < m->apps; i++) {
			if (m->app[i].app == e->app && e->at - m->app[i].seen <= p->device_ttl_ms)
				return ((struct model_answer){
				    .outcome = LA_OUTCOME_KNOWN, .applied = model_touch(p, e, &m->app[i].seen, past)});
		}
		return (model_candidate(m, p, e, LA_REASON_THIRD_PARTY_LINK, past));
	}
	if (e->kind != LA_KIND_LOGIN || e->channel == LA_CHANNEL_API)
		return (ignored);
	return (model_login(m, p, e, past));
}

static inline struct model_answer
model_decide(struct model *m, const struct la_policy *p, const struct model_event *e)
{
	struct model_answer a;
	bool past = false, has_timestamp = e->has_timestamp;
	int64_t timestamp = e->timestamp;

	for (int i = 0; i < m->memos; i++) {
		if (m->memo[i].id == e->id && m->memo[i].at == e->at)
			return ((struct model_answer){.outcome = m->memo[i].outcome,
			    .has_reason = true,
			    .reason = m->memo[i].reason,
			    .before = m->memo[i].before});
	}
	for (int i = 0; i < m->positions; i++) {
		if (m->position[i].topic == e->topic && m->position[i].partition == e->partition)
			past = e->offset <= m->position[i].offset && (!e->has_timestamp || !m->position[i].has_timestamp ||
			    e->timestamp <= m->position[i].timestamp);
	}
	a = model_rules_3_to_5(m, p, e, past);
	if (!a.applied)
		return (a);
	for (int i = 0; i < m->positions; i++) {
		if (m->position[i].topic != e->topic || m->position[i].partition != e->partition)
			continue;
		if (m->position[i].has_timestamp && (!has_timestamp || m->position[i].timestamp > timestamp)) {
			has_timestamp = true;
			timestamp = m->position[i].timestamp;
		}
		MODEL_DROP(m->position, m->positions, i);
		break;
	}
	if (m->positions == 4)
		MODEL_DROP(m->position, m->positions, 0);
	m->position[m->positions].topic = e->topic;
	m->position[m->positions].partition = e->partition;
	m->position[m->positions].offset = e->offset;
	m->position[m->positions].has_timestamp = has_timestamp;
	m->position[m->positions++].timestamp = timestamp;
	return (a);
}

#endif
