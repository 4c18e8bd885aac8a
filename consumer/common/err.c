#include "common/err.h"

#include <stdio.h>
#include <string.h>

static const struct {
	const char *text;
	enum la_action action;
	int exit_code;
} errors[] = {
#define LA_ERR_ROW(name, text, action, exit_code) {text, action, exit_code},
    LA_ERR_LIST(LA_ERR_ROW)
#undef LA_ERR_ROW
};

const char *
la_err_text(enum la_err code)
{
	return (errors[code].text);
}

enum la_action
la_err_action(enum la_err code)
{
	return (errors[code].action);
}

int
la_err_exit_code(enum la_err code)
{
	return (errors[code].exit_code);
}

static void
drop_controls(char *text)
{
	for (; *text != '\0'; text++) {
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			*text = '?';
	}
}

enum la_err
la_error_set(struct la_error *error, enum la_err code, const char *format, ...)
{
	va_list args;

	if (error == NULL)
		return (code);
	error->code = code;
	va_start(args, format);
	(void)vsnprintf(error->text, sizeof(error->text), format, args);
	va_end(args);
	drop_controls(error->text);
	return (code);
}

void
la_error_prefix(struct la_error *error, const char *format, ...)
{
	char text[LA_ERROR_TEXT_BYTES];
	va_list args;
	size_t used;

	if (error == NULL)
		return;
	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	drop_controls(text);
	used = strlen(text);
	(void)snprintf(text + used, sizeof(text) - used, ": %s", error->text);
	memcpy(error->text, text, sizeof(text));
}
