/* Words after a command: options, flags, operands, and what nobody asked for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/cli.h"

#define ARGS(...) \
	char *argv[] = {(char[]){"cmd"}, __VA_ARGS__}; \
	struct la_cli_args args; \
	la_cli_args_init(&args, (int)(sizeof(argv) / sizeof(argv[0])), argv)
#define W(text) (char[]){text}

static void
assert_end(const struct la_cli_args *args, const char *text)
{
	struct la_error error = LA_ERROR_INIT;

	if (text == NULL) {
		assert_int_equal(la_cli_args_end(args, &error), LA_OK);
		return;
	}
	assert_int_equal(la_cli_args_end(args, &error), LA_EUSAGE);
	assert_string_equal(error.text, text);
}

static void
options_flags_and_operands_are_found_in_any_order(void **state)
{
	ARGS(W("file"), W("--jobs"), W("--out"), W("dir"), W("--job=j.json"), W("-"));

	(void)state;
	assert_string_equal(la_cli_option(&args, "--job"), "j.json");
	assert_string_equal(la_cli_option(&args, "--out"), "dir");
	assert_true(la_cli_flag(&args, "--jobs"));
	assert_false(la_cli_flag(&args, "--other"));
	assert_null(la_cli_option(&args, "--other"));
	assert_string_equal(la_cli_operand(&args), "file");
	assert_string_equal(la_cli_operand(&args), "-");
	assert_null(la_cli_operand(&args));
	assert_end(&args, NULL);
}

static void
an_option_is_no_prefix_of_another(void **state)
{
	ARGS(W("--jobs"), W("x"));

	(void)state;
	assert_null(la_cli_option(&args, "--job"));
	assert_end(&args, "--jobs: no such option of cmd, or given twice, or without its value");
}

static void
an_option_without_its_value_is_told(void **state)
{
	ARGS(W("--out"), W("--jobs"), W("--job"));

	(void)state;
	assert_null(la_cli_option(&args, "--out"));
	assert_null(la_cli_option(&args, "--job"));
	assert_true(la_cli_flag(&args, "--jobs"));
	assert_end(&args, "--out: no such option of cmd, or given twice, or without its value");
}

static void
an_option_given_twice_is_told(void **state)
{
	ARGS(W("--out=a"), W("--out=b"));

	(void)state;
	assert_string_equal(la_cli_option(&args, "--out"), "a");
	assert_end(&args, "--out=b: no such option of cmd, or given twice, or without its value");
}

static void
a_word_too_many_is_told(void **state)
{
	ARGS(W("one"), W("two\x1b"));

	(void)state;
	assert_string_equal(la_cli_operand(&args), "one");
	assert_end(&args, "two?: cmd takes no such word");
}

static void
config_after_the_command_is_told_where_it_belongs(void **state)
{
	static const struct {
		const char *word, *second, *told;
	} rows[] = {
	    {"--config", "f", "--config comes before the command cmd"},
	    {"--config=f", "x", "--config comes before the command cmd"},
	    {"x", "--set", "--set comes before the command cmd"},
	    {"--set=k=v", "x", "--set comes before the command cmd"},
	    {"--settle", "--configure", NULL},
	    {"--", "--set", NULL}, /* an operand */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char *argv[] = {W("cmd"), strdup(rows[i].word), strdup(rows[i].second)};
		struct la_error error = LA_ERROR_INIT;

		assert_int_equal(la_cli_args_order(3, argv, &error), rows[i].told == NULL ? LA_OK : LA_EUSAGE);
		assert_string_equal(error.text, rows[i].told == NULL ? "" : rows[i].told);
		free(argv[1]);
		free(argv[2]);
	}
}

static void
words_after_two_dashes_are_operands(void **state)
{
	ARGS(W("--"), W("--out"), W("-x"));

	(void)state;
	assert_null(la_cli_option(&args, "--out"));
	assert_string_equal(la_cli_operand(&args), "--out");
	assert_string_equal(la_cli_operand(&args), "-x");
	assert_end(&args, NULL);
}

static void
no_number_of_words_is_too_many_to_refuse(void **state)
{
	static char word[] = "--jobs";
	char *argv[200];
	struct la_cli_args args;

	(void)state;
	for (size_t i = 0; i < 200; i++)
		argv[i] = word;
	la_cli_args_init(&args, 200, argv);
	while (la_cli_flag(&args, "--jobs"))
		;
	assert_end(&args, "--jobs: too many words");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(options_flags_and_operands_are_found_in_any_order),
	    cmocka_unit_test(an_option_is_no_prefix_of_another),
	    cmocka_unit_test(an_option_without_its_value_is_told),
	    cmocka_unit_test(an_option_given_twice_is_told),
	    cmocka_unit_test(a_word_too_many_is_told),
	    cmocka_unit_test(config_after_the_command_is_told_where_it_belongs),
	    cmocka_unit_test(words_after_two_dashes_are_operands),
	    cmocka_unit_test(no_number_of_words_is_too_many_to_refuse),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
