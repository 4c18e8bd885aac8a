#include "common/registry.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/http_url.h"
#include "common/registry_failing.h"
#include "common/registry_parts.h"
#include "common/registry_unknown.h"
#include "common/registry_witness.h"

#define REST_MIN_MS 100 /* after a failure; doubles to the maximum */
#define REST_MAX_MS 1000

struct la_registry {
	struct la_registry_options options;
	struct la_registry_unknown *unknown;
	bool is_asking;
	bool is_proving; /* the question is for the witness: does it answer at all? */
	struct la_registry_witness witness;
	struct la_registry_parts parts; /* of asked */
	size_t part; /* that is asked for */
	struct la_registry_answer whole, failed; /* what was found; asked's own failure */
	struct la_registry_failing *failing; /* ids that fail while others are answered */
	uint32_t asked;
	int64_t asked_ms;
	int64_t full_ms; /* at the long-run rate, all questions so far would have been asked by then */
	int64_t rest_ms, rests_until_ms;
	struct la_error why; /* of the rest */
	char about_asked[80]; /* for the log: since when it fails alone */
};

enum la_err
la_registry_new(struct la_registry **out, const struct la_registry_options *options, struct la_error *error)
{
	struct la_registry *registry = calloc(1, sizeof(*registry));

	if (registry == NULL || la_registry_unknown_new(&registry->unknown) != LA_OK ||
	    la_registry_failing_new(&registry->failing) != LA_OK) {
		la_registry_free(registry);
		return (la_error_set(error, LA_ENOMEM, "out of memory for the registry's answers"));
	}
	registry->options = *options;
	*out = registry;
	return (LA_OK);
}

void
la_registry_free(struct la_registry *registry)
{
	if (registry == NULL)
		return;
	la_registry_unknown_free(registry->unknown);
	la_registry_failing_free(registry->failing);
	la_registry_parts_clear(&registry->parts);
	free(registry);
}

static int64_t
now(const struct la_registry *registry)
{
	return (registry->options.now_ms(registry->options.now_cookie));
}

void
la_registry_say_unknown(struct la_registry *registry, uint32_t id, struct la_error *error)
{
	(void)la_registry_unknown_say(registry->unknown, id, error);
}

static enum la_err
make_unknown(struct la_registry *registry, long status, struct la_error *error)
{
	la_registry_unknown_add(registry->unknown, registry->asked, status, now(registry));
	return (la_registry_unknown_say(registry->unknown, registry->asked, error));
}

/* May another question be asked now? Then it counts. */
static bool
take_turn(struct la_registry *registry)
{
	int64_t now_ms = now(registry);

	if (registry->full_ms < now_ms)
		registry->full_ms = now_ms;
	if (registry->full_ms - now_ms >= LA_REGISTRY_BURST * LA_REGISTRY_EVERY_MS)
		return (false);
	registry->full_ms += LA_REGISTRY_EVERY_MS;
	return (true);
}

/* The next part of what is asked for, or the witness. */
static enum la_err
put_question(struct la_registry *registry, struct la_error *error)
{
	const struct la_registry_port *port = registry->options.port;

	if (registry->is_proving)
		return (port->ask(port->self, la_registry_witness_id(&registry->witness, registry->asked), error));
	registry->part = la_registry_parts_missing(&registry->parts);
	if (registry->part == 0)
		return (port->ask(port->self, registry->asked, error));
	return (port->ask_version(port->self, &registry->parts.part[registry->part].of, error));
}

static enum la_err
ask(struct la_registry *registry, struct la_error *error)
{
	enum la_err err;

	if (now(registry) < registry->rests_until_ms) {
		if (error != NULL)
			*error = registry->why;
		return (LA_EUNAVAILABLE);
	}
	if (!take_turn(registry))
		return (la_error_set(error, LA_ETIMEOUT, "%s: so many unknown schemas that it is not asked so soon",
		    registry->options.port->name));
	if ((err = put_question(registry, error)) != LA_OK)
		return (err);
	registry->is_asking = true;
	registry->asked_ms = now(registry);
	return (LA_OK);
}

/* detail: why asked has no schema yet. */
static enum la_err
say(const struct la_registry *registry, enum la_err err, const char *detail, struct la_error *error)
{
	return (la_error_set(error, err, "%s (schema id %u%s)", detail, (unsigned)registry->asked, registry->about_asked));
}

/* Says what asked failed by, and lets the registry rest. */
static enum la_err
fail(struct la_registry *registry, struct la_error *error)
{
	registry->rest_ms = registry->rest_ms == 0 ? REST_MIN_MS : registry->rest_ms * 2;
	if (registry->rest_ms > REST_MAX_MS)
		registry->rest_ms = REST_MAX_MS;
	registry->rests_until_ms = now(registry) + registry->rest_ms;
	(void)say(registry, LA_EUNAVAILABLE, registry->failed.detail, &registry->why);
	if (error != NULL)
		*error = registry->why;
	return (LA_EUNAVAILABLE);
}

/* Of these nothing can be told from one id to another: it lets nobody in, or is too busy. */
static bool
is_refusal(long status)
{
	return (status >= 400 && status < 500 && status != 401 && status != 403 && status != 407 && status != 408 &&
	    status != 429);
}

/* The witness was answered: what was said of asked is about asked, if it is said for long enough. */
static enum la_err
blame(struct la_registry *registry, struct la_error *error)
{
	long status = registry->failed.status;
	int64_t for_ms = la_registry_failing_add(registry->failing, registry->asked, now(registry));

	if (for_ms >= (is_refusal(status) ? LA_REGISTRY_REFUSED_MS : LA_REGISTRY_PATIENCE_MS))
		return (make_unknown(registry, status == 0 ? LA_REGISTRY_SILENT : status, error));
	(void)snprintf(registry->about_asked, sizeof(registry->about_asked), ", for %lld s; others are answered",
	    (long long)for_ms / 1000);
	return (fail(registry, error));
}

/* The answer for the witness. */
static enum la_err
take_proof(struct la_registry *registry, const struct la_registry_answer *answer, struct la_error *error)
{
	registry->is_proving = false;
	if (answer->verdict != LA_REGISTRY_AWAY)
		return (blame(registry, error));
	la_registry_witness_fails(&registry->witness);
	registry->about_asked[0] = '\0';
	return (fail(registry, error));
}

/* Another question right after a failure. False: it cannot be put now. */
static bool
ask_at_once(struct la_registry *registry, bool is_proving)
{
	if (!take_turn(registry))
		return (false);
	registry->is_proving = is_proving;
	registry->is_asking = put_question(registry, NULL) == LA_OK;
	registry->is_proving = is_proving && registry->is_asking;
	registry->asked_ms = now(registry);
	return (registry->is_asking);
}

static enum la_err
take_failure(struct la_registry *registry, const struct la_registry_answer *answer, struct la_error *error)
{
	registry->failed.status = answer->status;
	memcpy(registry->failed.detail, answer->detail, sizeof(answer->detail));
	if (ask_at_once(registry, la_registry_witness_is_next(&registry->witness)))
		return (say(registry, LA_ETIMEOUT, registry->failed.detail, error));
	return (fail(registry, error));
}

static enum la_err
refuse(const struct la_registry *registry, const char *why, struct la_error *error)
{
	return (la_error_set(error, LA_EDATA, "byte 1: schema id %u: %s", (unsigned)registry->asked, why));
}

/* A part is there. *answer: the whole, once it is. LA_ETIMEOUT: others are still to come. */
static enum la_err
take_part(struct la_registry *registry, const struct la_registry_answer **answer, struct la_error *error)
{
	struct la_registry_parts *parts = &registry->parts;
	const char *wrong;
	enum la_err err = la_registry_parts_add(parts, registry->part, *answer, &wrong);

	if (err == LA_EDATA)
		return (refuse(registry, wrong, error));
	if (err != LA_OK)
		return (la_error_set(error, err, "out of memory for the registry's answer"));
	if (la_registry_parts_missing(parts) != LA_REGISTRY_PARTS_MAX) {
		err = ask(registry, error);
		return (err != LA_OK ? err : la_error_set(error, LA_ETIMEOUT, "%s: no answer yet", registry->options.port->name));
	}
	la_registry_failing_forget(registry->failing, registry->asked);
	if (!la_registry_parts_order(parts))
		return (refuse(registry, "the schemas that it refers to refer to each other", error));
	registry->whole = (struct la_registry_answer){.verdict = LA_REGISTRY_FOUND,
	    .schema = parts->part[0].text, /* the parts' own */
	    .texts = parts->texts,
	    .text_count = parts->count > 1 ? parts->count : 0};
	*answer = &registry->whole;
	la_registry_witness_found(&registry->witness, registry->asked);
	return (LA_OK);
}

static enum la_err
take(struct la_registry *registry, const struct la_registry_answer **answer, struct la_error *error)
{
	const struct la_registry_answer *given = *answer;

	registry->is_asking = false;
	if (registry->is_proving)
		return (take_proof(registry, given, error));
	if (given->verdict == LA_REGISTRY_AWAY)
		return (take_failure(registry, given, error));
	registry->rest_ms = 0;
	if (given->verdict == LA_REGISTRY_FOUND)
		return (take_part(registry, answer, error));
	la_registry_failing_forget(registry->failing, registry->asked);
	if (given->verdict == LA_REGISTRY_UNKNOWN)
		return (make_unknown(registry, 0, error));
	return (refuse(registry, given->detail, error));
}

/* Another id than before: what was there of the last one is forgotten. */
static void
begin(struct la_registry *registry, uint32_t id)
{
	registry->is_asking = registry->is_proving = false;
	registry->asked = id;
	registry->about_asked[0] = '\0';
	la_registry_parts_clear(&registry->parts);
}

static enum la_err
say_waiting(const struct la_registry *registry, struct la_error *error)
{
	bool is_quiet = now(registry) - registry->asked_ms >= LA_REGISTRY_QUIET_MS;
	char detail[LA_HTTP_NAME_BYTES + 20];

	(void)snprintf(detail, sizeof(detail), "%s: no answer yet", registry->options.port->name);
	return (say(registry, is_quiet ? LA_EUNAVAILABLE : LA_ETIMEOUT, detail, error));
}

enum la_err
la_registry_find(struct la_registry *registry, uint32_t id, const struct la_registry_answer **answer, struct la_error *error)
{
	const struct la_registry_port *port = registry->options.port;
	int wait_ms = 0;
	bool done = false;
	enum la_err err = LA_OK;

	if (la_registry_unknown_has(registry->unknown, id, now(registry)))
		return (la_registry_unknown_say(registry->unknown, id, error));
	if (registry->asked != id || la_registry_parts_missing(&registry->parts) == LA_REGISTRY_PARTS_MAX)
		begin(registry, id);
	if (!registry->is_asking) {
		err = ask(registry, error);
		wait_ms = LA_REGISTRY_FIRST_WAIT_MS;
	}
	if (err == LA_OK)
		err = port->work(port->self, wait_ms, answer, &done, error);
	if (err != LA_OK)
		return (err);
	if (done) {
		err = take(registry, answer, error);
		if (err != LA_OK && la_err_action(err) != LA_ACTION_RETRY)
			la_registry_parts_clear(&registry->parts);
		return (err);
	}
	return (say_waiting(registry, error));
}
