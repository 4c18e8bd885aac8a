/*
 * recipient.url over libcurl against a real HTTPS server that behaves as badly as the member id says
 * (tests/support/member_directory.py).
 */
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "certificate.h"
#include "conf_set.h"

#include <sodium.h>

#include "common/clock.h"
#include "mailer/directory_curl.h"

#define TIMEOUT_MS 30000 /* half of it for the connection, which begins with reading all of the system's certificates */
#define SHORT_TIMEOUT_MS 2000

/* A server and one who asks it. */
struct world {
	char folder[64];
	int port;
	pid_t pid;
	struct la_conf *conf;
	struct la_directory_curl *directory;
	const struct la_directory *port_of;
};

static void
start_server(struct world *world)
{
	char port_file[128], log[128];
	FILE *file = NULL;

	(void)snprintf(world->folder, sizeof(world->folder), "/tmp/la-directory-XXXXXX");
	assert_non_null(mkdtemp(world->folder));
	(void)snprintf(port_file, sizeof(port_file), "%s/port", world->folder);
	(void)snprintf(log, sizeof(log), "%s/log", world->folder);
	world->pid = fork();
	if (world->pid == 0) {
		execlp("python3", "python3", LA_TEST_SOURCE_DIR "/tests/support/member_directory.py", "--certificate",
		    trusted.pem, "--key", trusted.key, "--port-file", port_file, "--log", log, "--token", "sesame",
		    "--die-with-parent", NULL);
		_exit(127);
	}
	for (int i = 0; i < 3000 && file == NULL; i++) {
		(void)usleep(10000);
		file = fopen(port_file, "r");
	}
	assert_non_null(file);
	assert_int_equal(fscanf(file, "%d", &world->port), 1);
	(void)fclose(file);
}

static void
write_token(const char *token)
{
	FILE *file = fopen(trusted.password, "w");

	assert_non_null(file);
	assert_true(fputs(token, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

/* host, or host and another port; trusts: is the server's certificate among those that are trusted? */
static void
open_client(struct world *world, const char *host, bool trusts, const char *token)
{
	struct la_error error = LA_ERROR_INIT;

	assert_int_equal(la_conf_new(&world->conf, LA_PROGRAM_MAILER), LA_OK);
	set(world->conf, "recipient.url=https://%s:%d/m/{member_id}", host, world->port);
	if (trusts)
		set(world->conf, "recipient.ca.file=%s", trusted.pem);
	if (token != NULL) {
		write_token(token);
		set(world->conf, "recipient.token.file=%s", trusted.password);
	}
	if (la_directory_curl_new(&world->directory, world->conf, &error) != LA_OK)
		fail_msg("%s", error.text);
	la_directory_curl_set_timeout(world->directory, TIMEOUT_MS);
	world->port_of = la_directory_curl_port(world->directory);
}

static void
close_client(struct world *world)
{
	la_directory_curl_free(world->directory);
	la_conf_free(world->conf);
	world->directory = NULL;
	world->conf = NULL;
}

static int
setup(void **state)
{
	struct world *world = calloc(1, sizeof(*world));

	start_server(world);
	open_client(world, "127.0.0.1", true, "sesame\n");
	*state = world;
	return (0);
}

static int
teardown(void **state)
{
	struct world *world = *state;
	char command[128];

	close_client(world);
	(void)kill(world->pid, SIGTERM);
	(void)waitpid(world->pid, NULL, 0);
	(void)snprintf(command, sizeof(command), "rm -r %s", world->folder);
	free(world);
	return (system(command));
}

static struct la_directory_answer
answer_of(struct world *world, const char *member_id)
{
	struct la_directory_answer answer;
	struct la_error error = LA_ERROR_INIT;

	memset(&answer, 0xff, sizeof(answer));
	if (la_directory_curl_ask(
	        world->directory, la_span_text("default"), la_span_text(member_id), &answer, &error) != LA_OK)
		fail_msg("%s", error.text);
	return (answer);
}

/* Lines of the server's log with that text in them. */
static int
logged(const struct world *world, const char *text)
{
	char path[128], line[4096];
	int count = 0;
	FILE *file;

	(void)snprintf(path, sizeof(path), "%s/log", world->folder);
	file = fopen(path, "r");
	while (file != NULL && fgets(line, sizeof(line), file) != NULL)
		count += strstr(line, text) != NULL;
	if (file != NULL)
		(void)fclose(file);
	return (count);
}

/* Once more when it did not even get to the server in its time, which may stand still. */
static struct la_directory_answer
answer_that_was_asked_for(struct world *world, const char *member_id)
{
	struct la_directory_answer answer;
	char line[128];
	int tries = 0;

	(void)snprintf(line, sizeof(line), " /m/%s Bearer sesame\n", member_id);
	do {
		assert_in_range(++tries, 1, 3);
		answer = answer_of(world, member_id);
	} while (logged(world, line) == 0);
	return (answer);
}

static void
each_answer_has_its_verdict_and_shows_nothing_of_the_payload(void **state)
{
	static const struct {
		const char *member_id;
		enum la_directory_verdict verdict;
		const char *detail; /* part of it */
	} rows[] = {
	    {"m-1", LA_DIRECTORY_FOUND, ""},
	    {"en-m", LA_DIRECTORY_FOUND, ""},
	    {"status-404", LA_DIRECTORY_NONE, ": HTTP 404, no such member"},
	    {"status-410", LA_DIRECTORY_NONE, ": HTTP 410, no such member"},
	    {"big-404", LA_DIRECTORY_NONE, ": HTTP 404, no such member"},
	    {"null", LA_DIRECTORY_NONE, ": the member has no address"},
	    {"status-401", LA_DIRECTORY_AT_FAULT, ": HTTP 401, it refuses us"},
	    {"status-403", LA_DIRECTORY_AT_FAULT, ": HTTP 403, it refuses us"},
	    {"status-400", LA_DIRECTORY_LATER, ": HTTP 400"},
	    {"status-429", LA_DIRECTORY_LATER, ": HTTP 429"},
	    {"status-500", LA_DIRECTORY_LATER, ": HTTP 500"},
	    {"retry", LA_DIRECTORY_LATER, ": HTTP 503"},
	    {"redirect", LA_DIRECTORY_LATER, ": HTTP 302, and redirects are not followed"},
	    {"html", LA_DIRECTORY_LATER, ": 200 with another Content-Type"},
	    {"broken", LA_DIRECTORY_LATER, ": 200 without a valid JSON object"},
	    {"big", LA_DIRECTORY_LATER, ": an answer of more than 16384 bytes"},
	    {"headers", LA_DIRECTORY_LATER, ": an answer of more than 65536 bytes of headers"},
	    {"garbage", LA_DIRECTORY_LATER, ": "},
	    {"cut", LA_DIRECTORY_LATER, ": "},
	    {"stall", LA_DIRECTORY_LATER, ": no answer in time"},
	    {"drip", LA_DIRECTORY_LATER, ": no answer in time"},
	};
	struct world *world = *state;
	char start[40];

	(void)snprintf(start, sizeof(start), "127.0.0.1:%d: ", world->port);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		bool is_late = strcmp(rows[i].detail, ": no answer in time") == 0;
		struct la_directory_answer answer;

		la_directory_curl_set_timeout(world->directory, is_late ? SHORT_TIMEOUT_MS : TIMEOUT_MS);
		answer = answer_that_was_asked_for(world, rows[i].member_id);
		if (answer.verdict != rows[i].verdict || strstr(answer.detail, rows[i].detail) == NULL)
			fail_msg("%s: %d, %s", rows[i].member_id, answer.verdict, answer.detail);
		assert_int_equal(answer.retry_after_ms, strcmp(rows[i].member_id, "retry") == 0 ? 7000 : 0);
		assert_null(strstr(answer.detail, "secret"));
		if (answer.verdict != LA_DIRECTORY_FOUND)
			assert_ptr_equal(strstr(answer.detail, start), answer.detail);
		if (strcmp(rows[i].member_id, "en-m") == 0) {
			assert_string_equal(answer.email.bytes, "m@example.jp");
			assert_string_equal(answer.locale.bytes, "en");
		}
		assert_int_equal(answer.email.present, answer.verdict == LA_DIRECTORY_FOUND);
	}
	assert_int_equal(logged(world, "elsewhere"), 0);
	assert_int_equal(logged(world, " Bearer sesame\n"), logged(world, "connection "));
}

static void
a_member_id_arrives_as_it_is(void **state)
{
	static const char member_id[] = "../a b/c?d=e&f#g%2F日\r\nX-Header: y";
	struct world *world = *state;
	struct la_directory_answer answer = answer_of(world, member_id);

	assert_int_equal(answer.verdict, LA_DIRECTORY_FOUND);
	assert_int_equal(logged(world, "connection 1 /m/..%2Fa%20b%2Fc%3Fd%3De%26f%23g%252F%E6%97%A5%0D%0AX-Header%3A%20y Bearer"), 1);
}

/* Work without waiting, as the loop does; gives what has come within ms. */
static size_t
work_for(struct world *world, int64_t ms, struct la_directory_answer *out, size_t cap)
{
	int64_t until_ms = la_clock_now_ms(NULL) + ms, left_ms, wait_ms;
	struct la_error error = LA_ERROR_INIT;
	size_t total = 0, count;

	while (total < cap && (left_ms = until_ms - la_clock_now_ms(NULL)) > 0) {
		struct pollfd fd = {.fd = world->port_of->fd(world->port_of->self), .events = POLLIN};

		wait_ms = world->port_of->wait_ms(world->port_of->self);
		(void)poll(&fd, 1, (int)(wait_ms < left_ms ? wait_ms : left_ms));
		if (world->port_of->work(world->port_of->self, out + total, cap - total, &count, &error) != LA_OK)
			fail_msg("%s", error.text);
		total += count;
	}
	return (total);
}

static void
ask(struct world *world, uint64_t token, const char *member_id)
{
	struct la_error error = LA_ERROR_INIT;

	if (world->port_of->ask(world->port_of->self, token, la_span_text("default"), la_span_text(member_id), &error) != LA_OK)
		fail_msg("%s", error.text);
}

static void
sixteen_are_asked_for_at_once_and_a_stall_holds_up_nobody(void **state)
{
	struct world *world = *state;
	struct la_directory_answer answers[64];
	bool seen[64] = {false};
	char member_id[16], email[32];
	size_t count = 0;
	uint64_t token = 0;
	int64_t began_ms = la_clock_now_ms(NULL);

	la_directory_curl_set_timeout(world->directory, 2 * TIMEOUT_MS);
	for (; token < 8; token++)
		ask(world, token, "stall");
	while (count < 40) {
		for (; token < 48 && world->port_of->room(world->port_of->self) > 0; token++) {
			(void)snprintf(member_id, sizeof(member_id), "m%d", (int)token);
			ask(world, token, member_id);
		}
		if (token < 48) {
			assert_int_equal(world->port_of->room(world->port_of->self), 0);
			assert_int_equal(world->port_of->ask(world->port_of->self, 0, la_span_text("default"), la_span_text("m"), NULL),
			    LA_EUNAVAILABLE);
		}
		count += work_for(world, 10000, answers + count, 1);
		assert_true(la_clock_now_ms(NULL) - began_ms < TIMEOUT_MS);
	}
	for (size_t i = 0; i < 40; i++) {
		assert_int_equal(answers[i].verdict, LA_DIRECTORY_FOUND);
		assert_in_range(answers[i].token, 8, 47);
		assert_false(seen[answers[i].token]);
		seen[answers[i].token] = true;
		(void)snprintf(email, sizeof(email), "m%d@example.jp", (int)answers[i].token);
		assert_string_equal(answers[i].email.bytes, email);
	}
	assert_int_equal(world->port_of->room(world->port_of->self), 8);
	assert_int_equal(logged(world, "connection 17 "), 0); /* connections are kept */
}

static void
connections_are_kept_and_one_that_was_cut_costs_nothing(void **state)
{
	struct world *world = *state;
	struct la_directory_answer answer;

	for (int i = 0; i < 5; i++)
		assert_int_equal(answer_of(world, "m").verdict, LA_DIRECTORY_FOUND);
	assert_int_equal(logged(world, "connection 1 /m/m "), 5);
	for (int i = 0; i < 5; i++) { /* each finds the connection of the one before closed */
		answer = answer_of(world, "bye");
		if (answer.verdict != LA_DIRECTORY_FOUND)
			fail_msg("%s", answer.detail);
	}
	assert_int_equal(logged(world, " /m/bye "), 5);
}

/* The loop sleeps when there is nothing to do. */
static void
without_a_question_there_is_nothing_to_wait_for(void **state)
{
	struct world *world = *state;
	struct la_directory_answer answer;
	struct pollfd fd = {.fd = world->port_of->fd(world->port_of->self), .events = POLLIN};
	int turns = 0;

	assert_int_equal(world->port_of->wait_ms(world->port_of->self), INT64_MAX);
	assert_int_equal(answer_of(world, "m").verdict, LA_DIRECTORY_FOUND);
	assert_int_equal(answer_of(world, "bye").verdict, LA_DIRECTORY_FOUND);
	while (poll(&fd, 1, 300) > 0 && turns < 100) {
		assert_int_equal(work_for(world, 1, &answer, 1), 0);
		turns++;
	}
	assert_true(turns < 10);
}

static void
without_trust_or_the_right_name_or_token_nobody_is_asked_for(void **state)
{
	struct world *world = *state;
	struct la_directory_answer answer;
	struct la_error error = LA_ERROR_INIT;

	close_client(world);
	open_client(world, "127.0.0.1", false, "sesame");
	answer = answer_of(world, "m");
	if (answer.verdict != LA_DIRECTORY_AT_FAULT || strstr(answer.detail, "SSL peer certificate") == NULL)
		fail_msg("%d, %s", answer.verdict, answer.detail);
	close_client(world);

	open_client(world, "127.0.0.2", true, "sesame"); /* it is bound to 127.0.0.1 */
	assert_int_equal(answer_of(world, "m").verdict, LA_DIRECTORY_LATER);
	close_client(world);
	assert_int_equal(logged(world, "/"), 0);

	open_client(world, "localhost", true, "other");
	answer = answer_of(world, "m");
	if (answer.verdict != LA_DIRECTORY_AT_FAULT)
		fail_msg("%d, %s", answer.verdict, answer.detail);
	assert_int_equal(la_directory_curl_check(world->directory, &error), LA_EUNAVAILABLE);
	assert_non_null(strstr(error.text, "HTTP 401"));
	close_client(world);

	open_client(world, "localhost", true, "sesame");
	assert_int_equal(la_directory_curl_check(world->directory, &error), LA_OK);
	assert_int_equal(logged(world, "/m/login-alert-check Bearer sesame"), 1);
}

/* A certificate that is trusted, for another host. */
static void
a_certificate_for_another_name_is_the_directorys_fault(void **state)
{
	struct world *world = *state;
	char command[512];
	struct la_directory_answer answer;

	(void)teardown(state);
	(void)snprintf(command, sizeof(command),
	    "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=elsewhere"
	    " -addext subjectAltName=DNS:elsewhere.example -keyout %s -out %s 2>/dev/null", trusted.key, trusted.pem);
	assert_int_equal(system(command), 0);
	(void)setup(state);
	world = *state;
	answer = answer_of(world, "m");
	assert_int_equal(answer.verdict, LA_DIRECTORY_AT_FAULT);
	assert_int_equal(logged(world, "/"), 0);
}

static void
a_server_that_is_not_there_is_asked_later(void **state)
{
	struct world *world = *state;
	struct la_directory_answer answer;

	(void)kill(world->pid, SIGKILL);
	(void)waitpid(world->pid, NULL, 0);
	answer = answer_of(world, "m");
	assert_int_equal(answer.verdict, LA_DIRECTORY_LATER);
}

static void
a_token_that_could_end_its_line_is_refused(void **state)
{
	static const char *const tokens[] = {"a b", "a\r\nX: y", "\xc3\xa9", "\t"};
	struct world *world = *state;
	struct la_directory_curl *directory = NULL;
	struct la_error error = LA_ERROR_INIT;

	for (size_t i = 0; i < sizeof(tokens) / sizeof(tokens[0]); i++) {
		write_token(tokens[i]);
		assert_int_equal(la_directory_curl_new(&directory, world->conf, &error), LA_ECONFIG);
		assert_ptr_equal(strstr(error.text, "recipient.token.file: "), error.text);
		assert_null(strstr(error.text, tokens[i]));
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(each_answer_has_its_verdict_and_shows_nothing_of_the_payload),
	    TEST(a_member_id_arrives_as_it_is),
	    TEST(sixteen_are_asked_for_at_once_and_a_stall_holds_up_nobody),
	    TEST(connections_are_kept_and_one_that_was_cut_costs_nothing),
	    TEST(without_a_question_there_is_nothing_to_wait_for),
	    TEST(without_trust_or_the_right_name_or_token_nobody_is_asked_for),
	    TEST(a_server_that_is_not_there_is_asked_later),
	    TEST(a_token_that_could_end_its_line_is_refused),
	    TEST(a_certificate_for_another_name_is_the_directorys_fault), /* last: it replaces the others' */
	};

	(void)signal(SIGPIPE, SIG_IGN);
	return (sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, make_certificate, remove_certificate));
}
