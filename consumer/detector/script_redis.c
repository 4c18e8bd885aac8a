#include "detector/script_redis.h"

#include <inttypes.h>
#include <stdio.h>

#include "detector/redis_text.h"

const char la_script_text[] =
    "local after, before = ARGV[1], ARGV[3] or false\n"
    "local current = redis.call('GET', KEYS[1])\n"
    "local old = KEYS[2] and redis.call('GET', KEYS[2])\n"
    "if current ~= after then\n"
    "  if KEYS[2] then\n"
    "    if current or old ~= before then return 0 end\n"
    "  elseif current ~= before then\n"
    "    return 0\n"
    "  end\n"
    "  redis.call('SET', KEYS[1], after, 'EX', ARGV[2])\n"
    "end\n"
    "if old and old == before then redis.call('DEL', KEYS[2]) end\n"
    "return 1\n";

enum la_err
la_script_load_command(struct la_buf *out)
{
	return (la_redis_text_command(out, (const char *const[]){"SCRIPT", "LOAD", la_script_text, NULL}));
}

enum la_err
la_script_call(struct la_buf *out, const char *sha, const char *prefix, const struct la_store_write *write)
{
	size_t keys = write->move_from == NULL ? 1 : 2;
	bool has_before = la_span_present(write->before);
	char ttl[24];

	(void)snprintf(ttl, sizeof(ttl), "%" PRId64, write->ttl_s < 1 ? 1 : write->ttl_s);
	if (la_redis_text_begin(out, 3 + keys + 2 + (has_before ? 1 : 0)) != LA_OK ||
	    la_redis_text_arg(out, la_span_text("EVALSHA")) != LA_OK ||
	    la_redis_text_arg(out, la_span_text(sha)) != LA_OK ||
	    la_redis_text_arg(out, la_span_text(keys == 1 ? "1" : "2")) != LA_OK ||
	    la_redis_text_key(out, prefix, &write->key) != LA_OK ||
	    (keys == 2 && la_redis_text_key(out, prefix, write->move_from) != LA_OK) ||
	    la_redis_text_arg(out, write->after) != LA_OK || la_redis_text_arg(out, la_span_text(ttl)) != LA_OK ||
	    (has_before && la_redis_text_arg(out, write->before) != LA_OK))
		return (LA_ENOMEM);
	return (LA_OK);
}
