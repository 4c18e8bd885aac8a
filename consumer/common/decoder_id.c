#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/confluent.h"
#include "common/decoder_internal.h"
#include "common/id_cache.h"

#define SPARE 32 /* places for what has to be there beside all that is held */

/* A schema that is known. */
struct known {
	struct la_avro_plan *plan;
	char *why; /* it cannot be used; NULL: it can */
	size_t bytes;
};

struct la_decoder_ids {
	struct la_decoder_source source;
	struct la_id_cache *cache;
	struct known known[LA_DECODER_IDS_MAX + SPARE]; /* by place */
	size_t count, bytes;                            /* of all */
	size_t most;                                    /* kept, but for the spare ones */
	struct la_decoder_hold *hold;                   /* what is read now is held by; NULL: by nobody */
	uint32_t latest;
	struct known *latest_known; /* NULL: none, or not held yet */
};

_Static_assert(sizeof(((struct la_decoder_hold *)NULL)->places) * 8 >= LA_DECODER_IDS_MAX + SPARE, "a bit for each place");

enum la_err
la_decoder_set_source(struct la_decoder *d, struct la_decoder_source source)
{
	struct la_decoder_ids *ids = calloc(1, sizeof(*ids));

	if (ids == NULL || la_id_cache_new(&ids->cache, LA_DECODER_IDS_MAX + SPARE) != LA_OK) {
		free(ids);
		return (LA_ENOMEM);
	}
	ids->source = source;
	ids->most = LA_DECODER_IDS_MAX;
	d->ids = ids;
	return (LA_OK);
}

void
la_decoder_keep_few(struct la_decoder *d, size_t most)
{
	d->ids->most = most;
}

static void
clear_known(struct la_decoder_ids *ids, struct known *known)
{
	la_avro_plan_free(known->plan);
	free(known->why);
	ids->bytes -= known->bytes;
	*known = (struct known){.bytes = 0};
}

void
la_decoder_ids_free(struct la_decoder *d)
{
	struct la_decoder_ids *ids = d->ids;

	if (ids == NULL)
		return;
	for (size_t i = 0; i < LA_DECODER_IDS_MAX + SPARE; i++)
		clear_known(ids, &ids->known[i]);
	la_id_cache_free(ids->cache);
	if (ids->source.free != NULL)
		ids->source.free(ids->source.cookie);
	free(ids);
}

void
la_decoder_hold(struct la_decoder *d, struct la_decoder_hold *hold)
{
	if (d->ids == NULL)
		return;
	if (hold != NULL)
		hold->decoder = d;
	d->ids->hold = hold;
	d->ids->latest_known = NULL;
}

void
la_decoder_release(struct la_decoder_hold *hold)
{
	for (size_t i = 0; hold->count > 0; i++) {
		if ((hold->places[i / 64] >> i % 64 & 1) == 0)
			continue;
		la_id_cache_release(hold->decoder->ids->cache, i);
		hold->count--;
	}
	memset(hold->places, 0, sizeof(hold->places));
}

static void
hold_place(struct la_decoder_ids *ids, size_t place)
{
	uint64_t bit = (uint64_t)1 << place % 64, *bits;

	if (ids->hold == NULL)
		return;
	bits = &ids->hold->places[place / 64];
	if ((*bits & bit) != 0)
		return;
	*bits |= bit;
	ids->hold->count++;
	la_id_cache_hold(ids->cache, place);
}

uint32_t
la_decoder_pin(struct la_decoder *d)
{
	size_t place;

	if (d->ids == NULL || d->ids->latest_known == NULL)
		return (0);
	place = (size_t)(d->ids->latest_known - d->ids->known);
	la_id_cache_hold(d->ids->cache, place);
	return ((uint32_t)place + 1);
}

void
la_decoder_unpin(struct la_decoder *d, uint32_t pin)
{
	if (pin != 0)
		la_id_cache_release(d->ids->cache, pin - 1);
}

static bool
has_room(const struct la_decoder_ids *ids, size_t bytes)
{
	return (ids->count < ids->most && ids->bytes + bytes <= LA_DECODER_IDS_BYTES);
}

/*
 * Room for one more, of so many bytes: those used longest ago go, but for what is held. Where all is held, whoever holds
 * nothing yet gets more than there is: those who hold may be waiting for him.
 */
static bool
make_room(struct la_decoder_ids *ids, size_t bytes)
{
	size_t oldest;

	ids->latest_known = NULL;
	while (!has_room(ids, bytes) && (oldest = la_id_cache_oldest(ids->cache)) != LA_ID_CACHE_NONE) {
		clear_known(ids, &ids->known[oldest]);
		la_id_cache_drop(ids->cache, oldest);
		ids->count--;
	}
	if (has_room(ids, bytes))
		return (true);
	return (ids->count < ids->most + SPARE && (ids->hold == NULL || ids->hold->count == 0));
}

static enum la_err
no_room(struct la_error *error)
{
	return (la_error_set(error, LA_EUNAVAILABLE, "records in hand need all schemas that there is room for"));
}

/* Keeps it, also one that cannot be used: why, for good, since an id never changes its schema. Errors: no_room. */
static enum la_err
keep(struct la_decoder_ids *ids, uint32_t id, struct known *known, size_t *place, struct la_error *error)
{
	known->bytes = sizeof(*known) + (known->why == NULL ? la_avro_plan_bytes(known->plan) : strlen(known->why) + 1);
	if (!make_room(ids, known->bytes)) {
		la_avro_plan_free(known->plan);
		free(known->why);
		return (no_room(error));
	}
	*place = la_id_cache_add(ids->cache, id);
	ids->known[*place] = *known;
	ids->bytes += known->bytes;
	ids->count++;
	return (LA_OK);
}

/* Parses and compiles. Errors: LA_ECONFIG (it cannot be used: error says why), LA_ENOMEM. */
static enum la_err
compile(struct la_decoder *d, uint32_t id, const struct la_registry_answer *answer, struct la_avro_plan **plan, struct la_error *error)
{
	struct la_avro_schema *schema = NULL;
	char name[32];
	enum la_err err;

	(void)snprintf(name, sizeof(name), "schema id %u", (unsigned)id);
	if (answer->text_count > 0)
		err = la_avro_schema_parse_all(&schema, name, answer->texts, answer->text_count, error);
	else
		err = la_avro_schema_parse(&schema, name, la_buf_span(&answer->schema), error);
	if (err == LA_OK)
		err = la_decoder_plan(d, schema, name, plan, error);
	if (err == LA_OK && *plan == NULL)
		err = la_error_set(error, LA_ECONFIG, "%s: it is no %s", name, la_record_fields_name(d->record));
	la_avro_schema_free(schema);
	return (err);
}

/* Asks, and keeps what is said for good. */
static enum la_err
learn(struct la_decoder *d, uint32_t id, size_t *place, struct la_error *error)
{
	struct la_decoder_ids *ids = d->ids;
	const struct la_registry_answer *answer = NULL;
	struct la_error why = LA_ERROR_INIT;
	struct known known = {.plan = NULL};
	enum la_err err;

	if (!make_room(ids, sizeof(known))) /* else it would be asked for twice */
		return (no_room(error));
	err = ids->source.find(ids->source.cookie, id, &answer, &why);
	if (err == LA_OK)
		err = compile(d, id, answer, &known.plan, &why);
	if (err != LA_OK && err != LA_EDATA && err != LA_ECONFIG)
		return (la_error_set(error, err, "%s", why.text));
	if (err != LA_OK && (known.why = strdup(why.text)) == NULL)
		return (la_error_set(error, LA_ENOMEM, "out of memory"));
	return (keep(ids, id, &known, place, error));
}

void
la_decoder_say_unknown_id(const struct la_decoder *d, uint32_t id, struct la_error *error)
{
	const struct la_decoder_ids *ids = d->ids;

	(void)la_error_set(error, LA_ENOSCHEMA, "byte 1: the registry has no schema with id %u", (unsigned)id);
	if (ids != NULL && ids->source.say_unknown != NULL)
		ids->source.say_unknown(ids->source.cookie, id, error);
}

enum la_err
la_decoder_open_id(struct la_decoder *d, struct la_span *value, struct la_avro_plan **plan, struct la_error *error)
{
	struct la_decoder_ids *ids = d->ids;
	struct known *known;
	uint32_t id;
	size_t place;
	enum la_err err = la_confluent_open(value, &id, error);

	if (err != LA_OK)
		return (err);
	if (ids == NULL)
		return (la_error_set(error, LA_EINTERNAL, "no registry to ask for schemas"));
	known = ids->latest == id ? ids->latest_known : NULL;
	if (known == NULL) {
		place = la_id_cache_find(ids->cache, id);
		if (place == LA_ID_CACHE_NONE && (err = learn(d, id, &place, error)) != LA_OK)
			return (err);
		hold_place(ids, place);
		known = &ids->known[place];
		ids->latest = id;
		ids->latest_known = known;
	}
	if (known->why != NULL)
		return (la_error_set(error, LA_EDATA, "%s", known->why));
	*plan = known->plan;
	return (LA_OK);
}
