/*
 * A write on a cluster, where a member's keys lie on several nodes: one compare and set, and before or after it steps
 * of one key each (README.md, "On a Redis Cluster").
 */
#include "common/redis_text.h"
#include "detector/redis_key.h"
#include "detector/store_redis_internal.h"

enum step {
	STEP_SET,    /* the compare and set */
	STEP_DELETE, /* of an erasure: another key goes, whatever it has */
	STEP_LEAVE,  /* of a move: the old key goes, if it is as it was read; else the write is taken back */
	STEP_ABSENT, /* of a new record: another key must have none; else the write is taken back */
	STEP_NEWER,  /* a key of a newer epoch must have none: else the write is hidden behind it, and made again there */
	STEP_UNDO,
	STEPS
};

/* An erasure stays where the record is: a crash between two steps would leave the old one behind. */
static const struct la_member_key *
target_of(const struct la_store_write *write)
{
	return (write->erases && write->move_from != NULL ? write->move_from : &write->key);
}

static bool
same_key(const struct la_member_key *a, const struct la_member_key *b)
{
	return (a->epoch == b->epoch && memcmp(a->digest, b->digest, sizeof(a->digest)) == 0);
}

static enum la_err
print_step(struct la_store_redis *store, struct la_buf *out, const struct la_store_write *write, enum step step,
    const struct la_member_key *key)
{
	struct la_store_write one;

	switch (step) {
	case STEP_SET:
		one = (struct la_store_write){.key = *key, .before = write->before, .after = write->after, .ttl_s = write->ttl_s};
		if (write->move_from != NULL && key != write->move_from)
			one.before = la_span_of(NULL, 0);
		return (la_script_call(out, store->sha, store->prefix, &one));
	case STEP_LEAVE:
		return (la_script_remove(out, store->prefix, key, write->before));
	case STEP_UNDO:
		return (la_script_remove(out, store->prefix, key, write->after));
	default:
		break;
	}
	if (la_redis_text_begin(out, 2) != LA_OK ||
	    la_redis_text_arg(out, la_span_text(step == STEP_DELETE ? "DEL" : "EXISTS")) != LA_OK)
		return (LA_ENOMEM);
	return (la_redis_key_arg(out, store->prefix, key));
}

static enum la_err
add_step(struct la_store_redis *store, struct la_buf *out, size_t i, enum step step, const struct la_member_key *key,
    struct la_error *error)
{
	if (print_step(store, out, &store->writes[i], step, key) != LA_OK)
		return (la_error_set(error, LA_ENOMEM, "out of memory for %zu writes", store->write_count));
	return (la_cluster_add(store->cluster, LA_FLIGHT_WRITE, la_redis_key_slot(store->prefix, key), i * STEPS + step, error));
}

/* Steps for the keys of a member from first to end, which are not its target. */
static enum la_err
add_steps(struct la_store_redis *store, struct la_buf *out, size_t i, enum step step, bool newer, struct la_error *error)
{
	const struct la_store_write *write = &store->writes[i];
	const struct la_member_key *target = target_of(write);
	enum la_err err = LA_OK;

	for (size_t k = 0; k < write->key_count && err == LA_OK; k++) {
		if (!same_key(&write->keys[k], target) && (write->keys[k].epoch > target->epoch) == newer)
			err = add_step(store, out, i, step, &write->keys[k], error);
	}
	return (err);
}

static bool
take_step(void *cookie, size_t tag, const redisReply *reply)
{
	struct la_store_redis *store = cookie;
	struct la_store_write *write = &store->writes[tag / STEPS];
	enum step step = (enum step)(tag % STEPS);
	bool good = step == STEP_SET || step == STEP_LEAVE ? reply->integer == 1 : reply->integer == 0;

	if (reply->type != REDIS_REPLY_INTEGER)
		return (false);
	if (step == STEP_SET)
		write->result = good ? LA_WRITE_DONE : LA_WRITE_CONFLICT;
	if (good || step == STEP_SET || step == STEP_DELETE || step == STEP_UNDO)
		return (true);
	write->result = LA_WRITE_CONFLICT;
	if (step != STEP_NEWER)
		store->undone.data[tag / STEPS] = 1;
	return (true);
}

static enum la_err
learn_sha(struct la_store_redis *store, struct la_error *error)
{
	redisReply *reply = NULL;
	enum la_err err = la_cluster_ask_any(store->cluster, la_buf_span(&store->script_load), &reply, error);

	if (err == LA_OK && reply->type == REDIS_REPLY_ERROR)
		err = la_redis_text_error(error, "redis cluster", reply->str);
	else if (err == LA_OK && (reply->type != REDIS_REPLY_STRING || reply->len != sizeof(store->sha) - 1))
		err = la_error_set(error, LA_EUNAVAILABLE, "redis cluster: unexpected answer to SCRIPT LOAD");
	if (err == LA_OK)
		memcpy(store->sha, reply->str, sizeof(store->sha));
	freeReplyObject(reply);
	return (err);
}

static enum la_err
begin(struct la_store_redis *store, struct la_error *error)
{
	struct la_buf *out;
	enum la_err err = LA_OK;

	if (store->sha[0] == '\0' && (err = learn_sha(store, error)) != LA_OK)
		return (err);
	la_buf_reset(&store->undone);
	if (la_buf_reserve(&store->undone, store->write_count) != LA_OK)
		return (la_error_set(error, LA_ENOMEM, "out of memory for %zu writes", store->write_count));
	memset(store->undone.data, 0, store->write_count);
	out = la_cluster_begin(store->cluster, LA_FLIGHT_WRITE);
	for (size_t i = 0; i < store->write_count && err == LA_OK; i++) {
		if (store->writes[i].erases)
			err = add_steps(store, out, i, STEP_DELETE, false, error);
		if (err == LA_OK)
			err = add_step(store, out, i, STEP_SET, target_of(&store->writes[i]), error);
	}
	return (err != LA_OK ? err : la_cluster_send(store->cluster, LA_FLIGHT_WRITE, take_step, store, error));
}

enum la_err
la_store_cluster_write_begin(struct la_store_redis *store, struct la_error *error)
{
	enum la_err err = begin(store, error);

	return (err == LA_OK ? LA_OK : la_cluster_drop(store->cluster, err));
}

/* What is to follow a write that is done. */
static enum la_err
add_rest(struct la_store_redis *store, struct la_buf *out, size_t i, struct la_error *error)
{
	const struct la_store_write *write = &store->writes[i];
	enum la_err err;

	if (write->erases)
		return (add_steps(store, out, i, STEP_DELETE, true, error));
	if (la_span_present(write->before)) {
		err = add_steps(store, out, i, STEP_NEWER, true, error);
		if (err == LA_OK && write->move_from != NULL)
			err = add_step(store, out, i, STEP_LEAVE, write->move_from, error);
		return (err);
	}
	if ((err = add_steps(store, out, i, STEP_ABSENT, true, error)) != LA_OK)
		return (err);
	return (add_steps(store, out, i, STEP_ABSENT, false, error));
}

static enum la_err
send_and_wait(struct la_store_redis *store, const struct la_buf *out, int64_t deadline_ms, struct la_error *error)
{
	enum la_err err;

	if (out->size == 0)
		return (LA_OK);
	if ((err = la_cluster_send(store->cluster, LA_FLIGHT_WRITE, take_step, store, error)) != LA_OK)
		return (err);
	return (la_cluster_wait(store->cluster, LA_FLIGHT_WRITE, deadline_ms, error));
}

static enum la_err
follow_up(struct la_store_redis *store, int64_t deadline_ms, struct la_error *error)
{
	struct la_buf *out = la_cluster_begin(store->cluster, LA_FLIGHT_WRITE);
	enum la_err err = LA_OK;

	for (size_t i = 0; i < store->write_count && err == LA_OK; i++) {
		if (store->writes[i].result == LA_WRITE_DONE)
			err = add_rest(store, out, i, error);
	}
	if (err != LA_OK || (err = send_and_wait(store, out, deadline_ms, error)) != LA_OK)
		return (err);
	out = la_cluster_begin(store->cluster, LA_FLIGHT_WRITE);
	for (size_t i = 0; i < store->write_count && err == LA_OK; i++) {
		if (store->undone.data[i] != 0)
			err = add_step(store, out, i, STEP_UNDO, target_of(&store->writes[i]), error);
	}
	return (err != LA_OK ? err : send_and_wait(store, out, deadline_ms, error));
}

enum la_err
la_store_cluster_write_end(struct la_store_redis *store, int64_t deadline_ms, struct la_error *error)
{
	enum la_err err = la_cluster_wait(store->cluster, LA_FLIGHT_WRITE, deadline_ms, error);

	if (err == LA_OK)
		err = follow_up(store, deadline_ms, error);
	return (err == LA_OK ? LA_OK : la_cluster_drop(store->cluster, err));
}
