#include <string.h>

#include "common/cli.h"

void
la_cli_args_init(struct la_cli_args *args, int argc, char **argv)
{
	*args = (struct la_cli_args){argc, argv, {0}};
}

static int
known_count(const struct la_cli_args *args)
{
	int most = (int)sizeof(args->used);

	return (args->argc < most ? args->argc : most);
}

/* The index of "--": what follows are operands. */
static int
options_end(const struct la_cli_args *args)
{
	int count = known_count(args), i;

	for (i = 1; i < count; i++) {
		if (strcmp(args->argv[i], "--") == 0)
			return (i);
	}
	return (count);
}

const char *
la_cli_option(struct la_cli_args *args, const char *name)
{
	size_t size = strlen(name);
	int end = options_end(args), i;

	for (i = 1; i < end; i++) {
		const char *word = args->argv[i];

		if (args->used[i] != 0 || strncmp(word, name, size) != 0)
			continue;
		if (word[size] == '=') {
			args->used[i] = 1;
			return (word + size + 1);
		}
		/* A value is never an option: "--out --jobs" lacks the folder. */
		if (word[size] == '\0' && i + 1 < end && strncmp(args->argv[i + 1], "--", 2) != 0) {
			args->used[i] = args->used[i + 1] = 1;
			return (args->argv[i + 1]);
		}
	}
	return (NULL);
}

bool
la_cli_flag(struct la_cli_args *args, const char *name)
{
	int end = options_end(args), i;

	for (i = 1; i < end; i++) {
		if (args->used[i] == 0 && strcmp(args->argv[i], name) == 0) {
			args->used[i] = 1;
			return (true);
		}
	}
	return (false);
}

const char *
la_cli_operand(struct la_cli_args *args)
{
	int end = options_end(args), count = known_count(args), i;

	for (i = 1; i < count; i++) {
		const char *word = args->argv[i];

		if (args->used[i] != 0 || i == end || (i < end && word[0] == '-' && word[1] != '\0'))
			continue;
		args->used[i] = 1;
		return (word);
	}
	return (NULL);
}

static bool
is_option(const char *word, const char *name)
{
	size_t size = strlen(name);

	return (strncmp(word, name, size) == 0 && (word[size] == '=' || word[size] == '\0'));
}

enum la_err
la_cli_args_order(int argc, char **argv, struct la_error *error)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
		const char *name = is_option(argv[i], "--config") ? "--config" : is_option(argv[i], "--set") ? "--set" : NULL;

		if (name != NULL)
			return (la_error_set(error, LA_EUSAGE, "%s comes before the command %s", name, argv[0]));
	}
	return (LA_OK);
}

enum la_err
la_cli_args_end(const struct la_cli_args *args, struct la_error *error)
{
	int end = options_end(args), count = known_count(args), i;

	for (i = 1; i < count; i++) {
		const char *word = args->argv[i];

		if (args->used[i] != 0 || i == end)
			continue;
		if (i < end && word[0] == '-')
			return (la_error_set(error, LA_EUSAGE,
			    "%s: no such option of %s, or given twice, or without its value", word, args->argv[0]));
		return (la_error_set(error, LA_EUSAGE, "%s: %s takes no such word", word, args->argv[0]));
	}
	if (args->argc > count)
		return (la_error_set(error, LA_EUSAGE, "%s: too many words", args->argv[0]));
	return (LA_OK);
}
