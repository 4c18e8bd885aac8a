/* An instance's connection to Redis: the port, with the faults that store.h admits. */
#include <assert.h>
#include <stdlib.h>

#include "simulator/sim_redis.h"

static struct sim_instance *
of(void *self)
{
	return (self);
}

static void
drop_given(struct sim_connection *connection)
{
	for (size_t i = 0; i < connection->given_count; i++)
		free(connection->given[i]);
	free(connection->given);
	connection->given = NULL;
	connection->given_count = 0;
}

static void
drop_answers(struct sim_connection *connection)
{
	for (size_t i = 0; connection->fetching && i < connection->read_count; i++)
		free(connection->asked[i].record);
	free(connection->asked);
	connection->asked = NULL;
	connection->fetching = false;
}

/* Writes that are not executed may be executed later, or not at all; those of one connection in their order. */
static void
drop_sent(struct sim_instance *instance)
{
	struct sim_connection *connection = &instance->connection;
	struct sim *sim = instance->sim;
	bool late = !sim->settling && sim_chance(&sim->random, sim->rates.write_late);

	for (size_t i = 0; connection->writing && i < connection->write_count; i++) {
		if (connection->sent[i].executed || !late)
			sim_write_clear(&connection->sent[i]);
		else
			sim_redis_keep_late(sim, &connection->sent[i]);
	}
	free(connection->sent);
	connection->sent = NULL;
	connection->writing = false;
}

static bool
execute_write(struct sim_instance *instance)
{
	struct sim_connection *connection = &instance->connection;

	for (size_t i = 0; connection->writing && i < connection->write_count; i++) {
		struct sim_write *sent = &connection->sent[i];

		if (sent->executed)
			continue;
		sim_write_point(sent);
		sent->write.result = sim_redis_write(instance->sim, &sent->write);
		sent->executed = true;
		return (true);
	}
	return (false);
}

static bool
execute_read(struct sim_instance *instance)
{
	struct sim_connection *connection = &instance->connection;

	for (size_t i = 0; connection->fetching && i < connection->read_count; i++) {
		struct sim_read *asked = &connection->asked[i];
		struct la_span record;

		if (asked->executed)
			continue;
		record = sim_redis_get(instance->sim, asked->key, asked->key_count, &asked->found);
		asked->executed = true;
		if (asked->found >= 0) {
			asked->record = sim_copy_of(record);
			asked->size = record.size;
		}
		return (true);
	}
	return (false);
}

void
sim_connection_flush(struct sim_instance *instance)
{
	while (execute_write(instance))
		continue;
}

/* The server executes the next of what was sent, in the order of sending. */
static bool
execute(struct sim_instance *instance)
{
	bool writes = instance->sim->mutation != SIM_STATES_AFTER_OUTPUTS;

	if (instance->connection.write_is_first)
		return ((writes && execute_write(instance)) || execute_read(instance));
	return (execute_read(instance) || (writes && execute_write(instance)));
}

void
sim_connection_progress(struct sim_instance *instance)
{
	(void)execute(instance);
}

/* The connection is gone, and with it what was under way. */
static void
lose(struct sim_instance *instance)
{
	drop_answers(&instance->connection);
	drop_sent(instance);
}

static enum la_err
begin(struct sim_instance *instance, struct la_error *error)
{
	struct sim *sim = instance->sim;

	if (sim_chance(&sim->random, 200))
		sim_yield(instance);
	if (instance->dead)
		return (la_error_set(error, LA_EINTERNAL, "this process has crashed"));
	if (sim_strikes(sim, sim->rates.store_error)) {
		lose(instance);
		return (la_error_set(error, LA_EUNAVAILABLE, "redis is away"));
	}
	return (LA_OK);
}

/* Waits for the server until it has done its part of what was begun first. Errors: as an end may have. */
static enum la_err
end(struct sim_instance *instance, bool writing, int timeout_ms, struct la_error *error)
{
	struct sim_connection *connection = &instance->connection;
	struct sim *sim = instance->sim;
	bool strikes = sim_strikes(sim, sim->rates.store_error);
	int left = strikes ? sim_below(&sim->random, 8) : -1;

	if (!(writing ? connection->writing : connection->fetching) && !instance->dead)
		sim_fail(sim, "an end of what is not under way");
	if (connection->fetching && connection->writing && connection->write_is_first != writing &&
	    sim->mutation != SIM_STATES_AFTER_OUTPUTS)
		sim_fail(sim, "what was begun last is ended first");
	sim_yield(instance);
	while (!instance->dead && left-- != 0 && (writing ? execute_write(instance) : execute_read(instance))) {
		if (sim_chance(&sim->random, 300))
			sim_yield(instance);
	}
	if (instance->dead)
		return (la_error_set(error, LA_EINTERNAL, "this process has crashed"));
	if (!strikes)
		return (LA_OK);
	sim->now_ms += timeout_ms;
	sim_trace(sim, instance->slot, "redis does not answer");
	lose(instance);
	return (la_error_set(error, sim_below(&sim->random, 2) == 0 ? LA_ETIMEOUT : LA_EUNAVAILABLE, "no answer"));
}

static enum la_err
fetch_begin(void *self, struct la_store_read *reads, size_t count, struct la_error *error)
{
	struct sim_instance *instance = of(self);
	struct sim_connection *connection = &instance->connection;
	enum la_err err;

	if (connection->fetching && !instance->dead)
		sim_fail(instance->sim, "a second fetch while one is under way");
	drop_given(connection);
	if ((err = begin(instance, error)) != LA_OK)
		return (err);
	connection->reads = reads;
	connection->read_count = count;
	connection->asked = calloc(count + 1, sizeof(*connection->asked));
	assert(connection->asked != NULL);
	for (size_t i = 0; i < count; i++) {
		memcpy(connection->asked[i].key, reads[i].key, sizeof(reads[i].key));
		connection->asked[i].key_count = reads[i].key_count;
	}
	connection->fetching = true;
	connection->write_is_first = connection->writing;
	return (LA_OK);
}

/* What this instance has read of the member before, instead. */
static void
make_stale(struct sim_instance *instance, struct sim_read *asked)
{
	const struct sim_story *story = instance->sim->story;
	struct la_span answer = la_span_of(asked->record, asked->size);
	unsigned char *old = NULL;
	size_t m = 0;

	while (memcmp(story->keys[m][SIM_EPOCHS - 1].digest, asked->key[asked->key_count - 1].digest,
	    LA_MEMBER_DIGEST_BYTES) != 0)
		m++;
	if (instance->connection.old[m].known && instance->connection.old[m].found >= 0 &&
	    sim_below(&instance->sim->random, 3) == 0) {
		old = sim_copy_of(la_span_of(instance->connection.old[m].record, instance->connection.old[m].size));
		free(asked->record);
		asked->record = old;
		asked->size = instance->connection.old[m].size;
		asked->found = instance->connection.old[m].found;
		return;
	}
	instance->connection.old[m].known = true;
	instance->connection.old[m].found = asked->found;
	instance->connection.old[m].size = answer.size;
	if (answer.size > 0)
		memcpy(instance->connection.old[m].record, answer.data, answer.size);
}

static enum la_err
fetch_end(void *self, int timeout_ms, struct la_error *error)
{
	struct sim_instance *instance = of(self);
	struct sim_connection *connection = &instance->connection;
	enum la_err err = end(instance, false, timeout_ms, error);

	if (err == LA_OK) {
		connection->given = calloc(connection->read_count + 1, sizeof(*connection->given));
		assert(connection->given != NULL);
		connection->given_count = connection->read_count;
	}
	for (size_t i = 0; err == LA_OK && i < connection->read_count; i++) {
		struct la_store_read *read = &connection->reads[i];

		if (instance->sim->mutation == SIM_STALE_READS)
			make_stale(instance, &connection->asked[i]);
		connection->given[i] = connection->asked[i].record;
		connection->asked[i].record = NULL;
		read->found = connection->asked[i].found;
		read->record = read->found < 0 ? la_span_of(NULL, 0)
		                               : la_span_of(connection->given[i], connection->asked[i].size);
	}
	drop_answers(connection);
	return (err);
}

static enum la_err
write_begin(void *self, struct la_store_write *writes, size_t count, struct la_error *error)
{
	struct sim_instance *instance = of(self);
	struct sim_connection *connection = &instance->connection;
	enum la_err err;

	if (connection->writing && !instance->dead && instance->sim->mutation != SIM_STATES_AFTER_OUTPUTS)
		sim_fail(instance->sim, "a second write while one is under way");
	if ((err = begin(instance, error)) != LA_OK)
		return (err);
	drop_sent(instance);
	connection->writes = writes;
	connection->write_count = count;
	connection->sent = calloc(count + 1, sizeof(*connection->sent));
	assert(connection->sent != NULL);
	for (size_t i = 0; i < count; i++)
		sim_write_copy(&connection->sent[i], &writes[i]);
	connection->writing = true;
	connection->write_is_first = !connection->fetching;
	return (LA_OK);
}

static enum la_err
write_end(void *self, int timeout_ms, struct la_error *error)
{
	struct sim_instance *instance = of(self);
	struct sim_connection *connection = &instance->connection;
	enum la_err err;

	if (instance->sim->mutation == SIM_STATES_AFTER_OUTPUTS) {
		for (size_t i = 0; i < connection->write_count; i++)
			connection->writes[i].result = LA_WRITE_DONE;
		return (instance->dead ? la_error_set(error, LA_EINTERNAL, "crashed") : LA_OK);
	}
	err = end(instance, true, timeout_ms, error);
	for (size_t i = 0; i < connection->write_count; i++) {
		/* after an error nothing is known, and what stands there means nothing */
		connection->writes[i].result = err == LA_OK ? connection->sent[i].write.result
		                                            : (enum la_write_result)sim_below(&instance->sim->random, 2);
		if (err == LA_OK)
			sim_trace(instance->sim, instance->slot, "writes a state: %s",
			    connection->writes[i].result == LA_WRITE_DONE ? "done" : "conflict");
	}
	drop_sent(instance);
	return (err);
}

void
sim_connection_open(struct sim_instance *instance)
{
	instance->connection =
	    (struct sim_connection){.port = {instance, fetch_begin, fetch_end, write_begin, write_end}};
}

void
sim_connection_crash(struct sim_instance *instance)
{
	while (instance->connection.writing && sim_below(&instance->sim->random, 2) == 0 && execute_write(instance))
		continue;
	drop_sent(instance);
}

void
sim_connection_close(struct sim_instance *instance)
{
	sim_connection_crash(instance);
	drop_answers(&instance->connection);
	drop_given(&instance->connection);
}
