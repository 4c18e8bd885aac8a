#include "common/registry.h"

#include <stdlib.h>

#include "common/id_cache.h"

#define REST_MIN_MS 100 /* after a failure; doubles to the maximum */
#define REST_MAX_MS 1000

struct la_registry {
	struct la_registry_options options;
	struct la_id_cache *unknown;
	int64_t unknown_until_ms[LA_REGISTRY_UNKNOWN_MAX]; /* by place */
	bool is_asking;
	uint32_t asked;
	int64_t asked_ms;
	int64_t full_ms; /* at the long-run rate, all questions so far would have been asked by then */
	int64_t rest_ms, rests_until_ms;
	struct la_error why; /* of the rest */
};

enum la_err
la_registry_new(struct la_registry **out, const struct la_registry_options *options, struct la_error *error)
{
	struct la_registry *registry = calloc(1, sizeof(*registry));

	if (registry == NULL || la_id_cache_new(&registry->unknown, LA_REGISTRY_UNKNOWN_MAX) != LA_OK) {
		free(registry);
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
	la_id_cache_free(registry->unknown);
	free(registry);
}

static int64_t
now(const struct la_registry *registry)
{
	return (registry->options.now_ms(registry->options.now_cookie));
}

static bool
is_unknown(struct la_registry *registry, uint32_t id)
{
	size_t place = la_id_cache_find(registry->unknown, id);

	if (place == LA_ID_CACHE_NONE)
		return (false);
	if (now(registry) < registry->unknown_until_ms[place])
		return (true);
	la_id_cache_drop(registry->unknown, place);
	return (false);
}

static enum la_err
say_unknown(uint32_t id, struct la_error *error)
{
	return (la_error_set(
	    error, LA_ENOSCHEMA, "byte 1: the registry has no schema with id %u", (unsigned)id));
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

static enum la_err
ask(struct la_registry *registry, uint32_t id, struct la_error *error)
{
	const struct la_registry_port *port = registry->options.port;
	enum la_err err;

	if (now(registry) < registry->rests_until_ms) {
		if (error != NULL)
			*error = registry->why;
		return (LA_EUNAVAILABLE);
	}
	if (!take_turn(registry))
		return (la_error_set(error, LA_ETIMEOUT, "%s: so many unknown schemas that it is not asked so soon", port->name));
	if ((err = port->ask(port->self, id, error)) != LA_OK)
		return (err);
	registry->is_asking = true;
	registry->asked = id;
	registry->asked_ms = now(registry);
	return (LA_OK);
}

static enum la_err
take(struct la_registry *registry, uint32_t id, const struct la_registry_answer *answer, struct la_error *error)
{
	size_t place;

	registry->is_asking = false;
	if (answer->verdict != LA_REGISTRY_AWAY)
		registry->rest_ms = 0;
	switch (answer->verdict) {
	case LA_REGISTRY_FOUND:
		return (LA_OK);
	case LA_REGISTRY_UNKNOWN:
		place = la_id_cache_add(registry->unknown, id);
		registry->unknown_until_ms[place] = now(registry) + LA_REGISTRY_UNKNOWN_MS;
		return (say_unknown(id, error));
	case LA_REGISTRY_UNUSABLE:
	case LA_REGISTRY_REFUSED:
		return (la_error_set(error, LA_EDATA, "byte 1: schema id %u: %s", (unsigned)id, answer->detail));
	case LA_REGISTRY_AWAY:
		break;
	}
	registry->rest_ms = registry->rest_ms == 0 ? REST_MIN_MS : registry->rest_ms * 2;
	if (registry->rest_ms > REST_MAX_MS)
		registry->rest_ms = REST_MAX_MS;
	registry->rests_until_ms = now(registry) + registry->rest_ms;
	(void)la_error_set(&registry->why, LA_EUNAVAILABLE, "%s", answer->detail);
	return (la_error_set(error, LA_EUNAVAILABLE, "%s", answer->detail));
}

enum la_err
la_registry_find(struct la_registry *registry, uint32_t id, const struct la_registry_answer **answer, struct la_error *error)
{
	const struct la_registry_port *port = registry->options.port;
	int wait_ms = 0;
	bool done = false;
	enum la_err err = LA_OK;

	if (is_unknown(registry, id))
		return (say_unknown(id, error));
	if (!registry->is_asking || registry->asked != id) {
		registry->is_asking = false; /* another record's question, which was given up */
		err = ask(registry, id, error);
		wait_ms = LA_REGISTRY_FIRST_WAIT_MS;
	}
	if (err == LA_OK)
		err = port->work(port->self, wait_ms, answer, &done, error);
	if (err != LA_OK)
		return (err);
	if (done)
		return (take(registry, id, *answer, error));
	if (now(registry) - registry->asked_ms < LA_REGISTRY_QUIET_MS)
		return (la_error_set(error, LA_ETIMEOUT, "%s: no answer yet", port->name));
	return (la_error_set(error, LA_EUNAVAILABLE, "%s: no answer yet", port->name));
}
