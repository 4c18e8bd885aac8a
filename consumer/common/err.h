/*
 * Errors: a code, a text, and what the caller must do.
 *
 * Functions return enum la_err and, where a reader of the log needs more than
 * the code, fill a struct la_error with one line: what was wrong, where, and
 * what is allowed. The text never holds a payload, an address, a member id, an
 * IP, a user agent or a secret (P7). Leaves return; the loop that knows topic,
 * partition and offset logs, once.
 */
#ifndef LA_COMMON_ERR_H
#define LA_COMMON_ERR_H

#include <stdarg.h>
#include <stdbool.h>

enum la_action {
	LA_ACTION_NONE,   /* nothing is wrong */
	LA_ACTION_RETRY,  /* a server is away or says "not now": wait, keep the group membership, try again */
	LA_ACTION_REJECT, /* the input is bad and will stay bad: dead-letter it and go on */
	LA_ACTION_FATAL   /* stop; a restart with other files or settings may help */
};

/* name, text, action, exit code (sysexits.h) */
#define LA_ERR_LIST(X)                                                     \
	X(LA_OK, "ok", LA_ACTION_NONE, 0)                                  \
	X(LA_EUSAGE, "usage", LA_ACTION_FATAL, 64)                         \
	X(LA_EDATA, "bad input data", LA_ACTION_REJECT, 65)                \
	X(LA_ENOSCHEMA, "schema not known", LA_ACTION_REJECT, 65)          \
	X(LA_EUNAVAILABLE, "server unavailable", LA_ACTION_RETRY, 69)      \
	X(LA_ETIMEOUT, "timed out", LA_ACTION_RETRY, 69)                   \
	X(LA_ECONFLICT, "changed by another writer", LA_ACTION_RETRY, 75)  \
	X(LA_ESTOPPED, "stopped", LA_ACTION_FATAL, 75)                     \
	X(LA_EFENCED, "replaced by another instance", LA_ACTION_FATAL, 75) \
	X(LA_ETOOLARGE, "larger than the limit", LA_ACTION_REJECT, 65)     \
	X(LA_EREVOKED, "assignment has changed", LA_ACTION_RETRY, 75)      \
	X(LA_ENOMEM, "out of memory", LA_ACTION_FATAL, 70)                 \
	X(LA_EINTERNAL, "internal error", LA_ACTION_FATAL, 70)             \
	X(LA_ECONFIG, "configuration", LA_ACTION_FATAL, 78)

enum la_err {
#define LA_ERR_ENUM(name, text, action, exit_code) name,
	LA_ERR_LIST(LA_ERR_ENUM)
#undef LA_ERR_ENUM
};

#define LA_ERROR_TEXT_BYTES 512

struct la_error {
	enum la_err code;
	char text[LA_ERROR_TEXT_BYTES]; /* one line, no newline; cut when longer */
};

#define LA_ERROR_INIT {LA_OK, ""}

#define LA_MUST_CHECK __attribute__((warn_unused_result))

const char *la_err_text(enum la_err code);
enum la_action la_err_action(enum la_err code);
int la_err_exit_code(enum la_err code);

/*
 * Fills *error (NULL is fine) with code and the formatted text; control bytes
 * become '?'. Returns code, so that "return (la_error_set(…))" reads well.
 */
enum la_err la_error_set(struct la_error *error, enum la_err code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Puts "prefix: " before the text that is there, cutting at the end if needed. */
void la_error_prefix(struct la_error *error, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
