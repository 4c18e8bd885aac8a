/*
 * The ledger against a real Redis: what two mailers see of each other's claims and marks, alive, gone, hung, with the
 * server away in between.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <dlfcn.h>
#include <netdb.h>

#include <cmocka.h>

#include "common/clock.h"
#include "common/job.h"
#include "mailer/ledger_internal_redis.h"

#include "private_redis.h"

#define MINE "00000000000000000000000000000001"
#define OTHER "00000000000000000000000000000002"
#define PATIENCE_MS 60000
#define TTL 1000

static struct private_redis redis;
/* A lease that ends in no test, however slow; and one that is waited for. */
static const struct la_ledger_times steady = {.lease_ms = 120000, .beat_ms = 200, .answer_ms = 30000},
                                    quick = {.lease_ms = 3000, .beat_ms = 200, .answer_ms = 900};

struct mailer {
	struct la_conf *conf;
	struct la_ledger_redis *ledger;
	const struct la_ledger *port;
	struct la_error error; /* of the last work that failed */
	int failures;
};

static void
set(struct la_conf *conf, const char *key, const char *value)
{
	char text[200];

	(void)snprintf(text, sizeof(text), "%s=%s", key, value);
	assert_int_equal(la_conf_set(conf, text), LA_OK);
	assert_int_equal(la_conf_problem_count(conf), 0);
}

static void
mailer_open_at(struct mailer *mailer, const char *url)
{
	struct la_error error = LA_ERROR_INIT;

	*mailer = (struct mailer){.conf = NULL};
	assert_int_equal(la_conf_new(&mailer->conf, LA_PROGRAM_MAILER), LA_OK);
	set(mailer->conf, "redis.url", url);
	set(mailer->conf, "redis.prefix", "t");
	if (la_ledger_redis_new(&mailer->ledger, mailer->conf, &error) != LA_OK)
		fail_msg("%s", error.text);
	la_ledger_redis_set_times(mailer->ledger, &steady);
	mailer->port = la_ledger_redis_port(mailer->ledger);
}

static void
mailer_open(struct mailer *mailer)
{
	char url[128];

	(void)snprintf(url, sizeof(url), "unix://%s", redis.socket);
	mailer_open_at(mailer, url);
}

static void
mailer_close(struct mailer *mailer, int timeout_ms)
{
	la_ledger_redis_close(mailer->ledger, timeout_ms);
	la_conf_free(mailer->conf);
}

static size_t
work(struct mailer *mailer, struct la_ledger_answer *answer)
{
	size_t count = 0;

	if (mailer->port->work(mailer->port->self, answer, 1, &count, &mailer->error) != LA_OK)
		mailer->failures++;
	if (count == 0)
		(void)nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
	return (count);
}

/* The next answer, in a minute. */
static struct la_ledger_answer
next(struct mailer *mailer)
{
	int64_t until_ms = la_clock_now_ms(NULL) + PATIENCE_MS;
	struct la_ledger_answer answer = {.token = UINT64_MAX};

	while (la_clock_now_ms(NULL) < until_ms) {
		if (work(mailer, &answer) == 1)
			return (answer);
	}
	fail_msg("no answer: %s", mailer->error.text);
	return (answer);
}

static enum la_ledger_verdict
claim(struct mailer *mailer, const char *job_id)
{
	struct la_ledger_answer answer;

	assert_int_equal(mailer->port->claim(mailer->port->self, 7, job_id, TTL, NULL), LA_OK);
	answer = next(mailer);
	assert_int_equal(answer.token, 7);
	return (answer.verdict);
}

static void
mark(struct mailer *mailer, const char *job_id)
{
	assert_int_equal(mailer->port->mark(mailer->port->self, 9, job_id, TTL, NULL), LA_OK);
	assert_int_equal(next(mailer).verdict, LA_LEDGER_MARKED);
}

static bool
is_valid(const struct mailer *mailer)
{
	return (mailer->port->valid_until_ms(mailer->port->self) > la_clock_now_ms(NULL));
}

/* One command, its answer as text. */
static void
ask_redis(const char *command, char *out, size_t cap)
{
	redisContext *context = redisConnectUnix(redis.socket);
	redisReply *reply = redisCommand(context, command);

	assert_non_null(reply);
	if (reply->type == REDIS_REPLY_INTEGER)
		(void)snprintf(out, cap, "%lld", reply->integer);
	else
		(void)snprintf(out, cap, "%s", reply->str == NULL ? "" : reply->str);
	freeReplyObject(reply);
	redisFree(context);
}

static void
come_late(const struct la_buf *command)
{
	redisContext *context = redisConnectUnix(redis.socket);
	void *reply = NULL;

	assert_int_equal(redisAppendFormattedCommand(context, (const char *)command->data, command->size), REDIS_OK);
	assert_int_equal(redisGetReply(context, &reply), REDIS_OK);
	assert_int_not_equal(((redisReply *)reply)->type, REDIS_REPLY_ERROR);
	freeReplyObject(reply);
	redisFree(context);
}

static void
what_is_claimed_is_ours_and_what_is_marked_is_done_for_everybody(void **state)
{
	struct mailer a, b;
	char answer[64];

	(void)state;
	mailer_open(&a);
	mailer_open(&b);
	assert_int_equal(claim(&a, MINE), LA_LEDGER_CLAIMED);
	assert_true(is_valid(&a));
	assert_int_equal(claim(&a, MINE), LA_LEDGER_CLAIMED); /* asked again */
	ask_redis("TTL t:m:" MINE, answer, sizeof(answer));
	assert_in_range(atoi(answer), TTL - 60, TTL);
	assert_int_equal(claim(&b, MINE), LA_LEDGER_BUSY);
	mark(&a, MINE);
	assert_int_equal(claim(&a, MINE), LA_LEDGER_DONE);
	assert_int_equal(claim(&b, MINE), LA_LEDGER_DONE);
	ask_redis("GET t:m:" MINE, answer, sizeof(answer));
	assert_string_equal(answer, "s");
	ask_redis("TTL t:m:" MINE, answer, sizeof(answer));
	assert_in_range(atoi(answer), TTL - 60, TTL);
	mailer_close(&a, 10000);
	mailer_close(&b, 10000);
}

static void
a_claim_that_is_given_back_is_anybodys_and_only_its_owner_can_give_it_back(void **state)
{
	struct mailer a, b;

	(void)state;
	mailer_open(&a);
	mailer_open(&b);
	assert_int_equal(claim(&a, MINE), LA_LEDGER_CLAIMED);
	assert_int_equal(b.port->release(b.port->self, MINE, NULL), LA_OK);
	assert_int_equal(claim(&b, MINE), LA_LEDGER_BUSY);
	assert_int_equal(a.port->release(a.port->self, MINE, NULL), LA_OK);
	mailer_close(&a, 10000); /* what is queued goes out before */
	assert_int_equal(claim(&b, MINE), LA_LEDGER_CLAIMED);
	mark(&b, MINE);
	assert_int_equal(b.port->release(b.port->self, MINE, NULL), LA_OK);
	assert_int_equal(claim(&b, MINE), LA_LEDGER_DONE); /* a mark is nobody's */
	mailer_close(&b, 10000);
}

/* As its end does when the lease is over. */
static void
expire(const char *mailer_name)
{
	char command[64], answer[64];

	(void)snprintf(command, sizeof(command), "PTTL t:mailer:%s", mailer_name);
	ask_redis(command, answer, sizeof(answer));
	assert_in_range(atoi(answer), 1, steady.lease_ms);
	(void)snprintf(command, sizeof(command), "PEXPIRE t:mailer:%s 0", mailer_name);
	ask_redis(command, answer, sizeof(answer));
	assert_string_equal(answer, "1");
}

static void
the_claim_of_a_mailer_that_is_gone_is_taken_over_by_one(void **state)
{
	struct mailer a, b, c;
	char name[sizeof(a.ledger->names.mailer)];

	(void)state;
	mailer_open(&a);
	mailer_open(&b);
	mailer_open(&c);
	assert_int_equal(claim(&a, MINE), LA_LEDGER_CLAIMED);
	(void)snprintf(name, sizeof(name), "%s", a.ledger->names.mailer);
	mailer_close(&a, 0); /* as kill -9 does */
	assert_int_equal(claim(&b, MINE), LA_LEDGER_BUSY); /* it counts as alive a little longer */
	expire(name);
	assert_int_equal(claim(&b, MINE), LA_LEDGER_TAKEN_OVER);
	assert_int_equal(claim(&c, MINE), LA_LEDGER_BUSY);
	mailer_close(&b, 10000); /* it said good-bye: nobody waits */
	assert_int_equal(claim(&c, MINE), LA_LEDGER_TAKEN_OVER);
	mailer_close(&c, 10000);
}

/* Longer than a lease, then until it is valid: a process that stood still may have to find back first. */
static void
work_beyond_a_lease(struct mailer *mailer)
{
	int64_t from_ms = la_clock_now_ms(NULL) + quick.lease_ms * 3 / 2, until_ms = from_ms + PATIENCE_MS;
	struct la_ledger_answer answer;

	while (la_clock_now_ms(NULL) < from_ms || !is_valid(mailer)) {
		assert_true(la_clock_now_ms(NULL) < until_ms);
		assert_int_equal(work(mailer, &answer), 0);
	}
}

static void
a_mailer_that_works_keeps_its_claims_and_one_that_hung_knows_that_it_did(void **state)
{
	int64_t until_ms = la_clock_now_ms(NULL) + PATIENCE_MS;
	enum la_ledger_verdict verdict;
	struct mailer a, b;
	int tries = 0;

	(void)state;
	mailer_open(&a);
	la_ledger_redis_set_times(a.ledger, &quick);
	mailer_open(&b);
	for (;;) {
		assert_int_equal(claim(&a, MINE), LA_LEDGER_CLAIMED);
		work_beyond_a_lease(&a);
		verdict = claim(&b, MINE);
		if (verdict == LA_LEDGER_BUSY)
			break;
		assert_int_equal(verdict, LA_LEDGER_TAKEN_OVER); /* only when this process stood still for a lease */
		assert_false(is_valid(&a));
		assert_int_equal(b.port->release(b.port->self, MINE, NULL), LA_OK);
		assert_int_equal(claim(&b, OTHER), LA_LEDGER_CLAIMED); /* the release is done */
		assert_in_range(++tries, 1, 3);
	}
	do /* a hangs */
		assert_true(la_clock_now_ms(NULL) < until_ms);
	while ((verdict = claim(&b, MINE)) == LA_LEDGER_BUSY);
	assert_int_equal(verdict, LA_LEDGER_TAKEN_OVER);
	assert_false(is_valid(&a));
	assert_int_equal(claim(&a, MINE), LA_LEDGER_BUSY);
	work_beyond_a_lease(&a); /* it lives again */
	mailer_close(&a, 10000);
	mailer_close(&b, 10000);
}

/* Until it has said so; nothing is answered. */
static void
work_until_said(struct mailer *mailer, const char *words)
{
	int64_t until_ms = la_clock_now_ms(NULL) + PATIENCE_MS;
	struct la_ledger_answer answer;

	mailer->failures = 0;
	while (mailer->failures == 0 || strstr(mailer->error.text, words) == NULL) {
		if (la_clock_now_ms(NULL) > until_ms)
			fail_msg("%s: %s", words, mailer->error.text);
		assert_int_equal(work(mailer, &answer), 0);
	}
}

static void
what_was_asked_is_answered_however_often_the_server_goes_away(void **state)
{
	int64_t until_ms = la_clock_now_ms(NULL) + PATIENCE_MS;
	struct mailer a;

	(void)state;
	mailer_open(&a);
	la_ledger_redis_set_times(a.ledger, &quick);
	assert_int_equal(claim(&a, MINE), LA_LEDGER_CLAIMED);
	private_redis_stop(&redis);
	assert_int_equal(a.port->mark(a.port->self, 9, MINE, TTL, NULL), LA_OK);
	work_until_said(&a, redis.socket);
	private_redis_start(&redis, NULL);
	assert_int_equal(next(&a).verdict, LA_LEDGER_MARKED);
	assert_int_equal(kill(redis.pid, SIGSTOP), 0); /* connected, and no answer */
	assert_int_equal(a.port->claim(a.port->self, 8, MINE, TTL, NULL), LA_OK);
	do {
		assert_true(la_clock_now_ms(NULL) < until_ms);
		work_until_said(&a, "");
	} while (is_valid(&a));
	assert_int_equal(kill(redis.pid, SIGCONT), 0);
	assert_int_equal(next(&a).verdict, LA_LEDGER_DONE);
	work_beyond_a_lease(&a);
	mailer_close(&a, 10000);
}

static void
many_asks_go_in_one_pipeline(void **state)
{
	enum { MANY = 3000 };
	struct mailer a;
	char job_id[LA_ID_HEX];
	bool seen[MANY] = {false};

	(void)state;
	mailer_open(&a);
	for (int i = 0; i < MANY; i++) {
		(void)snprintf(job_id, sizeof(job_id), "%032x", 1000 + (unsigned)i);
		assert_int_equal(a.port->claim(a.port->self, (uint64_t)i, job_id, TTL, NULL), LA_OK);
		if (i % 2 == 0)
			assert_int_equal(a.port->release(a.port->self, job_id, NULL), LA_OK);
	}
	for (int i = 0; i < MANY; i++) {
		struct la_ledger_answer answer = next(&a);

		assert_int_equal(answer.verdict, LA_LEDGER_CLAIMED);
		assert_false(seen[answer.token]);
		seen[answer.token] = true;
	}
	mailer_close(&a, 10000);
}

/* The commands of a mailer that come once more, by a connection that was given up, when later ones are done. */
static void
commands_that_come_late_change_nothing(void **state)
{
	static const struct la_ask claim_ask = {.kind = LA_ASK_CLAIM, .job_id = MINE, .ttl_s = TTL, .number = 1},
	                           release_ask = {.kind = LA_ASK_RELEASE, .job_id = MINE, .number = 1};
	struct la_buf late[2] = {LA_BUF_INIT, LA_BUF_INIT};
	struct mailer a, b;
	char found[64];

	(void)state;
	mailer_open(&a);
	mailer_open(&b);
	assert_int_equal(la_ledger_command(&late[0], &a.ledger->names, &claim_ask), LA_OK);
	assert_int_equal(la_ledger_command(&late[1], &a.ledger->names, &release_ask), LA_OK);
	assert_int_equal(claim(&a, MINE), LA_LEDGER_CLAIMED);
	assert_int_equal(a.port->release(a.port->self, MINE, NULL), LA_OK);
	assert_int_equal(claim(&a, MINE), LA_LEDGER_CLAIMED);
	come_late(&late[1]);
	come_late(&late[0]);
	assert_int_equal(claim(&b, MINE), LA_LEDGER_BUSY);
	assert_int_equal(a.port->release(a.port->self, MINE, NULL), LA_OK);
	assert_int_equal(claim(&a, OTHER), LA_LEDGER_CLAIMED); /* the release is done */
	come_late(&late[0]);
	ask_redis("GET t:m:" MINE, found, sizeof(found));
	assert_int_equal(found[0], 'r');
	assert_int_equal(claim(&b, MINE), LA_LEDGER_CLAIMED);
	come_late(&late[0]);
	come_late(&late[1]);
	assert_int_equal(claim(&a, MINE), LA_LEDGER_BUSY);
	mark(&b, MINE);
	come_late(&late[0]);
	come_late(&late[1]);
	assert_int_equal(claim(&a, MINE), LA_LEDGER_DONE);
	for (int i = 0; i < 2; i++)
		la_buf_clear(&late[i]);
	mailer_close(&a, 10000);
	mailer_close(&b, 10000);
}

static void
come_late_ask(const struct mailer *mailer, struct la_ask what)
{
	struct la_buf command = LA_BUF_INIT;

	(void)snprintf(what.job_id, sizeof(what.job_id), MINE);
	what.ttl_s = TTL;
	assert_int_equal(la_ledger_command(&command, &mailer->ledger->names, &what), LA_OK);
	come_late(&command);
	la_buf_clear(&command);
}

/* It was answered by another connection since: that somebody else is at it. Who asked does not know of it any more. */
static void
a_claim_that_comes_when_another_mailer_gave_the_job_back_is_nobodys(void **state)
{
	struct mailer a, b;
	char found[64];

	(void)state;
	mailer_open(&a);
	mailer_open(&b);
	assert_int_equal(claim(&b, MINE), LA_LEDGER_CLAIMED);
	assert_int_equal(b.port->release(b.port->self, MINE, NULL), LA_OK);
	assert_int_equal(claim(&b, "00000000000000000000000000000002"), LA_LEDGER_CLAIMED); /* the release is done */
	come_late_ask(&a, (struct la_ask){.kind = LA_ASK_CLAIM, .number = 1});
	ask_redis("GET t:m:" MINE, found, sizeof(found));
	assert_int_equal(found[0], 'r');
	assert_int_equal(claim(&b, MINE), LA_LEDGER_CLAIMED);
	mailer_close(&a, 10000);
	mailer_close(&b, 10000);
}

/*
 * A mailer hangs with a claim under way, comes back and asks again; another one had seen that claim, and that nobody is
 * behind it, and its TAKE_OVER comes only now.
 */
static void
a_claim_that_was_asked_for_again_is_not_taken_over_by_who_saw_it_before(void **state)
{
	struct mailer a, b;
	struct la_ask late = {.kind = LA_ASK_TAKE_OVER, .number = 1};
	struct la_ledger_answer answer;
	int64_t until_ms = la_clock_now_ms(NULL) + PATIENCE_MS;
	char found[64];

	(void)state;
	mailer_open(&a);
	mailer_open(&b);
	assert_int_equal(claim(&a, "00000000000000000000000000000002"), LA_LEDGER_CLAIMED);
	assert_int_equal(kill(redis.pid, SIGSTOP), 0);
	assert_int_equal(a.port->claim(a.port->self, 7, MINE, TTL, NULL), LA_OK);
	while (a.ledger->claims < 3) { /* it has gone out, and by a connection that was given up: it is to go out again */
		assert_int_equal(work(&a, &answer), 0);
		assert_true(la_clock_now_ms(NULL) < until_ms);
	}
	assert_int_equal(kill(redis.pid, SIGCONT), 0);
	while (late.other[0] == '\0') {
		ask_redis("GET t:m:" MINE, late.other, sizeof(late.other)); /* as it arrived first */
		assert_true(la_clock_now_ms(NULL) < until_ms);
	}
	assert_int_equal(next(&a).verdict, LA_LEDGER_CLAIMED);
	come_late_ask(&b, late);
	ask_redis("GET t:m:" MINE, found, sizeof(found));
	assert_memory_equal(found + 1, a.ledger->names.mailer, LA_MAILER_ID_HEX - 1);
	mailer_close(&a, 10000);
	mailer_close(&b, 10000);
}

/* "c<mailer>", without a number: as left by a mailer of before, which lives first, and then is gone. */
static void
a_claim_of_a_former_version_is_waited_for_and_taken_over(void **state)
{
	struct mailer a;
	char answer[64];

	(void)state;
	mailer_open(&a);
	ask_redis("SET t:m:" MINE " cffeeddccbbaa9988", answer, sizeof(answer));
	ask_redis("SET t:mailer:ffeeddccbbaa9988 1", answer, sizeof(answer));
	assert_int_equal(claim(&a, MINE), LA_LEDGER_BUSY);
	assert_int_equal(a.port->release(a.port->self, MINE, NULL), LA_OK);
	assert_int_equal(claim(&a, MINE), LA_LEDGER_BUSY); /* and not ours to give back */
	ask_redis("DEL t:mailer:ffeeddccbbaa9988", answer, sizeof(answer));
	assert_int_equal(claim(&a, MINE), LA_LEDGER_TAKEN_OVER);
	assert_int_equal(a.failures, 0);
	mark(&a, MINE);
	ask_redis("GET t:m:" MINE, answer, sizeof(answer));
	assert_string_equal(answer, "s");
	mailer_close(&a, 10000);
}

static void
an_entry_that_is_none_of_ours_is_a_failing_side(void **state)
{
	static const struct {
		const char *put, *says;
	} rows[] = {{"SET t:m:" MINE " something-newer", "cannot read"}, {"LPUSH t:m:" MINE " x", "WRONGTYPE"}};
	struct mailer a;
	char answer[64], other[LA_ID_HEX];

	(void)state;
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		mailer_open(&a);
		ask_redis(rows[i].put, answer, sizeof(answer));
		assert_int_equal(a.port->claim(a.port->self, 1, MINE, TTL, NULL), LA_OK);
		work_until_said(&a, rows[i].says);
		(void)snprintf(other, sizeof(other), "%032x", 2 + i);
		assert_int_equal(claim(&a, other), LA_LEDGER_CLAIMED); /* others do not wait for it */
		mark(&a, other);
		ask_redis("DEL t:m:" MINE, answer, sizeof(answer)); /* somebody repairs it */
		assert_int_equal(next(&a).verdict, LA_LEDGER_CLAIMED);
		mailer_close(&a, 10000);
		ask_redis("DEL t:m:" MINE, answer, sizeof(answer));
	}
}

static int
start(void **state)
{
	(void)state;
	private_redis_start(&redis, NULL);
	return (0);
}

static int
empty(void **state)
{
	char answer[64];

	(void)state;
	ask_redis("FLUSHALL", answer, sizeof(answer));
	return (0);
}

static int
finish(void **state)
{
	(void)state;
	private_redis_remove(&redis);
	return (0);
}

#define TEST(name) cmocka_unit_test_setup(name, empty)

/* A resolver that hangs for this name until it is told not to, then knows it: ours, in the place of libc's. */
#define SLOW_NAME "hangs.test"
static volatile bool resolver_answers;

int
getaddrinfo(const char *name, const char *service, const struct addrinfo *hints, struct addrinfo **found)
{
	int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **);

	*(void **)&real = dlsym(RTLD_NEXT, "getaddrinfo");
	if (name == NULL || strcmp(name, SLOW_NAME) != 0)
		return (real(name, service, hints, found));
	while (!resolver_answers)
		(void)usleep(1000);
	return (real("127.0.0.1", service, hints, found));
}

static void
a_resolver_that_hangs_holds_up_neither_the_loop_nor_the_end(void **state)
{
	struct private_redis by_name = {.pid = 0};
	struct mailer mailer;
	struct la_ledger_answer answer;
	char port[8], url[64];
	int64_t until_ms = la_clock_now_ms(NULL) + PATIENCE_MS;

	(void)state;
	(void)snprintf(port, sizeof(port), "%d", private_redis_port());
	private_redis_start(&by_name, (const char *const[]){"--port", port, "--bind", "127.0.0.1", NULL});
	(void)snprintf(url, sizeof(url), "redis://" SLOW_NAME ":%s", port);
	mailer_open_at(&mailer, url);
	la_ledger_redis_set_times(mailer.ledger, &quick);
	while (mailer.failures == 0) { /* said after a second; who waited for the resolver would never come back */
		assert_int_equal(work(&mailer, &answer), 0);
		assert_true(la_clock_now_ms(NULL) < until_ms);
	}
	assert_non_null(strstr(mailer.error.text, SLOW_NAME));
	assert_non_null(strstr(mailer.error.text, "the resolver does not answer"));
	mailer_close(&mailer, 100); /* with the look-up under way */
	mailer_open_at(&mailer, url);
	assert_int_equal(work(&mailer, &answer), 0);
	resolver_answers = true;
	assert_int_equal(claim(&mailer, MINE), LA_LEDGER_CLAIMED);
	mailer_close(&mailer, 10000);
	private_redis_remove(&by_name);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(what_is_claimed_is_ours_and_what_is_marked_is_done_for_everybody),
	    TEST(a_claim_that_is_given_back_is_anybodys_and_only_its_owner_can_give_it_back),
	    TEST(the_claim_of_a_mailer_that_is_gone_is_taken_over_by_one),
	    TEST(a_mailer_that_works_keeps_its_claims_and_one_that_hung_knows_that_it_did),
	    TEST(what_was_asked_is_answered_however_often_the_server_goes_away),
	    TEST(many_asks_go_in_one_pipeline),
	    TEST(commands_that_come_late_change_nothing),
	    TEST(a_claim_that_comes_when_another_mailer_gave_the_job_back_is_nobodys),
	    TEST(a_claim_that_was_asked_for_again_is_not_taken_over_by_who_saw_it_before),
	    TEST(a_claim_of_a_former_version_is_waited_for_and_taken_over),
	    TEST(an_entry_that_is_none_of_ours_is_a_failing_side),
	    TEST(a_resolver_that_hangs_holds_up_neither_the_loop_nor_the_end),
	};

	(void)signal(SIGPIPE, SIG_IGN);
	return (cmocka_run_group_tests(tests, start, finish));
}
