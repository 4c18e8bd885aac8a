/*
 * Labels against uap-core's fixtures (Debian package uap-core): thousands of user agents with what others call them.
 * tests/data/uap-core-families.txt says what is compared, uap-core-differences.txt where we differ on purpose, in the
 * fixtures of one version.
 */
#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <cmocka.h>

#include "detector/agent.h"

#define FIXTURES "/usr/share/uap-core/"
#define FAMILIES LA_TEST_SOURCE_DIR "/tests/data/uap-core-families.txt"
#define DIFFERENCES LA_TEST_SOURCE_DIR "/tests/data/uap-core-differences.txt"
#define LISTED_AGENTS 31104 /* in the fixtures that the differences are listed for: 0.16.0 */
#define ROWS_MAX 256

enum kind { BROWSER, OS, MODEL, KINDS };
static const char *const kinds[KINDS] = {"browser", "os", "model"};

/* theirs: a family, for models a brand. */
struct row {
	enum kind kind;
	char theirs[64], ours[64];
	unsigned listed, found;
};

static struct row families[ROWS_MAX], differences[ROWS_MAX];
static size_t family_count, difference_count, agent_count;

struct fixture {
	char agent[2048], family[512], brand[128];
};

struct tally {
	unsigned agree, differ;
};

static FILE *
open_file(const char *path)
{
	FILE *file = fopen(path, "r");

	if (file == NULL)
		fail_msg("%s cannot be opened; the fixtures are Debian's package uap-core", path);
	return (file);
}

/* "kind<TAB>theirs<TAB>ours[<TAB>count<TAB>reason]" lines. */
static size_t
read_rows(const char *path, struct row *rows, bool has_reason)
{
	FILE *file = open_file(path);
	char line[512], kind[16], reason[256];
	size_t count = 0;

	while (fgets(line, sizeof(line), file) != NULL) {
		struct row *row = &rows[count];
		int got = sscanf(line, "%15[^\t]\t%63[^\t]\t%63[^\t\n]\t%u\t%255[^\n]", kind, row->theirs, row->ours,
		    &row->listed, reason);

		if (line[0] == '#')
			continue;
		if (got != (has_reason ? 5 : 3))
			fail_msg("%s: %s", path, line);
		for (row->kind = BROWSER; row->kind < KINDS && strcmp(kinds[row->kind], kind) != 0; row->kind++)
			;
		assert_in_range(row->kind, BROWSER, MODEL);
		row->found = 0;
		assert_in_range(++count, 1, ROWS_MAX - 1);
	}
	(void)fclose(file);
	return (count);
}

static struct row *
find_row(struct row *rows, size_t count, enum kind kind, const char *theirs, const char *ours)
{
	for (size_t i = 0; i < count; i++) {
		if (rows[i].kind == kind && (theirs == NULL || strcasecmp(rows[i].theirs, theirs) == 0) &&
		    (ours == NULL || strcmp(rows[i].ours, ours) == 0))
			return (&rows[i]);
	}
	return (NULL);
}

/* A scalar of the fixtures' YAML: 'it''s', "say \"x\"" or plain. */
static void
read_scalar(const char *text, char *out, size_t cap)
{
	char quote = *text == '\'' || *text == '"' ? *text++ : '\0';
	size_t size = 0;

	while (*text != '\0' && *text != '\n' && size + 1 < cap) {
		if (quote != '\0' && *text == quote && (quote == '"' || text[1] != quote))
			break;
		if ((quote == '"' && *text == '\\') || (quote == '\'' && *text == quote))
			text++;
		out[size++] = *text++;
	}
	out[size] = '\0';
}

static bool
read_field(const char *line, const char *name, char *out, size_t cap)
{
	size_t size = strlen(name);

	while (*line == ' ' || *line == '-')
		line++;
	if (strncmp(line, name, size) != 0 || line[size] != ':')
		return (false);
	line += size + 1;
	while (*line == ' ')
		line++;
	read_scalar(line, out, cap);
	return (true);
}

static void
count_one(enum kind kind, const char *theirs, const char *ours, bool agrees, struct tally *tally)
{
	struct row *listed;

	tally->agree += agrees;
	tally->differ += !agrees;
	if (agrees)
		return;
	if ((listed = find_row(differences, difference_count, kind, theirs, ours)) != NULL) {
		listed->found++;
		return;
	}
	assert_true(difference_count < ROWS_MAX);
	listed = &differences[difference_count++];
	*listed = (struct row){.kind = kind, .found = 1};
	(void)snprintf(listed->theirs, sizeof(listed->theirs), "%.63s", theirs);
	(void)snprintf(listed->ours, sizeof(listed->ours), "%.63s", ours);
}

static void
compare(enum kind kind, const struct fixture *fixture, struct tally *tally)
{
	const struct la_login_event event = {
	    .user_agent = la_span_text(fixture->agent), .device_class = LA_CLASS_UNKNOWN};
	struct la_labels labels;
	const struct row *row;

	agent_count++;
	la_agent_labels(&event, &labels);
	if (kind == MODEL) {
		if (find_row(families, family_count, kind, NULL, labels.model) != NULL)
			count_one(kind, fixture->brand, labels.model,
			    find_row(families, family_count, kind, fixture->brand, labels.model) != NULL, tally);
	} else if ((row = find_row(families, family_count, kind, fixture->family, NULL)) != NULL) {
		const char *ours = kind == BROWSER ? labels.browser : labels.os;

		count_one(kind, fixture->family, ours, strcmp(ours, row->ours) == 0, tally);
	}
}

static void
compare_file(enum kind kind, const char *path, struct tally *tally)
{
	FILE *file = open_file(path);
	struct fixture fixture = {.agent = ""};
	char line[4096];

	while (fgets(line, sizeof(line), file) != NULL) {
		if (read_field(line, "user_agent_string", line, sizeof(line))) {
			if (fixture.agent[0] != '\0')
				compare(kind, &fixture, tally);
			fixture = (struct fixture){.agent = ""};
			(void)snprintf(fixture.agent, sizeof(fixture.agent), "%.2047s", line);
		} else if (!read_field(line, "family", fixture.family, sizeof(fixture.family))) {
			(void)read_field(line, "brand", fixture.brand, sizeof(fixture.brand));
		}
	}
	compare(kind, &fixture, tally);
	(void)fclose(file);
}

static void
labels_agree_with_uap_core_in_99_of_100_of_its_user_agents(void **state)
{
	static const struct {
		enum kind kind;
		const char *path;
	} files[] = {
	    {BROWSER, FIXTURES "tests/test_ua.yaml"},
	    {BROWSER, FIXTURES "test_resources/firefox_user_agent_strings.yaml"},
	    {BROWSER, FIXTURES "test_resources/opera_mini_user_agent_strings.yaml"},
	    {BROWSER, FIXTURES "test_resources/pgts_browser_list.yaml"},
	    {BROWSER, FIXTURES "test_resources/podcasting_user_agent_strings.yaml"},
	    {OS, FIXTURES "tests/test_os.yaml"},
	    {OS, FIXTURES "test_resources/additional_os_tests.yaml"},
	    {MODEL, FIXTURES "tests/test_device.yaml"},
	};
	struct tally tally[KINDS] = {{0, 0}};

	(void)state;
	family_count = read_rows(FAMILIES, families, false);
	difference_count = read_rows(DIFFERENCES, differences, true);
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		compare_file(files[i].kind, files[i].path, &tally[files[i].kind]);
	for (int kind = BROWSER; kind < KINDS; kind++) {
		print_message("%s: %u agree, %u differ\n", kinds[kind], tally[kind].agree, tally[kind].differ);
		assert_true(tally[kind].agree >= 300); /* the fixtures were read */
		assert_true(tally[kind].differ * 99 <= tally[kind].agree);
	}
}

/* After the comparison: whatever differs is listed with its reason, and what is listed differs. */
static void
every_difference_is_listed_and_every_listed_one_is_there(void **state)
{
	int wrong = 0;

	(void)state;
	if (agent_count != LISTED_AGENTS) {
		print_message("%zu user agents instead of %d: other fixtures; their differences are not listed\n", agent_count,
		    LISTED_AGENTS);
		return;
	}
	for (size_t i = 0; i < difference_count; i++) {
		const struct row *row = &differences[i];

		if (row->found == row->listed)
			continue;
		print_error("%s\t%s\t%s\t%u\tis listed %u times\n", kinds[row->kind], row->theirs, row->ours, row->found,
		    row->listed);
		wrong++;
	}
	assert_int_equal(wrong, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(labels_agree_with_uap_core_in_99_of_100_of_its_user_agents),
	    cmocka_unit_test(every_difference_is_listed_and_every_listed_one_is_there),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
