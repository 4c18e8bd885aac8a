#include "common/answers_redis.h"

#if HIREDIS_MAJOR >= 1
typedef size_t element_count;
#else
typedef int element_count;
#endif

/* A reply of the task's type, in its place of the array that is being read. */
static redisReply *
make(const redisReadTask *task, int type)
{
	redisReply *reply = la_arena_take(task->privdata, 1, sizeof(*reply));

	if (reply == NULL)
		return (NULL);
	reply->type = type;
	if (task->parent != NULL)
		((redisReply *)task->parent->obj)->element[task->idx] = reply;
	return (reply);
}

static void *
make_string(const redisReadTask *task, char *bytes, size_t size)
{
	redisReply *reply = make(task, task->type);

	if (reply == NULL || (reply->str = la_arena_copy(task->privdata, bytes, size)) == NULL)
		return (NULL);
	reply->len = size;
	return (reply);
}

static void *
make_array(const redisReadTask *task, element_count count)
{
	redisReply *reply = make(task, task->type);

	if (reply == NULL)
		return (NULL);
	reply->element = la_arena_take(task->privdata, (size_t)count, sizeof(redisReply *));
	reply->elements = (size_t)count;
	return (reply->element == NULL ? NULL : reply);
}

static void *
make_integer(const redisReadTask *task, long long value)
{
	redisReply *reply = make(task, REDIS_REPLY_INTEGER);

	if (reply != NULL)
		reply->integer = value;
	return (reply);
}

static void *
make_nil(const redisReadTask *task)
{
	return (make(task, REDIS_REPLY_NIL));
}

static void
free_nothing(void *reply)
{
	(void)reply;
}

/* RESP 2 has no other kinds. */
static redisReplyObjectFunctions arena_functions = {.createString = make_string,
    .createArray = make_array,
    .createInteger = make_integer,
    .createNil = make_nil,
    .freeObject = free_nothing};

void
la_answers_begin(struct la_answers *answers, redisContext *redis, struct la_arena *arena)
{
	answers->before = redis->reader->fn;
	redis->reader->fn = &arena_functions;
	redis->reader->privdata = arena;
	redis->reader->maxbuf = 0; /* keeps its buffer from batch to batch */
}

void
la_answers_end(const struct la_answers *answers, redisContext *redis)
{
	redis->reader->fn = answers->before;
}
