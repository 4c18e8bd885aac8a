#include "detector/redis_key.h"
#include "detector/script_redis.h"
#include "detector/store_redis_internal.h"

#include "common/redis_text.h"

/* Keys of one MGET would have to be of one slot. */
static enum la_err
print_gets(struct la_store_redis *store, struct la_error *error)
{
	struct la_buf *out = la_cluster_begin(store->cluster, LA_FLIGHT_FETCH);
	enum la_err err = LA_OK;

	for (size_t i = 0; i < store->read_count && err == LA_OK; i++) {
		struct la_store_read *read = &store->reads[i];

		read->found = -1;
		read->record = la_span_of(NULL, 0);
		for (size_t k = 0; k < read->key_count && err == LA_OK; k++) {
			if (la_redis_text_begin(out, 2) != LA_OK || la_redis_text_arg(out, la_span_text("GET")) != LA_OK ||
			    la_redis_key_arg(out, store->prefix, &read->key[k]) != LA_OK)
				return (la_error_set(error, LA_ENOMEM, "out of memory for %zu look-ups", store->read_count));
			err = la_cluster_add(store->cluster, LA_FLIGHT_FETCH, la_redis_key_slot(store->prefix, &read->key[k]),
			    i * LA_EPOCHS_MAX + k, error);
		}
	}
	return (err);
}

static bool
take_record(void *cookie, size_t tag, const redisReply *reply)
{
	struct la_store_redis *store = cookie;
	struct la_store_read *read = &store->reads[tag / LA_EPOCHS_MAX];
	int8_t k = (int8_t)(tag % LA_EPOCHS_MAX);

	if (reply->type == REDIS_REPLY_STRING && (read->found < 0 || k < read->found)) {
		read->found = k;
		read->record = la_span_of(reply->str, (size_t)reply->len);
	}
	return (reply->type == REDIS_REPLY_STRING || reply->type == REDIS_REPLY_NIL);
}

enum la_err
la_store_cluster_fetch_begin(struct la_store_redis *store, struct la_error *error)
{
	enum la_err err = print_gets(store, error);

	if (err == LA_OK)
		err = la_cluster_send(store->cluster, LA_FLIGHT_FETCH, take_record, store, error);
	return (err == LA_OK ? LA_OK : la_cluster_drop(store->cluster, err));
}

enum la_err
la_store_cluster_fetch_end(struct la_store_redis *store, int64_t deadline_ms, struct la_error *error)
{
	enum la_err err = la_cluster_wait(store->cluster, LA_FLIGHT_FETCH, deadline_ms, error);

	if (err != LA_OK || !la_cluster_was_late(store->cluster))
		return (err);
	if ((err = la_store_cluster_fetch_begin(store, error)) != LA_OK)
		return (err);
	return (la_cluster_wait(store->cluster, LA_FLIGHT_FETCH, deadline_ms, error));
}
