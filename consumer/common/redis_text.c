#include "common/redis_text.h"

#include <string.h>

#define DIGITS_MAX 20 /* of 2^64 - 1 */

size_t
la_redis_text_head(char out[LA_REDIS_HEAD_BYTES], char mark, size_t number)
{
	char digits[DIGITS_MAX], *p = out;
	size_t first = DIGITS_MAX;

	do
		digits[--first] = (char)('0' + number % 10);
	while ((number /= 10) > 0 && first > 0); /* GCC 14 does not see that 20 digits suffice, and fears for out */
	*p++ = mark;
	memcpy(p, digits + first, DIGITS_MAX - first);
	p += DIGITS_MAX - first;
	*p++ = '\r';
	*p++ = '\n';
	return ((size_t)(p - out));
}

enum la_err
la_redis_text_begin(struct la_buf *out, size_t count)
{
	char head[LA_REDIS_HEAD_BYTES];

	return (la_buf_add(out, head, la_redis_text_head(head, '*', count)));
}

enum la_err
la_redis_text_arg(struct la_buf *out, struct la_span arg)
{
	char head[LA_REDIS_HEAD_BYTES];

	if (la_buf_reserve(out, arg.size + sizeof(head) + 2) != LA_OK ||
	    la_buf_add(out, head, la_redis_text_head(head, '$', arg.size)) != LA_OK ||
	    la_buf_add(out, arg.data, arg.size) != LA_OK)
		return (LA_ENOMEM);
	return (la_buf_add(out, "\r\n", 2));
}

enum la_err
la_redis_text_command(struct la_buf *out, const char *const *args)
{
	size_t count = 0;

	while (args[count] != NULL)
		count++;
	if (la_redis_text_begin(out, count) != LA_OK)
		return (LA_ENOMEM);
	for (size_t i = 0; i < count; i++) {
		if (la_redis_text_arg(out, la_span_text(args[i])) != LA_OK)
			return (LA_ENOMEM);
	}
	return (LA_OK);
}

#define RIGHTS "ROLE, GET, MGET, SET, DEL, EXISTS, EVAL, EVALSHA, SCRIPT LOAD, CLUSTER SLOTS, ASKING"

bool
la_redis_text_is_full(const char *reply)
{
	return (strncmp(reply, "ERR max number of clients", 25) == 0);
}

bool
la_redis_text_is_alone(const char *reply)
{
	return (strncmp(reply, "ERR ", 4) == 0 && !la_redis_text_is_full(reply));
}

/* The word of the reply, what it means and what helps. */
static const struct {
	const char *word, *meaning;
} replies[] = {
    {"LOADING", "it is still loading its data; it will answer by itself"},
    {"READONLY", "it is a replica; redis.url must name the master"},
    {"MASTERDOWN", "it is a replica without its master; redis.url must name the master"},
    {"OOM", "its memory is full (maxmemory); raise maxmemory or add memory"},
    {"MOVED", "it is a cluster's node: the user must be allowed CLUSTER SLOTS; or its nodes do not agree who has a slot"},
    {"ASK", "it is a cluster's node: the user must be allowed CLUSTER SLOTS and ASKING"},
    {"CROSSSLOT", "it is a cluster's node: the user must be allowed CLUSTER SLOTS"},
    {"CLUSTERDOWN", "the cluster is down: a master is away and not replaced yet, or slots have no master"},
    {"NOAUTH", "it wants a password: set redis.password.file (and redis.user)"},
    {"WRONGPASS", "user or password is wrong: look at redis.user and redis.password.file, which is read again at each try"},
    {"NOPERM", "the user may not do that: it needs " RIGHTS " on our keys (redis.prefix)"},
    {"WRONGTYPE", "a key of ours holds another type: give this program a redis.prefix of its own"},
    {"MISCONF", "it cannot write its snapshot to disk and refuses writes; see its log"},
    {"NOREPLICAS", "too few replicas are connected (min-replicas-to-write)"},
    {"BUSY", "it is busy running somebody's script; it will answer when that has ended"},
    {"TRYAGAIN", "it is moving keys; it will answer by itself"},
};

/* Is word one of the words of text? A script's error has it further behind. */
static bool
has_word(const char *text, const char *word)
{
	size_t size = strlen(word);

	for (const char *at = text; (at = strstr(at, word)) != NULL; at++) {
		if ((at == text || strchr(" -:", at[-1]) != NULL) && (at[size] == ' ' || at[size] == '\0'))
			return (true);
	}
	return (false);
}

/* "… run the 'evalsha' command": the word that is denied; false: it is not a command (but a key, say). */
static bool
denied_command(const char *reply, char command[32])
{
	static const char before[] = "run the '";
	const char *at = strstr(reply, before);
	size_t size;

	if (at == NULL)
		return (false);
	at += sizeof(before) - 1;
	size = strspn(at, "abcdefghijklmnopqrstuvwxyz|-");
	if (size == 0 || size >= 32 || at[size] != '\'')
		return (false);
	memcpy(command, at, size);
	command[size] = '\0';
	return (true);
}

enum la_err
la_redis_text_error(struct la_error *error, const char *name, const char *reply)
{
	char command[32];

	if (has_word(reply, "NOPERM") && denied_command(reply, command))
		return (la_error_set(error, LA_EUNAVAILABLE,
		    "%s answers NOPERM: the user may not %s; it needs " RIGHTS " on our keys", name, command));
	for (size_t i = 0; i < sizeof(replies) / sizeof(replies[0]); i++) {
		if (has_word(reply, replies[i].word))
			return (la_error_set(error, LA_EUNAVAILABLE, "%s answers %s: %s", name, replies[i].word,
			    replies[i].meaning));
	}
	return (la_error_set(error, LA_EUNAVAILABLE, "%s answers: %.*s", name, (int)strcspn(reply, "'`\""), reply));
}
