/* The table of keys, the example configuration and the man pages say the same. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/conf.h"
#include "common/conf_keys.h"

#define EXAMPLE LA_TEST_SOURCE_DIR "/deploy/examples/login-alert.conf"

/* The whole file; the caller frees it. */
static char *
slurp(const char *path)
{
	FILE *file = fopen(path, "r");
	char *text = calloc(1, 100000);

	assert_non_null(file);
	assert_non_null(text);
	assert_in_range(fread(text, 1, 99999, file), 1, 99998);
	assert_int_equal(fclose(file), 0);
	return (text);
}

/* "#key=value" lines become "key=value". */
static void
uncomment(char *text)
{
	for (char *p = text; p != NULL && *p != '\0'; p = strchr(p, '\n')) {
		p += *p == '\n';
		if (p[0] == '#' && p[1] >= 'a' && p[1] <= 'z')
			p[0] = ' ';
	}
}

static void
assert_accepted(const char *text, enum la_program program)
{
	struct la_conf *conf;

	assert_int_equal(la_conf_new(&conf, program), LA_OK);
	assert_int_equal(la_conf_read_text(conf, "login-alert.conf", text, strlen(text)), LA_OK);
	la_conf_finish(conf, NULL, 0);
	if (la_conf_problem_count(conf) > 0)
		fail_msg("%s", la_conf_problem(conf, 0));
	if (la_conf_warning_count(conf) > 0)
		fail_msg("%s", la_conf_warning(conf, 0));
	la_conf_free(conf);
}

static void
the_example_is_accepted_by_both_programs_as_it_is_and_with_every_line_in_force(void **state)
{
	char *text = slurp(EXAMPLE);

	(void)state;
	assert_accepted(text, LA_PROGRAM_DETECTOR);
	assert_accepted(text, LA_PROGRAM_MAILER);
	uncomment(text);
	assert_accepted(text, LA_PROGRAM_DETECTOR);
	assert_accepted(text, LA_PROGRAM_MAILER);
	free(text);
}

/* The default as a value that may be set today; NULL: none. */
static const char *
default_today(const struct la_conf_key *key)
{
	if (key->today == NULL || strchr(key->today, '|') != NULL)
		return (key->fallback);
	return (key->today[0] == '\0' ? NULL : key->today);
}

static void
the_example_shows_every_key_and_comments_hold_the_defaults(void **state)
{
	char *text = slurp(EXAMPLE);

	(void)state;
	for (size_t i = 0; i < la_conf_key_count; i++) {
		const struct la_conf_key *key = &la_conf_keys[i];
		const char *fallback = default_today(key);
		char line[128];

		(void)snprintf(line, sizeof(line), "\n#%s%s", key->name, la_conf_key_is_family(key) ? "" : "=");
		if (fallback != NULL)
			(void)snprintf(line + strlen(line), sizeof(line) - strlen(line), "%s\n", fallback);
		if (strstr(text, line) != NULL)
			continue;
		/* Of the default that only the other program has, the words before the line tell. */
		if (i > 0 && strcmp(la_conf_keys[i - 1].name, key->name) == 0 && fallback != NULL && strstr(text, fallback) != NULL)
			continue;
		/* What one must set, or should look at, is no comment. */
		(void)snprintf(line, sizeof(line), "\n%s=", key->name);
		if (strstr(text, line) == NULL)
			fail_msg("not in the example, or with another default: %s", key->name);
	}
	free(text);
}

/* mdoc writes a minus as "\-"; here it is plain again. */
static char *
man_page(const char *name)
{
	char path[256], *text, *to;

	(void)snprintf(path, sizeof(path), "%s/deploy/man/%s.1", LA_TEST_SOURCE_DIR, name);
	text = slurp(path);
	to = text;
	for (const char *from = text; *from != '\0'; from++) {
		if (from[0] == '\\' && from[1] == '-')
			continue;
		*to++ = *from;
	}
	*to = '\0';
	return (text);
}

static void
assert_documented(const char *page, const struct la_conf_key *key)
{
	const char *fallback = key->fallback == NULL ? "" : key->fallback;
	const char *at, *text;
	char item[160];

	if (la_conf_key_is_family(key))
		(void)snprintf(item, sizeof(item), "\n.It Cm %s Ns Ar ", key->name);
	else
		(void)snprintf(
		    item, sizeof(item), "\n.It Cm %s%s%s\n", key->name, *fallback == '\0' ? "" : " Pq ", fallback);
	at = strstr(page, item);
	if (at == NULL)
		fail_msg("not in the man page, or with another default: %s", key->name);
	if (key->today == NULL)
		return;
	/* Several items may share one text: it follows the last of them. */
	text = strstr(at, "ot supported yet");
	if (text == NULL || text - at > 400)
		fail_msg("the man page does not say that it is not supported yet: %s", key->name);
}

static void
the_man_pages_have_every_key_with_its_default(void **state)
{
	static const char *const names[] = {"login-alert-detector", "login-alert-mailer"};

	(void)state;
	for (int program = LA_PROGRAM_DETECTOR; program <= LA_PROGRAM_MAILER; program++) {
		char *page = man_page(names[program]);

		for (size_t i = 0; i < la_conf_key_count; i++) {
			if (la_conf_key_serves(&la_conf_keys[i], (enum la_program)program))
				assert_documented(page, &la_conf_keys[i]);
		}
		free(page);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_example_is_accepted_by_both_programs_as_it_is_and_with_every_line_in_force),
	    cmocka_unit_test(the_example_shows_every_key_and_comments_hold_the_defaults),
	    cmocka_unit_test(the_man_pages_have_every_key_with_its_default),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
