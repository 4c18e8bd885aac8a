#include "detector/replay_why.h"

#include <inttypes.h>

#include "detector/agent.h"
#include "detector/policy_internal.h"
#include "detector/replay_time.h"

static const char *
why_ignored(const struct la_replay_seen *seen)
{
	const struct la_login_event *event = seen->event;

	if (seen->verdict[0].outcome == LA_OUTCOME_IGNORED_RESULT)
		return ("rule 3: the result is not SUCCESS");
	if (seen->verdict[0].outcome == LA_OUTCOME_IGNORED_ACTOR)
		return ("rule 3: somebody else than the member did it (actor)");
	if (event->kind == LA_KIND_REAUTH || event->kind == LA_KIND_TOKEN_REFRESH)
		return ("rule 3: no login; it only shows that the token's device is in use");
	if (event->kind == LA_KIND_LOGIN)
		return ("rule 3: a login over channel API");
	return ("rule 3: no login and no link");
}

static const char *
why_forgotten(const struct la_login_event *event)
{
	if (event->kind == LA_KIND_ACCOUNT_ERASED)
		return ("rule 3: the account was erased: all that was known of the member is forgotten");
	if (event->kind == LA_KIND_DEVICE_REVOKED)
		return ("rule 3: a device was revoked: the token's environments are forgotten");
	return ("rule 3: the app was unlinked: it is forgotten");
}

static const char *
why_known(const struct la_replay_seen *seen)
{
	if (seen->event->kind == LA_KIND_THIRD_PARTY_LINK)
		return ("rule 4: the app is live");
	if (!seen->facts->has_token)
		return ("rule 5: no token, and platform and browser are live together (policy.no-token=environment)");
	return ("rule 5: the token is live with this browser");
}

static const char *
why_new(enum la_reason reason)
{
	switch (reason) {
	case LA_REASON_FIRST_LOGIN:
		return ("rule 5: nothing is live, neither device nor app");
	case LA_REASON_NEW_DEVICE:
		return ("rule 5: neither token nor platform is live");
	case LA_REASON_NEW_BROWSER:
		return ("rule 5: token or platform is live, but only with other browsers");
	case LA_REASON_COOKIES_CLEARED:
		return ("rule 5: platform and browser are live together, but not with this token");
	case LA_REASON_THIRD_PARTY_LINK:
		return ("rule 4: the app is not live");
	}
	return ("");
}

const char *
la_replay_why(const struct la_replay_seen *seen)
{
	const struct la_verdict *verdict = &seen->verdict[0];

	if (verdict->outcome == LA_OUTCOME_REJECTED)
		return ("rule 1: it cannot be decoded, or a value is impossible; it is a dead letter");
	if (verdict->redelivered && verdict->candidate)
		return ("rule 2: the event was sent twice; the same as the first time, and no second mail");
	if (verdict->redelivered)
		return ("rule 2: its position and its time are not after what has been applied: nothing new");
	if (verdict->has_reason)
		return (why_new(verdict->reason));
	if (verdict->outcome == LA_OUTCOME_KNOWN)
		return (why_known(seen));
	return (verdict->outcome == LA_OUTCOME_FORGOTTEN ? why_forgotten(seen->event) : why_ignored(seen));
}

/* Rule 6, after the reason. */
static const char *
why_not_alerted(enum la_outcome outcome)
{
	if (outcome == LA_OUTCOME_SEEDED)
		return ("; rule 6: remembered, and nobody is told (policy.seed-until, policy.first-login)");
	if (outcome == LA_OUTCOME_SUPPRESSED_COOLDOWN)
		return ("; rule 6: the same was alerted less than policy.cooldown before");
	if (outcome == LA_OUTCOME_SUPPRESSED_CAP)
		return ("; rule 6: policy.cap is reached");
	return ("");
}

/* Text of an event, on a line of a terminal. */
static enum la_err
add_clean(struct la_buf *out, struct la_span text)
{
	for (size_t i = 0; i < text.size; i++) {
		char c = (char)text.data[i];
		bool is_plain = (unsigned char)c >= 0x20 && (unsigned char)c < 0x7f;
		enum la_err err = la_buf_add(out, is_plain ? &c : "?", 1);

		if (err != LA_OK)
			return (err);
	}
	return (LA_OK);
}

static enum la_err
add_time(struct la_buf *out, const char *before, int64_t ms, int64_t offset_ms)
{
	char text[LA_REPLAY_TIME_BYTES];

	la_replay_time_print(ms, offset_ms, text);
	return (la_buf_printf(out, "%s%s", before, text));
}

static const char *
kind_name(enum la_event_kind kind)
{
	static const char *const names[] = {
#define LA_NAME(s) #s,
	    LA_EVENT_KIND_LIST(LA_NAME)
#undef LA_NAME
	};

	return (names[kind]);
}

static enum la_err
add_head(const struct la_timeline_options *options, const struct la_replay_seen *seen, struct la_buf *out)
{
	const struct la_login_event *event = seen->event;
	struct la_labels labels;
	enum la_err err;

	la_agent_labels(event, &labels);
	if ((err = add_time(out, "", event->occurred_at_ms, options->offset_ms)) != LA_OK ||
	    (err = la_buf_printf(out, "  %s, event ", kind_name(event->kind))) != LA_OK ||
	    (err = add_clean(out, event->event_id)) != LA_OK ||
	    (err = la_buf_add_text(out, la_span_is(event->tenant, "default") ? "" : ", tenant ")) != LA_OK ||
	    (!la_span_is(event->tenant, "default") && (err = add_clean(out, event->tenant)) != LA_OK) ||
	    (err = la_buf_printf(out, "\n    device %s (%s, %s), browser %s, token %s\n", la_agent_device_label(&labels),
		 labels.os, la_device_class_name(labels.device_class), labels.browser,
		 event->device_token.size == 0           ? "none"
		 : event->device_token_origin == LA_ORIGIN_INVALID ? "invalid"
							 : "given")) != LA_OK ||
	    (err = la_buf_printf(out, "    partition %d, offset %" PRId64, (int)seen->source.partition,
		 seen->source.offset)) != LA_OK)
		return (err);
	if (seen->source.has_timestamp &&
	    (err = add_time(out, ", came ", seen->source.timestamp_ms, options->offset_ms)) != LA_OK)
		return (err);
	return (la_buf_add_text(out, "\n"));
}

static enum la_err
add_verdict(const struct la_replay_seen *seen, struct la_buf *out)
{
	const struct la_verdict *verdict = &seen->verdict[0];

	return (la_buf_printf(out, "    %s%s%s: %s%s\n", la_outcome_name(verdict->outcome),
	    verdict->has_reason ? " " : "", verdict->has_reason ? la_reason_name(verdict->reason) : "",
	    la_replay_why(seen), verdict->redelivered ? "" : why_not_alerted(verdict->outcome)));
}

/* What was live before, and what of it this event has. */
static enum la_err
add_live(const struct la_timeline_options *options, const struct la_replay_seen *seen, struct la_buf *out)
{
	const struct la_member_state *state = seen->before;
	enum la_err err = LA_OK;
	size_t live = 0;

	for (size_t i = 0; i < state->environment_count && err == LA_OK; i++) {
		const struct la_environment *e = &state->environment[i];
		struct la_likeness same = la_policy_compare(options->policy, seen->facts, e);

		if (!same.live)
			continue;
		live++;
		if ((err = add_time(out, "    live: device last seen ", e->last_seen_ms, options->offset_ms)) == LA_OK)
			err = la_buf_printf(out, ": %s, %s platform, %s browser\n",
			    e->token == 0 ? "without token" : same.token ? "same token" : "other token",
			    same.platform ? "same" : "other", same.browser ? "same" : "other");
	}
	for (size_t i = 0; i < state->app_count && err == LA_OK; i++) {
		const struct la_app *app = &state->app[i];
		const struct la_digests *digests = la_facts_under(seen->facts, app->epoch);

		if (la_policy_elapsed(seen->facts->occurred_at_ms, app->last_seen_ms) > options->policy->device_ttl_ms)
			continue;
		live++;
		if ((err = add_time(out, "    live: app last seen ", app->last_seen_ms, options->offset_ms)) == LA_OK)
			err = la_buf_printf(out, ": %s\n",
			    digests != NULL && digests->app == app->app ? "the same" : "another");
	}
	return (err != LA_OK || live > 0 ? err : la_buf_add_text(out, "    live: nothing\n"));
}

/* What policy.cap has counted so far, for a candidate. */
static enum la_err
add_cap(const struct la_timeline_options *options, const struct la_replay_seen *seen, struct la_buf *out)
{
	const struct la_verdict *verdict = &seen->verdict[0];
	const struct la_cap_window *window = verdict->reason == LA_REASON_THIRD_PARTY_LINK ? &seen->before->link_window
	                                                                                   : &seen->before->login_window;
	enum la_err err;

	if (!verdict->has_reason || verdict->redelivered || options->policy->cap_count == 0 || window->count == 0)
		return (LA_OK);
	err = add_time(out, "    cap: the last window began ", window->start_ms, options->offset_ms);
	return (err == LA_OK ? la_buf_printf(out, " and had %u of %u alerts\n", (unsigned)window->count,
				   (unsigned)options->policy->cap_count)
			     : err);
}

static enum la_err
add_job(const struct la_timeline_options *options, const struct la_replay_seen *seen, struct la_buf *out)
{
	const struct la_recorded_delivery *delivery;
	enum la_err err = la_buf_printf(out, "    job %s\n", seen->decision->job_id);

	if (options->deliveries == NULL || err != LA_OK)
		return (err);
	delivery = la_recorded_find_delivery(options->deliveries, seen->decision->job_id);
	if (delivery == NULL)
		return (la_buf_add_text(out, "    mail: no delivery is recorded\n"));
	for (; delivery != NULL && err == LA_OK; delivery = la_recorded_next_delivery(options->deliveries, delivery)) {
		err = la_buf_printf(out, "    mail: %s", la_delivered_name(delivery->outcome));
		if (err == LA_OK && delivery->smtp_code != 0)
			err = la_buf_printf(out, " %d", (int)delivery->smtp_code);
		if (err == LA_OK)
			err = add_time(out, ", ", delivery->at_ms, options->offset_ms);
		if (err == LA_OK)
			err = la_buf_printf(out, ", attempts %d\n", (int)delivery->attempts);
	}
	return (err);
}

enum la_err
la_timeline_add(const struct la_timeline_options *options, const struct la_replay_seen *seen, struct la_buf *out)
{
	enum la_err err = add_head(options, seen, out);

	if (err == LA_OK)
		err = add_verdict(seen, out);
	if (err == LA_OK && seen->before != NULL && seen->facts != NULL)
		err = add_live(options, seen, out);
	if (err == LA_OK && seen->before != NULL && seen->facts != NULL)
		err = add_cap(options, seen, out);
	if (err == LA_OK && seen->decision != NULL && seen->decision->has_job_id)
		err = add_job(options, seen, out);
	return (err == LA_OK ? la_buf_add_text(out, "\n") : err);
}
