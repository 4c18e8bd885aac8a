/* The report's folder: what stands in it already, of whoever, and a disk that is full. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/file.h"
#include "detector/report_os.h"

static char base[64], folder[96];

static const char *
in(const char *place, const char *name)
{
	static char path[4][160];
	static unsigned turn;
	char *out = path[turn++ % 4];

	(void)snprintf(out, sizeof(path[0]), "%s/%s", place, name);
	return (out);
}

static void
expect_file(const char *path, const char *text)
{
	struct la_buf bytes = LA_BUF_INIT;
	struct stat found;

	assert_int_equal(lstat(path, &found), 0);
	assert_true(S_ISREG(found.st_mode));
	assert_int_equal(found.st_mode & 07777, 0600);
	assert_int_equal(la_file_read(path, 1 << 20, &bytes, NULL), LA_OK);
	assert_true(la_span_is(la_buf_span(&bytes), text));
	la_buf_clear(&bytes);
}

static int
start(void **state)
{
	(void)state;
	(void)snprintf(base, sizeof(base), "/tmp/la-report-XXXXXX");
	if (mkdtemp(base) == NULL)
		return (-1);
	(void)snprintf(folder, sizeof(folder), "%s/report", base);
	return (0);
}

static int
finish(void **state)
{
	static const char *const names[] = {"decisions.jsonl", "decisions.jsonl.part", "summary.json", "report.html"};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		(void)unlink(in(folder, names[i]));
	(void)unlink(in(base, "theirs"));
	(void)rmdir(folder);
	return (rmdir(base));
}

static void
links_in_the_folder_are_replaced_and_lead_nowhere(void **state)
{
	static const char *const names[] = {"decisions.jsonl", "decisions.jsonl.part", "summary.json", "summary.json.part"};
	struct la_report_folder report;
	struct la_error error = LA_ERROR_INIT;
	const char *theirs = in(base, "theirs");

	(void)state;
	assert_int_equal(la_file_write(theirs, la_span_text("keep"), 0600, false, NULL), LA_OK);
	assert_int_equal(mkdir(folder, 0700), 0);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_int_equal(symlink(theirs, in(folder, names[i])), 0);
	assert_int_equal(la_report_open(&report, folder, &error), LA_OK);
	assert_int_equal(la_report_line(&report, la_span_text("{}"), &error), LA_OK);
	assert_int_equal(la_report_end_lines(&report, &error), LA_OK);
	assert_int_equal(la_report_file(&report, "summary.json", la_span_text("{}"), &error), LA_OK);
	la_report_close(&report);
	expect_file(in(folder, "decisions.jsonl"), "{}\n");
	expect_file(in(folder, "summary.json"), "{}");
	expect_file(in(base, "theirs"), "keep");
}

static void
a_disk_that_is_full_is_told_and_leaves_what_was_there(void **state)
{
	static char much[9000];
	struct rlimit usual, little;
	struct la_report_folder report;
	struct la_error error = LA_ERROR_INIT;
	enum la_err lines = LA_OK, file;

	(void)state;
	(void)memset(much, 'x', sizeof(much));
	assert_int_equal(la_report_open(&report, folder, &error), LA_OK);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &usual), 0);
	little = (struct rlimit){.rlim_cur = 4096, .rlim_max = usual.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &little), 0);
	for (int i = 0; i < 3 && lines == LA_OK; i++)
		lines = la_report_line(&report, la_span_of(much, sizeof(much)), &error);
	if (lines == LA_OK)
		lines = la_report_end_lines(&report, &error);
	file = la_report_file(&report, "summary.json", la_span_of(much, sizeof(much)), &error);
	la_report_close(&report);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &usual), 0);
	assert_int_equal(lines, LA_EUSAGE);
	assert_int_equal(file, LA_EUSAGE);
	assert_int_not_equal(access(in(folder, "decisions.jsonl.part"), F_OK), 0);
	assert_int_not_equal(access(in(folder, "summary.json.part"), F_OK), 0);
	expect_file(in(folder, "decisions.jsonl"), "{}\n");
	expect_file(in(folder, "summary.json"), "{}");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(links_in_the_folder_are_replaced_and_lead_nowhere),
	    cmocka_unit_test(a_disk_that_is_full_is_told_and_leaves_what_was_there),
	};

	(void)signal(SIGXFSZ, SIG_IGN);
	return (cmocka_run_group_tests(tests, start, finish));
}
