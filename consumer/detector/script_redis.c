#include "detector/script_redis.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/redis_text.h"
#include "detector/redis_key.h"

const char la_script_text[] =
    "local after, from, rest, before = ARGV[1], tonumber(ARGV[3]), ARGV[4], ARGV[5] or false\n"
    "local current = redis.call('GET', KEYS[1])\n"
    "local found = current\n"
    "if from > 1 then found = redis.call('GET', KEYS[from]) end\n"
    "if current ~= after then\n"
    "  if found ~= before or (from > 1 and current) then return 0 end\n"
    "  if rest == 'absent' then\n"
    "    for i = 2, #KEYS do if redis.call('EXISTS', KEYS[i]) == 1 then return 0 end end\n"
    "  end\n"
    "  redis.call('SET', KEYS[1], after, 'EX', ARGV[2])\n"
    "end\n"
    "for i = 2, #KEYS do\n"
    "  if rest == 'deleted' or (i == from and found == before) then redis.call('DEL', KEYS[i]) end\n"
    "end\n"
    "return 1\n";

static const char remove_text[] =
    "local found = redis.call('GET', KEYS[1])\n"
    "if found and found ~= ARGV[1] then return 0 end\n"
    "redis.call('DEL', KEYS[1])\n"
    "return 1\n";

enum la_err
la_script_load_command(struct la_buf *out)
{
	return (la_redis_text_command(out, (const char *const[]){"SCRIPT", "LOAD", la_script_text, NULL}));
}

static bool
same_key(const struct la_member_key *a, const struct la_member_key *b)
{
	return (a->epoch == b->epoch && memcmp(a->digest, b->digest, sizeof(a->digest)) == 0);
}

/* KEYS in order: its own, the one it moves from, then others when they matter. Returns how many. */
static size_t
list_keys(const struct la_store_write *write, const struct la_member_key *list[LA_EPOCHS_MAX + 2])
{
	size_t count = 0;

	list[count++] = &write->key;
	if (write->move_from != NULL)
		list[count++] = write->move_from;
	if (!write->erases && la_span_present(write->before))
		return (count);
	for (size_t k = 0; k < write->key_count; k++) {
		const struct la_member_key *key = &write->keys[k];

		if (!same_key(key, &write->key) && (write->move_from == NULL || !same_key(key, write->move_from)))
			list[count++] = key;
	}
	return (count);
}

enum la_err
la_script_call(struct la_buf *out, const char *sha, const char *prefix, const struct la_store_write *write)
{
	const struct la_member_key *key[LA_EPOCHS_MAX + 2];
	size_t keys = list_keys(write, key);
	bool has_before = la_span_present(write->before);
	const char *rest = write->erases ? "deleted" : has_before ? "any" : "absent";
	char ttl[24], number[24];

	(void)snprintf(ttl, sizeof(ttl), "%" PRId64, write->ttl_s < 1 ? 1 : write->ttl_s);
	(void)snprintf(number, sizeof(number), "%zu", keys);
	if (la_redis_text_begin(out, 3 + keys + 4 + (has_before ? 1 : 0)) != LA_OK ||
	    la_redis_text_arg(out, la_span_text("EVALSHA")) != LA_OK ||
	    la_redis_text_arg(out, la_span_text(sha)) != LA_OK ||
	    la_redis_text_arg(out, la_span_text(number)) != LA_OK)
		return (LA_ENOMEM);
	for (size_t k = 0; k < keys; k++) {
		if (la_redis_key_arg(out, prefix, key[k]) != LA_OK)
			return (LA_ENOMEM);
	}
	if (la_redis_text_arg(out, write->after) != LA_OK || la_redis_text_arg(out, la_span_text(ttl)) != LA_OK ||
	    la_redis_text_arg(out, la_span_text(write->move_from == NULL ? "1" : "2")) != LA_OK ||
	    la_redis_text_arg(out, la_span_text(rest)) != LA_OK ||
	    (has_before && la_redis_text_arg(out, write->before) != LA_OK))
		return (LA_ENOMEM);
	return (LA_OK);
}

enum la_err
la_script_remove(struct la_buf *out, const char *prefix, const struct la_member_key *key, struct la_span record)
{
	if (la_redis_text_begin(out, 5) != LA_OK || la_redis_text_arg(out, la_span_text("EVAL")) != LA_OK ||
	    la_redis_text_arg(out, la_span_text(remove_text)) != LA_OK ||
	    la_redis_text_arg(out, la_span_text("1")) != LA_OK || la_redis_key_arg(out, prefix, key) != LA_OK)
		return (LA_ENOMEM);
	return (la_redis_text_arg(out, record));
}
