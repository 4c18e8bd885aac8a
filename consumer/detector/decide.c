#include "detector/decide.h"

#include <stdlib.h>

#include "detector/decide_internal.h"
#include "detector/ip.h"

static void
init_epochs(struct la_decider *d, const struct la_keys *keys)
{
	d->epoch_count = keys->count;
	d->active = keys->active;
	for (size_t e = 0; e < keys->count; e++) {
		la_digester_init(&d->digester[e], &keys->key[e]);
		d->no_app[e] = la_digest(&d->digester[e], LA_DIGEST_APP, la_span_text(""));
	}
}

enum la_err
la_decider_new(struct la_decider **decider, const struct la_decider_options *options, struct la_error *error)
{
	struct la_decider *d = calloc(1, sizeof(*d));
	enum la_err err = LA_ENOMEM;

	if (d == NULL)
		goto out;
	d->policy = *options->policy;
	d->mode = options->mode;
	d->mask_keep_last = options->mask_keep_last > 0 ? (size_t)options->mask_keep_last : 0;
	la_policy_rev(&d->policy, d->policy_rev);
	la_agent_rev(d->agent_rev);
	init_epochs(d, options->keys);
	la_text_set(&d->cluster_id, la_span_text(options->cluster_id));
	la_text_set(&d->generation, la_span_text(options->topic_generation));
	if (la_label_cache_new(&d->labels, d->digester, d->epoch_count) != LA_OK)
		goto out;
	d->sealer = options->sealer;
	*decider = d;
	d = NULL;
	err = LA_OK;
out:
	la_decider_free(d);
	return (err == LA_OK ? LA_OK : la_error_set(error, err, "out of memory for the decider"));
}

void
la_decider_free(struct la_decider *decider)
{
	if (decider == NULL)
		return;
	for (size_t e = 0; e < LA_EPOCHS_MAX; e++)
		la_digester_clear(&decider->digester[e]);
	la_label_cache_free(decider->labels);
	la_sealer_free(decider->sealer);
	free(decider);
}

void
la_decider_set_cluster_id(struct la_decider *decider, const char *cluster_id)
{
	la_text_set(&decider->cluster_id, la_span_text(cluster_id));
	decider->last_topic.present = false;
}

size_t
la_decider_epochs(const struct la_decider *decider)
{
	return (decider->epoch_count);
}

const struct la_policy *
la_decider_policy(const struct la_decider *decider)
{
	return (&decider->policy);
}

/* Digests of the source's log under each epoch; one topic after another is rare, so the last one's are kept. */
static const uint64_t *
find_log(struct la_decider *d, struct la_span topic)
{
	unsigned char bytes[LA_DIGEST_LOG_BYTES];

	if (d->last_topic.present && la_span_equal(la_text_span(&d->last_topic), topic))
		return (d->last_log);
	la_digest_log_bytes(la_text_span(&d->cluster_id), topic, la_text_span(&d->generation), bytes);
	for (size_t e = 0; e < d->epoch_count; e++)
		d->last_log[e] = la_digest(&d->digester[e], LA_DIGEST_LOG, la_span_of(bytes, sizeof(bytes)));
	la_text_set(&d->last_topic, topic);
	/* a name that was changed or cut on its way into the text is another name */
	d->last_topic.present = la_span_equal(la_text_span(&d->last_topic), topic);
	return (d->last_log);
}

/* Token as in RULES.md: present, not empty, its origin not INVALID. */
static bool
has_token(const struct la_login_event *event)
{
	return (event->device_token.size > 0 && event->device_token_origin != LA_ORIGIN_INVALID);
}

static void
copy_fields(const struct la_login_event *event, const struct la_source *source, struct la_facts *facts)
{
	facts->occurred_at_ms = event->occurred_at_ms;
	facts->has_account_created_at = event->has_account_created_at;
	facts->account_created_at_ms = event->account_created_at_ms;
	facts->kind = event->kind;
	facts->result = event->result;
	facts->channel = event->channel;
	facts->actor = event->actor;
	facts->has_token = has_token(event);
	facts->partition = source->partition;
	facts->offset = source->offset;
	facts->has_timestamp = source->has_timestamp;
	facts->timestamp_ms = source->timestamp_ms;
}

static void
fill_digests(struct la_decider *d, const struct la_login_event *event, const struct la_source *source,
    struct la_facts *facts)
{
	LA_UNFILLED unsigned char event_bytes[LA_DIGEST_EVENT_BYTES];
	unsigned char prefix[LA_IP_PREFIX_BYTES];
	struct la_span event_span = la_span_of(event_bytes, la_digest_event_bytes(event, event_bytes));
	struct la_span ip = la_span_of(prefix, d->policy.cooldown_ms > 0 ? la_ip_prefix(event->ip, prefix) : 0);
	const struct la_labelled *labelled = la_label_cache_find(d->labels, event);
	const uint64_t *log = find_log(d, source->topic);

	for (size_t e = 0; e < d->epoch_count; e++) {
		const struct la_digester *digester = &d->digester[e];
		struct la_digests *out = &facts->by_epoch[e];

		out->epoch = digester->epoch;
		out->event = la_digest(digester, LA_DIGEST_EVENT, event_span);
		out->token = facts->has_token ? la_digest(digester, LA_DIGEST_TOKEN, event->device_token) : 0;
		out->platform = labelled->platform[e];
		out->browser = labelled->browser[e];
		out->app = event->client_app_id.size == 0 ? d->no_app[e]
		                                          : la_digest(digester, LA_DIGEST_APP, event->client_app_id);
		out->ip_prefix = ip.size == 0 ? 0 : la_digest(digester, LA_DIGEST_IP_PREFIX, ip);
		out->log = log[e];
		la_digest_member(digester, event->tenant, event->member_id, out->member);
	}
	facts->epoch_count = (uint8_t)d->epoch_count;
	facts->active = (uint8_t)d->active;
}

enum la_err
la_decider_facts(struct la_decider *decider, const struct la_login_event *event, const struct la_source *source,
    struct la_facts *facts, struct la_error *error)
{
	enum la_err err = la_facts_check(event, source, error);

	if (err != LA_OK)
		return (err);
	copy_fields(event, source, facts);
	fill_digests(decider, event, source, facts);
	return (LA_OK);
}
