/* What is asked of the ledger and not answered yet, and the commands that ask it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "mailer/asks.h"
#include "mailer/ledger_command.h"

static void
add(struct la_asks *asks, enum la_ask_kind kind, uint64_t token)
{
	assert_int_equal(la_asks_add(asks, &(struct la_ask){.kind = kind, .token = token, .number = token}), LA_OK);
}

static void
answers_come_in_the_order_of_the_asks(void **state)
{
	struct la_asks asks = {.ring = NULL};
	uint64_t added = 0, sent = 0, answered = 0;

	(void)state;
	srand(11);
	assert_null(la_asks_send(&asks));
	assert_null(la_asks_awaited(&asks));
	while (answered < 3000) {
		switch (rand() % 3) {
		case 0:
			for (int i = rand() % 40; i > 0; i--)
				add(&asks, LA_ASK_CLAIM, added++);
			break;
		case 1:
			for (struct la_ask *ask; (ask = la_asks_send(&asks)) != NULL;)
				assert_int_equal(ask->token, sent++);
			break;
		default:
			for (int i = rand() % 40; i > 0 && la_asks_awaited(&asks) != NULL; i--) {
				assert_int_equal(la_asks_awaited(&asks)->token, answered++);
				la_asks_take(&asks);
			}
		}
	}
	la_asks_clear(&asks);
}

static void
after_a_lost_connection_all_are_asked_again_before_what_was_asked_later(void **state)
{
	static const enum la_ask_kind kinds[] = {LA_ASK_CLAIM, LA_ASK_MARK, LA_ASK_RELEASE, LA_ASK_TAKE_OVER};
	struct la_asks asks = {.ring = NULL}, waiting = {.ring = NULL};
	uint64_t number = 100;

	(void)state;
	for (uint64_t i = 0; i < 64; i++) /* the ring is full */
		add(&asks, i == 20 ? LA_ASK_BEAT : i == 30 ? LA_ASK_ASKING : kinds[i % 4], i);
	for (int i = 0; i < 10; i++)
		assert_non_null(la_asks_send(&asks));
	for (uint64_t i = 64; i < 70; i++)
		add(&waiting, LA_ASK_CLAIM, i);
	assert_int_equal(la_asks_move(&asks, &waiting, &number), LA_OK);
	assert_null(la_asks_awaited(&asks));
	assert_null(la_asks_send(&asks));
	assert_null(la_asks_awaited(&waiting));
	assert_int_equal(number, 105);
	number = 100;
	for (uint64_t i = 0; i < 70; i++) {
		const struct la_ask *ask = i == 20 || i == 30 ? NULL : la_asks_send(&waiting);

		if (ask == NULL)
			continue;
		assert_int_equal(ask->token, i);
		/* those of the ten that were sent which claim */
		assert_int_equal(ask->number, i < 10 && (i % 4 == 0 || i % 4 == 3) ? ++number : i);
	}
	assert_null(la_asks_send(&waiting));
	add(&asks, LA_ASK_CLAIM, 1);
	assert_int_equal(la_asks_send(&asks)->token, 1);
	la_asks_clear(&asks);
	la_asks_clear(&waiting);
}

#define JOB "0123456789abcdef0123456789abcdef"
#define MINE "$33\r\nc00112233445566ff0000000000000017\r\n"
#define OTHER "cffeeddccbbaa99880000000000000042"
#define FREE "rffeeddccbbaa99880000000000000042"
#define OURS "c00112233445566ff0000000000000016"
#define FOUND "cffeeddccbbaa99880000000000000041"

static void
commands_are_what_the_header_says(void **state)
{
	static const struct la_ledger_names names = {.prefix = "la1", .mailer = "00112233445566ff", .lease_ms = 10000};
	static const struct {
		struct la_ask ask;
		const char *ends;
	} rows[] = {
	    {{.kind = LA_ASK_BEAT},
	        "*5\r\n$3\r\nSET\r\n$27\r\nla1:mailer:00112233445566ff\r\n$1\r\n1\r\n$2\r\nPX\r\n$5\r\n10000\r\n"},
	    {{.kind = LA_ASK_MARK, .job_id = JOB, .ttl_s = 77},
	        "*5\r\n$3\r\nSET\r\n$38\r\nla1:m:" JOB "\r\n$1\r\ns\r\n$2\r\nEX\r\n$2\r\n77\r\n"},
	    {{.kind = LA_ASK_IS_ALIVE, .other = OTHER},
	        "*2\r\n$6\r\nEXISTS\r\n$27\r\nla1:mailer:ffeeddccbbaa9988\r\n"},
	    {{.kind = LA_ASK_CLAIM, .job_id = JOB, .ttl_s = 5, .number = 17},
	        "$1\r\n1\r\n$38\r\nla1:m:" JOB "\r\n" MINE "$1\r\n5\r\n$0\r\n\r\n"},
	    {{.kind = LA_ASK_TAKE_OVER, .job_id = JOB, .ttl_s = 5, .number = 17, .other = OTHER},
	        MINE "$1\r\n5\r\n$33\r\n" OTHER "\r\n"},
	    {{.kind = LA_ASK_ASKING}, "*1\r\n$6\r\nASKING\r\n"},
	    {{.kind = LA_ASK_RELEASE, .job_id = JOB, .number = 17},
	        "$1\r\n1\r\n$38\r\nla1:m:" JOB "\r\n" MINE "$3\r\n600\r\n"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct la_buf out = LA_BUF_INIT;
		size_t size = strlen(rows[i].ends);

		assert_int_equal(la_ledger_command(&out, &names, &rows[i].ask), LA_OK);
		assert_true(out.size >= size);
		assert_memory_equal(out.data + out.size - size, rows[i].ends, size);
		la_buf_clear(&out);
	}
}

static void
answers_mean_what_the_header_says(void **state)
{
	static const struct la_ledger_names names = {.mailer = "00112233445566ff"};
	static const struct {
		enum la_ask_kind kind;
		struct la_ledger_reply reply;
		enum la_ledger_reading reading;
		enum la_ledger_verdict verdict; /* ANSWERED */
		enum la_ask_kind next;          /* ASK_MORE */
	} rows[] = {
	    {LA_ASK_BEAT, {.text = "OK"}, LA_LEDGER_NOTED, 0, 0},
	    {LA_ASK_BEAT, {.is_integer = true}, LA_LEDGER_UNREADABLE, 0, 0},
	    {LA_ASK_CLAIM, {.is_integer = true, .integer = 1}, LA_LEDGER_ANSWERED, LA_LEDGER_CLAIMED, 0},
	    {LA_ASK_CLAIM, {.text = "s"}, LA_LEDGER_ANSWERED, LA_LEDGER_DONE, 0},
	    {LA_ASK_CLAIM, {.text = OTHER}, LA_LEDGER_ASK_MORE, 0, LA_ASK_IS_ALIVE},
	    {LA_ASK_CLAIM, {.text = OTHER "9"}, LA_LEDGER_UNREADABLE, 0, 0},
	    {LA_ASK_CLAIM, {.text = "cffeeddccbbaa9988"}, LA_LEDGER_ASK_MORE, 0, LA_ASK_IS_ALIVE}, /* a former version's */
	    {LA_ASK_CLAIM, {.text = "rffeeddccbbaa9988"}, LA_LEDGER_UNREADABLE, 0, 0},
	    {LA_ASK_CLAIM, {.text = FREE}, LA_LEDGER_ASK_MORE, 0, LA_ASK_CLAIM},
	    {LA_ASK_CLAIM, {.text = OURS}, LA_LEDGER_ASK_MORE, 0, LA_ASK_CLAIM},
	    {LA_ASK_CLAIM, {.text = "t"}, LA_LEDGER_UNREADABLE, 0, 0},
	    {LA_ASK_CLAIM, {.text = ""}, LA_LEDGER_UNREADABLE, 0, 0},
	    {LA_ASK_CLAIM, {.text = NULL}, LA_LEDGER_UNREADABLE, 0, 0},
	    {LA_ASK_IS_ALIVE, {.is_integer = true, .integer = 1}, LA_LEDGER_ANSWERED, LA_LEDGER_BUSY, 0},
	    {LA_ASK_IS_ALIVE, {.is_integer = true}, LA_LEDGER_ASK_MORE, 0, LA_ASK_TAKE_OVER},
	    {LA_ASK_IS_ALIVE, {.text = "1"}, LA_LEDGER_UNREADABLE, 0, 0},
	    {LA_ASK_TAKE_OVER, {.is_integer = true, .integer = 1}, LA_LEDGER_ANSWERED, LA_LEDGER_TAKEN_OVER, 0},
	    {LA_ASK_TAKE_OVER, {.text = "s"}, LA_LEDGER_ANSWERED, LA_LEDGER_DONE, 0},
	    {LA_ASK_TAKE_OVER, {.text = OTHER}, LA_LEDGER_ANSWERED, LA_LEDGER_BUSY, 0},
	    {LA_ASK_TAKE_OVER, {.text = OURS}, LA_LEDGER_ASK_MORE, 0, LA_ASK_TAKE_OVER},
	    {LA_ASK_TAKE_OVER, {.text = FREE}, LA_LEDGER_ASK_MORE, 0, LA_ASK_CLAIM},
	    {LA_ASK_TAKE_OVER, {.text = ""}, LA_LEDGER_ASK_MORE, 0, LA_ASK_CLAIM}, /* it was forgotten meanwhile */
	    {LA_ASK_TAKE_OVER, {.text = FOUND}, LA_LEDGER_UNREADABLE, 0, 0}, /* that is what may be replaced */
	    {LA_ASK_MARK, {.text = "OK"}, LA_LEDGER_ANSWERED, LA_LEDGER_MARKED, 0},
	    {LA_ASK_MARK, {.text = NULL}, LA_LEDGER_UNREADABLE, 0, 0},
	    {LA_ASK_RELEASE, {.is_integer = true, .integer = 1}, LA_LEDGER_NOTED, 0, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct la_ask ask = {.kind = rows[i].kind, .token = 9, .job_id = JOB, .ttl_s = 3}, next;
		enum la_ledger_verdict verdict;

		if (ask.kind == LA_ASK_TAKE_OVER)
			(void)snprintf(ask.other, sizeof(ask.other), FOUND);
		assert_int_equal(la_ledger_read(&names, &ask, &rows[i].reply, &verdict, &next), rows[i].reading);
		if (rows[i].reading == LA_LEDGER_ANSWERED)
			assert_int_equal(verdict, rows[i].verdict);
		if (rows[i].reading != LA_LEDGER_ASK_MORE)
			continue;
		assert_int_equal(next.kind, rows[i].next);
		assert_int_equal(next.token, 9);
		assert_string_equal(next.job_id, JOB);
		if (ask.kind != LA_ASK_IS_ALIVE)
			assert_string_equal(next.other, rows[i].reply.text);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(answers_come_in_the_order_of_the_asks),
	    cmocka_unit_test(after_a_lost_connection_all_are_asked_again_before_what_was_asked_later),
	    cmocka_unit_test(commands_are_what_the_header_says),
	    cmocka_unit_test(answers_mean_what_the_header_says),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
