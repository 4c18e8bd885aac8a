#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/redis_text.h"
#include "detector/store_redis_internal.h"

#define SCAN_ROUNDS 200
#define SCAN_COUNT "500" /* keys looked at in a round: too few to hold the server up */
#define DIGEST_CHARACTERS 22

/* The epoch of "<prefix>:<epoch>:<digest>"; 0: another key, as the mailer's. */
static uint16_t
epoch_of(const redisReply *key, const char *prefix)
{
	size_t size = strlen(prefix);
	const char *text = key->str;
	unsigned long epoch;
	char *end;

	if (key->type != REDIS_REPLY_STRING || strncmp(text, prefix, size) != 0 || text[size] != ':' ||
	    text[size + 1] < '1' || text[size + 1] > '9')
		return (0);
	epoch = strtoul(text + size + 1, &end, 10);
	if (epoch > UINT16_MAX || *end != ':' || strlen(end + 1) != DIGEST_CHARACTERS)
		return (0);
	return ((uint16_t)epoch);
}

static bool
has_epoch(const struct la_keys *keys, uint16_t epoch)
{
	for (size_t k = 0; k < keys->count; k++) {
		if (keys->key[k].epoch == epoch)
			return (true);
	}
	return (false);
}

static void
count_member(struct la_store_epochs *seen, const struct la_keys *keys, uint16_t epoch)
{
	size_t at = 0;

	if (epoch == 0)
		return;
	seen->members++;
	if (has_epoch(keys, epoch))
		return;
	while (at < seen->unknown_count && seen->unknown[at].epoch != epoch)
		at++;
	if (at == LA_UNKNOWN_EPOCHS_MAX)
		return;
	seen->unknown[at].epoch = epoch;
	seen->unknown[at].members++;
	if (at == seen->unknown_count)
		seen->unknown_count++;
}

/* One round from cursor, which becomes the next one's; "0": all keys have been looked at. */
static enum la_err
scan(struct la_store_redis *store, struct la_connection *server, char cursor[24], int64_t deadline_ms,
    redisReply **reply, struct la_error *error)
{
	char pattern[256];
	enum la_err err;

	(void)snprintf(pattern, sizeof(pattern), "%s:*", store->prefix);
	la_buf_reset(&store->commands);
	if (la_redis_text_command(&store->commands,
	    (const char *const[]){"SCAN", cursor, "MATCH", pattern, "COUNT", SCAN_COUNT, NULL}) != LA_OK)
		return (la_error_set(error, LA_ENOMEM, "out of memory"));
	if ((err = la_connection_send(server, la_buf_span(&store->commands), error)) != LA_OK ||
	    (err = la_connection_reply(server, deadline_ms, reply, error)) != LA_OK)
		return (err);
	if ((*reply)->type == REDIS_REPLY_ERROR)
		return (la_redis_text_error(error, server->url.name, (*reply)->str));
	if ((*reply)->type != REDIS_REPLY_ARRAY || (*reply)->elements != 2 ||
	    (*reply)->element[0]->type != REDIS_REPLY_STRING || (*reply)->element[1]->type != REDIS_REPLY_ARRAY)
		return (la_error_set(error, LA_EUNAVAILABLE, "unexpected answer to SCAN"));
	(void)snprintf(cursor, 24, "%s", (*reply)->element[0]->str);
	return (LA_OK);
}

static enum la_err
count_epochs_of(struct la_store_redis *store, struct la_connection *server, const struct la_keys *keys,
    int64_t deadline_ms, struct la_store_epochs *seen, struct la_error *error)
{
	char cursor[24] = "0";
	redisReply *reply = NULL;
	enum la_err err = LA_OK;

	for (int round = 0; err == LA_OK && round < SCAN_ROUNDS; round++) {
		if ((err = scan(store, server, cursor, deadline_ms, &reply, error)) != LA_OK)
			break;
		for (size_t i = 0; i < reply->element[1]->elements; i++)
			count_member(seen, keys, epoch_of(reply->element[1]->element[i], store->prefix));
		freeReplyObject(reply);
		reply = NULL;
		if (strcmp(cursor, "0") == 0)
			break;
	}
	freeReplyObject(reply);
	return (err);
}

enum la_err
la_store_redis_count_epochs(struct la_store_redis *store, const struct la_keys *keys, int timeout_ms,
    struct la_store_epochs *seen, struct la_error *error)
{
	int64_t deadline_ms = la_clock_now_ms(NULL) + timeout_ms;
	struct la_connection *server = &store->connection;
	size_t servers = 1;
	enum la_err err = la_store_redis_connect(store, error);

	*seen = (struct la_store_epochs){.members = 0};
	if (err == LA_OK && store->cluster != NULL)
		err = la_cluster_look(store->cluster, &servers, error);
	for (size_t i = 0; i < servers && err == LA_OK; i++) {
		if (store->cluster != NULL)
			err = la_cluster_master(store->cluster, i, &server, error);
		if (err == LA_OK)
			err = count_epochs_of(store, server, keys, deadline_ms, seen, error);
	}
	return (err);
}
