/*
 * One line per event on stderr, logfmt or JSON (log.format, log.level).
 *
 *   la_log(LA_LOG_INFO, la_msg("partitions assigned"), la_int("count", n));
 *
 * The message is a constant; what varies goes into fields. No member id,
 * address, IP, user agent or secret is ever logged (P7); position fields are
 * topic, partition, offset. Safe to call from any thread; one write(2) a line.
 */
#ifndef LA_COMMON_LOG_H
#define LA_COMMON_LOG_H

#include <stddef.h>
#include <stdint.h>

enum la_log_level { LA_LOG_DEBUG, LA_LOG_INFO, LA_LOG_WARN, LA_LOG_ERROR };
enum la_log_format { LA_LOG_LOGFMT, LA_LOG_JSON };

struct la_field {
	const char *name;
	const char *text; /* NULL: the number counts */
	int64_t number;
};

static inline struct la_field
la_msg(const char *text)
{
	return ((struct la_field){"msg", text, 0});
}

static inline struct la_field
la_str(const char *name, const char *text)
{
	return ((struct la_field){name, text == NULL ? "" : text, 0});
}

static inline struct la_field
la_int(const char *name, int64_t number)
{
	return ((struct la_field){name, NULL, number});
}

/* Process-wide; called once by main before any thread exists. The default is logfmt, info. */
void la_log_setup(enum la_log_format format, enum la_log_level level);

void la_log_write(enum la_log_level level, const struct la_field *fields, size_t count);

#define la_log(level, ...)                                                                   \
	la_log_write((level), (const struct la_field[]){__VA_ARGS__},                        \
	    sizeof((const struct la_field[]){__VA_ARGS__}) / sizeof(struct la_field))

/*
 * Formats one line (with its '\n') into out (cap: at least 128 bytes); always
 * terminated; returns its length. Whatever the texts hold, it is one line of
 * valid UTF-8, and valid JSON; what does not fit is cut or left out. time_ms is
 * the wall clock in ms since 1970. Pure, for tests.
 */
size_t la_log_format_line(char *out, size_t cap, enum la_log_format format, enum la_log_level level, int64_t time_ms,
    const struct la_field *fields, size_t count);

#endif
