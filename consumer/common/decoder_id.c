#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/confluent.h"
#include "common/decoder_internal.h"
#include "common/id_cache.h"

#define USUAL_BYTES 1024 /* of what is kept of a schema, beside its text */

/* A schema that is known. */
struct known {
	struct la_writer writer;
	size_t bytes;
	char *why; /* it cannot be used; NULL: it can */
};

struct la_decoder_ids {
	struct la_decoder_source source;
	struct la_id_cache *cache;
	struct known known[LA_DECODER_IDS_MAX]; /* by place */
	size_t bytes;                           /* of all */
	uint32_t latest;
	struct known *latest_known; /* NULL: none */
};

enum la_err
la_decoder_set_source(struct la_decoder *d, struct la_decoder_source source)
{
	struct la_decoder_ids *ids = calloc(1, sizeof(*ids));

	if (ids == NULL || la_id_cache_new(&ids->cache, LA_DECODER_IDS_MAX) != LA_OK) {
		free(ids);
		return (LA_ENOMEM);
	}
	ids->source = source;
	d->ids = ids;
	return (LA_OK);
}

static void
clear_known(struct la_decoder_ids *ids, struct known *known)
{
	la_writer_clear(&known->writer);
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
	for (size_t i = 0; i < LA_DECODER_IDS_MAX; i++)
		clear_known(ids, &ids->known[i]);
	la_id_cache_free(ids->cache);
	if (ids->source.free != NULL)
		ids->source.free(ids->source.cookie);
	free(ids);
}

/* Room for one more, of so many bytes: those used longest ago go. */
static void
make_room(struct la_decoder_ids *ids, size_t bytes)
{
	size_t oldest;

	ids->latest_known = NULL;
	while (ids->bytes + bytes > LA_DECODER_IDS_BYTES && (oldest = la_id_cache_oldest(ids->cache)) != LA_ID_CACHE_NONE) {
		clear_known(ids, &ids->known[oldest]);
		la_id_cache_drop(ids->cache, oldest);
	}
}

/* Keeps it, also one that cannot be used: why, for good, since an id never changes its schema. */
static struct known *
keep(struct la_decoder_ids *ids, uint32_t id, const struct known *known)
{
	size_t place;

	make_room(ids, known->bytes);
	place = la_id_cache_add(ids->cache, id);
	clear_known(ids, &ids->known[place]);
	ids->known[place] = *known;
	ids->bytes += known->bytes;
	return (&ids->known[place]);
}

/* Parses and compiles. Errors: LA_ECONFIG (it cannot be used: error says why), LA_ENOMEM. */
static enum la_err
compile(struct la_decoder *d, uint32_t id, const struct la_registry_answer *answer, struct la_writer *writer, struct la_error *error)
{
	char name[32];
	enum la_err err;

	(void)snprintf(name, sizeof(name), "schema id %u", (unsigned)id);
	err = la_avro_schema_parse(&writer->schema, name, la_buf_span(&answer->schema), error);
	if (err == LA_ECONFIG && answer->has_references)
		return (la_error_set(error, err, "%s: it refers to other schemas of the registry, and is not read therefore", name));
	if (err == LA_OK)
		err = la_writer_plan(d, writer, name, error);
	if (err == LA_OK && writer->plan == NULL)
		err = la_error_set(error, LA_ECONFIG, "%s: it is no %s", name, la_record_fields_name(d->record));
	return (err);
}

/* Asks, and keeps what is said for good. */
static enum la_err
learn(struct la_decoder *d, uint32_t id, struct known **kept, struct la_error *error)
{
	struct la_decoder_ids *ids = d->ids;
	const struct la_registry_answer *answer = NULL;
	struct la_error why = LA_ERROR_INIT;
	struct known known = {.bytes = USUAL_BYTES};
	enum la_err err = ids->source.find(ids->source.cookie, id, &answer, &why);

	if (err == LA_OK) {
		known.bytes += answer->schema.size;
		err = compile(d, id, answer, &known.writer, &why);
	}
	if (err != LA_OK)
		la_writer_clear(&known.writer);
	if (err != LA_OK && err != LA_EDATA && err != LA_ECONFIG)
		return (la_error_set(error, err, "%s", why.text));
	if (err != LA_OK) {
		known = (struct known){.bytes = USUAL_BYTES, .why = strdup(why.text)};
		if (known.why == NULL)
			return (la_error_set(error, LA_ENOMEM, "out of memory"));
	}
	*kept = keep(ids, id, &known);
	return (LA_OK);
}

enum la_err
la_decoder_open_id(struct la_decoder *d, struct la_span *value, struct la_writer **writer, struct la_error *error)
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
		if (place != LA_ID_CACHE_NONE)
			known = &ids->known[place];
		else if ((err = learn(d, id, &known, error)) != LA_OK)
			return (err);
		ids->latest = id;
		ids->latest_known = known;
	}
	if (known->why != NULL)
		return (la_error_set(error, LA_EDATA, "%s", known->why));
	*writer = &known->writer;
	return (LA_OK);
}
