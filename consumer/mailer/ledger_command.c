#include "mailer/ledger_command.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/redis_text.h"

/* KEYS[1] of the job; ARGV: our claim, its TTL, the claim that may be taken over. Gives 1, or what is there instead. */
static const char claim_script[] =
    "local found = redis.call('GET', KEYS[1])\n"
    "if found and found ~= ARGV[1] and found ~= ARGV[3] then return found end\n"
    "redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[2])\n"
    "return 1\n";

static const char release_script[] =
    "if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end\n"
    "return 1\n";

static void
name_mailer(char out[LA_LEDGER_KEY_BYTES], const struct la_ledger_names *names, const char *mailer)
{
	(void)snprintf(out, LA_LEDGER_KEY_BYTES, "%s:mailer:%s", names->prefix, mailer);
}

static enum la_err
put_claim(struct la_buf *out, const struct la_ledger_names *names, const struct la_ask *ask, const char *job)
{
	char claim[LA_MAILER_ID_HEX + 1], other[LA_MAILER_ID_HEX + 1] = "", ttl[24];

	(void)snprintf(claim, sizeof(claim), "c%s", names->mailer);
	(void)snprintf(ttl, sizeof(ttl), "%" PRId64, ask->ttl_s);
	if (ask->kind == LA_ASK_RELEASE)
		return (la_redis_text_command(out, (const char *const[]){"EVAL", release_script, "1", job, claim, NULL}));
	if (ask->kind == LA_ASK_TAKE_OVER)
		(void)snprintf(other, sizeof(other), "c%s", ask->other);
	return (la_redis_text_command(
	    out, (const char *const[]){"EVAL", claim_script, "1", job, claim, ttl, other, NULL}));
}

void
la_ledger_key(char key[LA_LEDGER_KEY_BYTES], const struct la_ledger_names *names, const struct la_ask *ask)
{
	switch (ask->kind) {
	case LA_ASK_BEAT:
		name_mailer(key, names, names->mailer);
		return;
	case LA_ASK_IS_ALIVE:
		name_mailer(key, names, ask->other);
		return;
	case LA_ASK_ASKING:
		key[0] = '\0';
		return;
	case LA_ASK_CLAIM:
	case LA_ASK_TAKE_OVER:
	case LA_ASK_MARK:
	case LA_ASK_RELEASE:
		break;
	}
	(void)snprintf(key, LA_LEDGER_KEY_BYTES, "%s:m:%s", names->prefix, ask->job_id);
}

enum la_err
la_ledger_command(struct la_buf *out, const struct la_ledger_names *names, const struct la_ask *ask)
{
	char key[LA_LEDGER_KEY_BYTES], number[24];

	la_ledger_key(key, names, ask);
	switch (ask->kind) {
	case LA_ASK_BEAT:
		(void)snprintf(number, sizeof(number), "%" PRId64, names->lease_ms);
		return (la_redis_text_command(out, (const char *const[]){"SET", key, "1", "PX", number, NULL}));
	case LA_ASK_IS_ALIVE:
		return (la_redis_text_command(out, (const char *const[]){"EXISTS", key, NULL}));
	case LA_ASK_MARK:
		(void)snprintf(number, sizeof(number), "%" PRId64, ask->ttl_s);
		return (la_redis_text_command(out, (const char *const[]){"SET", key, "s", "EX", number, NULL}));
	case LA_ASK_ASKING:
		return (la_redis_text_command(out, (const char *const[]){"ASKING", NULL}));
	case LA_ASK_CLAIM:
	case LA_ASK_TAKE_OVER:
	case LA_ASK_RELEASE:
		break;
	}
	return (put_claim(out, names, ask, key));
}

enum la_err
la_ledger_goodbye(struct la_buf *out, const struct la_ledger_names *names)
{
	char key[LA_LEDGER_KEY_BYTES];

	name_mailer(key, names, names->mailer);
	return (la_redis_text_command(out, (const char *const[]){"DEL", key, NULL}));
}

/* What stands in the place of our claim. */
static enum la_ledger_reading
read_found(const struct la_ask *ask, const char *found, enum la_ledger_verdict *verdict, struct la_ask *next)
{
	*verdict = LA_LEDGER_DONE;
	if (strcmp(found, "s") == 0)
		return (LA_LEDGER_ANSWERED);
	if (strlen(found) != LA_MAILER_ID_HEX || found[0] != 'c')
		return (LA_LEDGER_UNREADABLE);
	*verdict = LA_LEDGER_BUSY;
	if (ask->kind == LA_ASK_TAKE_OVER)
		return (LA_LEDGER_ANSWERED); /* somebody else was faster */
	next->kind = LA_ASK_IS_ALIVE;
	(void)snprintf(next->other, sizeof(next->other), "%s", found + 1);
	return (LA_LEDGER_ASK_MORE);
}

static enum la_ledger_reading
read_is_alive(int64_t is_alive, enum la_ledger_verdict *verdict, struct la_ask *next)
{
	*verdict = LA_LEDGER_BUSY;
	if (is_alive != 0)
		return (LA_LEDGER_ANSWERED);
	next->kind = LA_ASK_TAKE_OVER;
	return (LA_LEDGER_ASK_MORE);
}

enum la_ledger_reading
la_ledger_read(const struct la_ask *ask, const struct la_ledger_reply *reply, enum la_ledger_verdict *verdict,
    struct la_ask *next)
{
	*next = *ask;
	switch (ask->kind) {
	case LA_ASK_BEAT:
	case LA_ASK_ASKING:
		return (reply->text != NULL ? LA_LEDGER_NOTED : LA_LEDGER_UNREADABLE);
	case LA_ASK_MARK:
		*verdict = LA_LEDGER_MARKED;
		return (reply->text != NULL ? LA_LEDGER_ANSWERED : LA_LEDGER_UNREADABLE);
	case LA_ASK_RELEASE:
		return (reply->is_integer ? LA_LEDGER_NOTED : LA_LEDGER_UNREADABLE);
	case LA_ASK_IS_ALIVE:
		return (reply->is_integer ? read_is_alive(reply->integer, verdict, next) : LA_LEDGER_UNREADABLE);
	case LA_ASK_CLAIM:
	case LA_ASK_TAKE_OVER:
		break;
	}
	if (reply->text != NULL)
		return (read_found(ask, reply->text, verdict, next));
	*verdict = ask->kind == LA_ASK_CLAIM ? LA_LEDGER_CLAIMED : LA_LEDGER_TAKEN_OVER;
	return (reply->is_integer ? LA_LEDGER_ANSWERED : LA_LEDGER_UNREADABLE);
}
