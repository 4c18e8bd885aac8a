/*
 * "Outcome by stage and reply code" (DESIGN.md section 7), every cell of it: what the loop does with a mail, its offset
 * and its Delivery record when a real relay answers so at that stage, once and for ever. The table that is seen is the
 * one in consumer/mailer/README.md, or the test fails; LA_WRITE_TABLE=1 writes it there.
 */
#include "table_world.h"

#include "common/file.h"
#include "mailer/smtp_outcome.h"

/* Of the job that the relay never takes: time for a second try, also when each ends with five minutes of silence. */
#define NOT_AFTER_MS 45000
#define NOT_AFTER_SILENCE_MS 360000
#define README LA_TEST_SOURCE_DIR "/consumer/mailer/README.md"
#define TABLE_BEGINS "<!-- written by tests/adapter/test_outcome_table.c -->\n"
#define TABLE_ENDS "<!-- end of what is written -->\n"

static const struct {
	const char *at;
	enum la_smtp_stage stage;
} stages[] = {{"banner", LA_SMTP_BANNER}, {"ehlo", LA_SMTP_EHLO}, {"starttls", LA_SMTP_STARTTLS},
    {"auth", LA_SMTP_AUTH}, {"mail", LA_SMTP_MAIL}, {"rcpt", LA_SMTP_RCPT}, {"data", LA_SMTP_DATA},
    {"end", LA_SMTP_END_OF_DATA}};

static const struct {
	const char *name, *rule, *enhanced;
	int code; /* 0: no reply */
} answers[] = {{"421", "\"reply\": \"421 4.3.2 no\"", "4.3.2", 421}, {"450", "\"reply\": \"450 4.2.0 no\"", "4.2.0", 450},
    {"451", "\"reply\": \"451 4.3.0 no\"", "4.3.0", 451}, {"452", "\"reply\": \"452 4.3.1 no\"", "4.3.1", 452},
    {"530", "\"reply\": \"530 5.7.0 no\"", "5.7.0", 530}, {"535", "\"reply\": \"535 5.7.8 no\"", "5.7.8", 535},
    {"550", "\"reply\": \"550 5.1.1 no\"", "5.1.1", 550}, {"552", "\"reply\": \"552 5.3.4 no\"", "5.3.4", 552},
    {"554", "\"reply\": \"554 5.0.0 no\"", "5.0.0", 554}, {"drop", "\"drop\": true", "", 0},
    {"stall", "\"stall\": true", "", 0}};

#define STAGES (sizeof(stages) / sizeof(stages[0]))
#define ANSWERS (sizeof(answers) / sizeof(answers[0]))

/* What a cell may be: how it is told from the others, and how it is told in the README. */
static const struct kind {
	const char *name;
	enum la_relay_outcome outcome; /* of the try, at the relay's port */
	bool is_paused;                /* the bus, until the next try; others go on else */
	int64_t wait_ms;               /* until the next try, up to a quarter more; 0: there is none */
	enum la_delivered taken, never; /* Delivery when the next try is taken; when no try is */
	int taken_attempts, never_attempts; /* never_attempts 0: several */
	bool never_has_code;
	const char *again, *others, *offset, *taken_text, *never_text;
} kinds[] = {
    {"later", LA_RELAY_DEFER, false, 30000, LA_DELIVERED_SENT, LA_DELIVERED_EXPIRED, 2, 0, true,
     "after 30 s, 2 m, … (`retry.schedule`)", "go on", "stays", "SENT, 250, 2 attempts",
     "EXPIRED at `not_after`, the last code"},
    {"relay rests", LA_RELAY_DEFER, true, 1000, LA_DELIVERED_SENT, LA_DELIVERED_EXPIRED, 2, 0, true,
     "after 1 s, 2 s, … 30 s, one mail at a time", "wait; the bus is paused", "stays", "SENT, 250, 2 attempts",
     "EXPIRED at `not_after`, the last code"},
    {"at fault", LA_RELAY_AT_FAULT, true, 1000, LA_DELIVERED_SENT, LA_DELIVERED_EXPIRED, 2, 0, true,
     "after 1 s, 2 s, … 30 s, this mail first", "wait; the bus is paused", "stays", "SENT, 250, 2 attempts",
     "EXPIRED at `not_after`, the last code"},
    {"refused", LA_RELAY_REFUSED, false, 0, LA_DELIVERED_REFUSED, LA_DELIVERED_REFUSED, 1, 1, true, "never", "go on",
     "goes on", "REFUSED, the code, 1 attempt", "the same"},
    {"cut", LA_RELAY_UNKNOWN, false, 30000, LA_DELIVERED_SENT, LA_DELIVERED_UNKNOWN, 2, 2, false,
     "once, after 30 s, with the same Message-ID", "go on", "stays", "SENT, 250, 2 attempts",
     "UNKNOWN, no code, 2 attempts"}};

#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

/* Section 7, written down a second time. */
static const char *
expected_kind(enum la_smtp_stage stage, int code)
{
	if (code == 530 || code == 535 || (code >= 500 && stage < LA_SMTP_RCPT))
		return ("at fault");
	if (code >= 500)
		return ("refused");
	if (stage < LA_SMTP_RCPT)
		return ("relay rests");
	return (code == 0 && stage == LA_SMTP_END_OF_DATA ? "cut" : "later");
}

/* ---- one cell ---- */

struct seen {
	struct tries tries; /* of the run in which only the first try is answered so */
	struct la_delivery taken, never;
};

static void
check_delivery(const struct la_delivery *delivery, const struct table *table, const char *enhanced)
{
	char id[64];

	(void)snprintf(id, sizeof(id), "<%032x@jal.com>", (unsigned)FIRST);
	assert_string_equal(delivery->message_id.bytes, id);
	assert_string_equal(delivery->relay.bytes, table->real->names[0]);
	assert_string_equal(delivery->template_rev.bytes, table->world->brand->template_rev);
	assert_string_equal(la_span_present(la_text_span(&delivery->enhanced_code)) ? delivery->enhanced_code.bytes : "",
	    enhanced);
}

/* The log names stage and answer, and nobody. */
static void
check_log(size_t s, size_t a)
{
	char what[80];

	(void)snprintf(what, sizeof(what), "%s at %s", a + 1 == ANSWERS ? "no answer in time" : "connection lost",
	    la_smtp_stage_name(stages[s].stage));
	if (answers[a].code != 0)
		(void)snprintf(what, sizeof(what), "%s %s at %s", answers[a].name, answers[a].enhanced,
		    la_smtp_stage_name(stages[s].stage));
	if (said(what) == 0 || said("example.jp") > 0 || said(CERTIFICATE_PASSWORD) > 0)
		fail_msg("%s, %s: %s", stages[s].at, answers[a].name, log_lines);
}

static void
run_table(struct table *table, size_t s, size_t a, bool once)
{
	char script[160];

	(void)snprintf(script, sizeof(script), "[{\"at\": \"%s\", %s%s}]", stages[s].at, answers[a].rule,
	    once ? ", \"times\": 1" : "");
	sink_write_script(table->sink, script);
	assert_int_equal(run(table->world), LA_OK);
	if (!is_all_committed(table->world))
		fail_msg("%s, %s: %s", stages[s].at, answers[a].name, log_lines);
	check_log(s, a);
}

/* As sink_mails, not from the first one each time. */
static int
count_mails(const struct sink *sink)
{
	static int count;

	while (sink_connection_of(sink, count + 1) != 0)
		count++;
	return (count);
}

/* The first try is answered so, what follows is taken; another job is behind it. */
static void
run_once(const struct sink *sink, size_t s, size_t a, struct seen *seen)
{
	int mails_before = count_mails(sink), of_first;
	struct table table;

	table_open(&table, sink);
	add(table.world, FIRST, "first");
	add(table.world, SECOND, "second");
	run_table(&table, s, a, true);
	seen->tries = table.tries;
	seen->taken = *delivery_of(table.world, FIRST);
	check_delivery(&seen->taken, &table, seen->tries.submitted == 1 ? answers[a].enhanced : "2.0.0");
	assert_int_equal(delivery_of(table.world, SECOND)->outcome, LA_DELIVERED_SENT);
	assert_int_equal(dead_letters(table.world), 0);
	of_first = count_mails(sink) - mails_before - 1;
	assert_int_equal(of_first, seen->taken.outcome == LA_DELIVERED_REFUSED ? 0
	        : seen->tries.outcome == LA_RELAY_UNKNOWN                    ? 2
	                                                                     : 1);
	table_close(&table);
}

/* Every try is answered so, until it is too late. */
static void
run_always(const struct sink *sink, size_t s, size_t a, struct seen *seen)
{
	struct la_alert_job job = job_to(FIRST, "first");
	struct table table;

	table_open(&table, sink);
	job.not_after_ms = T0 + (a + 1 == ANSWERS ? NOT_AFTER_SILENCE_MS : NOT_AFTER_MS);
	add_job(table.world, 0, &job);
	run_table(&table, s, a, false);
	seen->never = *delivery_of(table.world, FIRST);
	check_delivery(&seen->never, &table, answers[a].enhanced);
	assert_int_equal(seen->never.attempts, table.tries.submitted);
	assert_int_equal(seen->never.has_smtp_code ? seen->never.smtp_code : 0, answers[a].code);
	if (seen->never.outcome == LA_DELIVERED_EXPIRED)
		assert_true(seen->never.at_ms >= job.not_after_ms);
	for (size_t i = 1; i < table.world->send_count; i++)
		assert_string_equal(table.world->sends[i].message_id, table.world->sends[0].message_id);
	table_close(&table);
}

static bool
is_kind(const struct kind *kind, const struct seen *seen)
{
	const struct tries *tries = &seen->tries;
	bool is_again = tries->submitted > 1, others_go_on = tries->second_ms - tries->answered_ms[0] < 500;
	int64_t wait_ms = is_again ? tries->submitted_ms[1] - tries->answered_ms[0] : 0;

	return (tries->outcome == kind->outcome && tries->is_paused == kind->is_paused && is_again == (kind->wait_ms > 0) &&
	    others_go_on != kind->is_paused && wait_ms >= kind->wait_ms && wait_ms <= kind->wait_ms * 5 / 4 + 200 &&
	    (!is_again || tries->committed == 0) && seen->taken.outcome == kind->taken &&
	    seen->taken.attempts == kind->taken_attempts && seen->taken.has_smtp_code &&
	    seen->never.outcome == kind->never &&
	    (kind->never_attempts == 0 ? seen->never.attempts > 1 : seen->never.attempts == kind->never_attempts));
}

static const char *
kind_of(const struct seen *seen, size_t s, size_t a)
{
	const struct tries *tries = &seen->tries;

	for (size_t k = 0; k < KINDS; k++) {
		if (is_kind(&kinds[k], seen))
			return (kinds[k].name);
	}
	fail_msg("%s, %s: port %d, paused %d, tries %zu, answered at %lld, again at %lld, the other at %lld, committed %lld; "
	         "Delivery %d with %d attempts, %d with %d",
	    stages[s].at, answers[a].name, (int)tries->outcome, tries->is_paused, tries->submitted,
	    (long long)tries->answered_ms[0], (long long)tries->submitted_ms[1], (long long)tries->second_ms,
	    (long long)tries->committed, (int)seen->taken.outcome, seen->taken.attempts, (int)seen->never.outcome,
	    seen->never.attempts);
	return (NULL);
}

/* ---- the table ---- */

static const char *cells[STAGES][ANSWERS];

static bool
is_same_column(size_t a, size_t b)
{
	for (size_t s = 0; s < STAGES; s++) {
		if (strcmp(cells[s][a], cells[s][b]) != 0)
			return (false);
	}
	return (true);
}

static void
put(struct la_buf *text, const char *words)
{
	assert_int_equal(la_buf_add_text(text, words), LA_OK);
}

static void
put_cells(struct la_buf *text)
{
	put(text, "| |");
	for (size_t a = 0; a < ANSWERS; a++) {
		put(text, a > 0 && is_same_column(a - 1, a) ? ", " : a > 0 ? " | " : " ");
		put(text, answers[a].name);
	}
	put(text, " |\n|---|");
	for (size_t a = 0; a < ANSWERS; a++)
		put(text, a > 0 && is_same_column(a - 1, a) ? "" : "---|");
	for (size_t s = 0; s < STAGES; s++) {
		put(text, "\n| ");
		put(text, la_smtp_stage_name(stages[s].stage));
		for (size_t a = 0; a < ANSWERS; a++) {
			if (a > 0 && is_same_column(a - 1, a))
				continue;
			put(text, " | ");
			put(text, cells[s][a]);
		}
		put(text, " |");
	}
	put(text, "\n");
}

static void
put_kinds(struct la_buf *text)
{
	put(text, "\n| | the mail is tried again | other mails | its offset | Delivery if the next try is taken | if none is |\n"
	          "|---|---|---|---|---|---|\n");
	for (size_t k = 0; k < KINDS; k++) {
		const char *columns[] = {kinds[k].name, kinds[k].again, kinds[k].others, kinds[k].offset,
		    kinds[k].taken_text, kinds[k].never_text};

		for (size_t c = 0; c < 6; c++) {
			put(text, "| ");
			put(text, columns[c]);
			put(text, " ");
		}
		put(text, "|\n");
	}
}

static void
write_readme(struct la_span before, const char *table, const char *after)
{
	struct la_error error = LA_ERROR_INIT;
	struct la_buf text = LA_BUF_INIT;

	assert_int_equal(la_buf_add(&text, before.data, before.size), LA_OK);
	put(&text, table);
	put(&text, after);
	assert_int_equal(la_file_write(README, la_buf_span(&text), 0644, true, &error), LA_OK);
	la_buf_clear(&text);
}

static void
compare_with_readme(const char *table)
{
	struct la_error error = LA_ERROR_INIT;
	struct la_buf readme = LA_BUF_INIT;
	const char *begin, *end;

	assert_int_equal(la_file_read(README, 1 << 20, &readme, &error), LA_OK);
	assert_int_equal(la_buf_add(&readme, "", 1), LA_OK);
	begin = strstr((const char *)readme.data, TABLE_BEGINS);
	assert_non_null(begin);
	begin += strlen(TABLE_BEGINS);
	end = strstr(begin, TABLE_ENDS);
	assert_non_null(end);
	if (getenv("LA_WRITE_TABLE") != NULL)
		write_readme(la_span_of(readme.data, (size_t)((const unsigned char *)begin - readme.data)), table, end);
	else if (strncmp(begin, table, strlen(table)) != 0 || begin + strlen(table) != end)
		fail_msg("%s has another table than what was seen (LA_WRITE_TABLE=1 writes it):\n%s", README, table);
	la_buf_clear(&readme);
}

static void
every_cell_is_as_the_contract_says_and_as_the_readme_shows(void **state)
{
	static const char *options[] = {"--certificate", trusted.pem, "--key", trusted.key, "--user",
	    "mailer:" CERTIFICATE_PASSWORD, NULL};
	struct la_buf text = LA_BUF_INIT;
	struct sink sink;

	(void)state;
	sink_start(&sink, "[]", options);
	for (size_t s = 0; s < STAGES; s++) {
		for (size_t a = 0; a < ANSWERS; a++) {
			struct seen seen;

			run_once(&sink, s, a, &seen);
			run_always(&sink, s, a, &seen);
			cells[s][a] = kind_of(&seen, s, a);
			if (strcmp(cells[s][a], expected_kind(stages[s].stage, answers[a].code)) != 0)
				fail_msg("%s, %s: %s", stages[s].at, answers[a].name, cells[s][a]);
		}
	}
	sink_has_no_complaint(&sink);
	sink_stop(&sink);
	put_cells(&text);
	put_kinds(&text);
	assert_int_equal(la_buf_add(&text, "", 1), LA_OK);
	compare_with_readme((const char *)text.data);
	la_buf_clear(&text);
}

/* ---- no trust, no mail ---- */

static void
check_untrusted(const char *const *options, const char *script, const char *says)
{
	struct la_alert_job job = job_to(FIRST, "first");
	struct table table;
	struct sink sink;

	sink_start(&sink, script, options);
	table_open(&table, &sink);
	job.not_after_ms = T0 + NOT_AFTER_MS;
	add_job(table.world, 0, &job);
	assert_int_equal(run(table.world), LA_OK);
	if (said(says) == 0 || said(CERTIFICATE_PASSWORD) > 0 || said("example.jp") > 0)
		fail_msg("%s: %s", says, log_lines);
	assert_int_equal(table.tries.outcome, LA_RELAY_AT_FAULT);
	assert_true(table.tries.is_paused && table.tries.submitted > 3);
	assert_int_equal(delivery_of(table.world, FIRST)->outcome, LA_DELIVERED_EXPIRED);
	table_close(&table);
	assert_int_equal(sink_mails(&sink), 0);
	sink_has_no_complaint(&sink); /* a login without TLS is one */
	sink_stop(&sink);
}

static void
a_relay_that_cannot_be_trusted_is_at_fault_and_gets_neither_mail_nor_password(void **state)
{
	const char *stripped[] = {"--user", "mailer:" CERTIFICATE_PASSWORD, NULL};
	const char *no_login[] = {"--certificate", trusted.pem, "--key", trusted.key, NULL};
	const char *other[] = {"--certificate", NULL, "--key", NULL, "--user", "mailer:" CERTIFICATE_PASSWORD, NULL};
	struct certificate mine = trusted, theirs;

	assert_int_equal(make_certificate(state), 0);
	theirs = trusted;
	trusted = mine; /* what the mailer knows */
	other[1] = theirs.pem;
	other[3] = theirs.key;
	check_untrusted(stripped, "[]", "TLS is required, and not offered at STARTTLS");
	check_untrusted(other, "[]", "certificate or name not trusted at STARTTLS");
	check_untrusted(no_login, "[]", "no way to log in that both know");
	trusted = theirs;
	assert_int_equal(remove_certificate(state), 0);
	trusted = mine;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(every_cell_is_as_the_contract_says_and_as_the_readme_shows),
	    cmocka_unit_test(a_relay_that_cannot_be_trusted_is_at_fault_and_gets_neither_mail_nor_password)};

	(void)signal(SIGPIPE, SIG_IGN);
	return (cmocka_run_group_tests(tests, make_certificate, remove_certificate));
}
