/* Schemas by id: each record has one of some ids, all of the same schema, for which each process has to ask. */
#include <assert.h>
#include <string.h>

#include "common/confluent.h"
#include "common/decoder_core.h"

#include "simulator/sim.h"

#define IDS 12
#define KEPT 3 /* schemas: a batch ends where it would need more */

size_t
sim_registry_frame(const struct sim *sim, const struct sim_record *record, unsigned char *out)
{
	size_t header = sim->rates.registry ? LA_CONFLUENT_HEADER_BYTES : 0;

	if (sim->rates.registry)
		la_confluent_header(1 + (uint32_t)(record->offset * SIM_PARTITIONS + record->partition) % IDS, out);
	memcpy(out + header, record->value, record->size);
	return (header + record->size);
}

/* While all is settled each id is answered at once. */
static enum la_err
find(void *cookie, uint32_t id, const struct la_registry_answer **answer, struct la_error *error)
{
	struct sim_instance *instance = cookie;
	struct sim *sim = instance->sim;

	if (sim_strikes(sim, sim->rates.schema_slow))
		return (la_error_set(error, LA_ETIMEOUT, "schema id %u: no answer yet", (unsigned)id));
	if (sim_strikes(sim, sim->rates.schema_away))
		return (la_error_set(error, LA_EUNAVAILABLE, "schema id %u: the registry is away", (unsigned)id));
	instance->schema = (struct la_registry_answer){
	    .verdict = LA_REGISTRY_FOUND, .schema = sim->story->codec->event_schema};
	*answer = &instance->schema;
	return (LA_OK);
}

void
sim_registry_open(struct sim_instance *instance)
{
	struct la_span schema = la_buf_span(&instance->sim->story->codec->event_schema);
	enum la_err err;

	if (!instance->sim->rates.registry)
		return;
	err = la_decoder_make(
	    &instance->decoder, LA_RECORD_LOGIN_EVENT, LA_FRAMING_CONFLUENT, "LoginEvent", schema, NULL);
	if (err == LA_OK)
		err = la_decoder_set_source(instance->decoder, (struct la_decoder_source){.find = find, .cookie = instance});
	assert(err == LA_OK);
	(void)err;
	la_decoder_keep_few(instance->decoder, KEPT);
}

void
sim_registry_close(struct sim_instance *instance)
{
	la_decoder_free(instance->decoder);
	instance->decoder = NULL;
}
