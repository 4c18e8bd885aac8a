#include "mailer/ledger_command.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/redis_text.h"

#define ENTRY_SIZE ((size_t)LA_LEDGER_ENTRY_BYTES - 1)
#define FORMER_SIZE ((size_t)LA_MAILER_ID_HEX) /* "c" and a mailer */
#define FENCE_TTL "600" /* s; longer than a connection that was given up can still bring a command */

/* KEYS[1] of the job; ARGV: our claim, its TTL, the entry that may be replaced. Gives 1, or what is there instead. */
static const char claim_script[] =
    "local found = redis.call('GET', KEYS[1]) or ''\n"
    "if found ~= ARGV[3] then return found end\n"
    "redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[2])\n"
    "return 1\n";

/* ARGV: our last claim's entry, and how long it is remembered that it, and all before it, are void. */
static const char release_script[] =
    "local found, mine = redis.call('GET', KEYS[1]) or '', ARGV[1]\n"
    "if found == '' or (found:sub(1, 17) == mine:sub(1, 17) and found:sub(18) <= mine:sub(18)) then\n"
    "  redis.call('SET', KEYS[1], 'r' .. mine:sub(2), 'EX', ARGV[2])\n"
    "end\n"
    "return 1\n";

static void
name_mailer(char out[LA_LEDGER_KEY_BYTES], const struct la_ledger_names *names, const char *mailer)
{
	(void)snprintf(out, LA_LEDGER_KEY_BYTES, "%s:mailer:%.16s", names->prefix, mailer);
}

static enum la_err
put_claim(struct la_buf *out, const struct la_ledger_names *names, const struct la_ask *ask, const char *job)
{
	char claim[64], ttl[24];

	(void)snprintf(claim, sizeof(claim), "c%s%016" PRIu64, names->mailer, ask->number);
	(void)snprintf(ttl, sizeof(ttl), "%" PRId64, ask->ttl_s);
	if (ask->kind == LA_ASK_RELEASE)
		return (la_redis_text_command(
		    out, (const char *const[]){"EVAL", release_script, "1", job, claim, FENCE_TTL, NULL}));
	return (la_redis_text_command(
	    out, (const char *const[]){"EVAL", claim_script, "1", job, claim, ttl, ask->other, NULL}));
}

void
la_ledger_key(char key[LA_LEDGER_KEY_BYTES], const struct la_ledger_names *names, const struct la_ask *ask)
{
	switch (ask->kind) {
	case LA_ASK_BEAT:
		name_mailer(key, names, names->mailer);
		return;
	case LA_ASK_IS_ALIVE:
		name_mailer(key, names, ask->other + 1);
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

/* Claims of versions before 2026-11 had no number: "c<mailer>". They may be there for as long as a job is remembered. */
static bool
is_entry(const char *found)
{
	size_t size = strlen(found);

	return ((size == ENTRY_SIZE && (found[0] == 'c' || found[0] == 'r')) || (size == FORMER_SIZE && found[0] == 'c'));
}

static bool
is_ours(const struct la_ledger_names *names, const char *found)
{
	return (strncmp(found + 1, names->mailer, LA_MAILER_ID_HEX - 1) == 0);
}

/* What stands in the place of our claim. If it is free, or ours (the answer to a former try was lost), it is replaced. */
static enum la_ledger_reading
read_found(const struct la_ledger_names *names, const struct la_ask *ask, const char *found,
    enum la_ledger_verdict *verdict, struct la_ask *next)
{
	*verdict = LA_LEDGER_DONE;
	if (strcmp(found, "s") == 0)
		return (LA_LEDGER_ANSWERED);
	if ((found[0] != '\0' && !is_entry(found)) || strcmp(found, ask->other) == 0)
		return (LA_LEDGER_UNREADABLE);
	(void)snprintf(next->other, sizeof(next->other), "%s", found);
	if (found[0] != 'c')
		next->kind = LA_ASK_CLAIM;
	if (found[0] != 'c' || is_ours(names, found))
		return (LA_LEDGER_ASK_MORE);
	*verdict = LA_LEDGER_BUSY;
	if (ask->kind == LA_ASK_TAKE_OVER)
		return (LA_LEDGER_ANSWERED); /* somebody else was faster, or its mailer is back */
	next->kind = LA_ASK_IS_ALIVE;
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
la_ledger_read(const struct la_ledger_names *names, const struct la_ask *ask, const struct la_ledger_reply *reply,
    enum la_ledger_verdict *verdict, struct la_ask *next)
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
		return (read_found(names, ask, reply->text, verdict, next));
	*verdict = ask->kind == LA_ASK_CLAIM ? LA_LEDGER_CLAIMED : LA_LEDGER_TAKEN_OVER;
	return (reply->is_integer ? LA_LEDGER_ANSWERED : LA_LEDGER_UNREADABLE);
}
