#include "common/dead_letter.h"

#include <inttypes.h>
#include <stdio.h>

enum la_dead_cause
la_dead_letter_cause_of(enum la_dead_letter_stage stage, enum la_err code)
{
	if (code == LA_ETOOLARGE)
		return (LA_DEAD_TOO_LARGE);
	if (code == LA_ENOSCHEMA)
		return (LA_DEAD_UNKNOWN_SCHEMA);
	return (stage == LA_DEAD_BYTES ? LA_DEAD_UNDECODABLE : LA_DEAD_INVALID_VALUE);
}

const char *
la_dead_letter_cause(enum la_dead_letter_stage stage, enum la_err code)
{
#define LA_DEAD_CAUSE_WORD(name, word) word,
	static const char *const words[] = {LA_DEAD_CAUSE_LIST(LA_DEAD_CAUSE_WORD)};

	return (words[la_dead_letter_cause_of(stage, code)]);
}

static void
add(struct la_dead_letter *letter, const char *name, struct la_span value)
{
	letter->headers[letter->output.header_count++] = (struct la_header){.name = name, .value = value};
}

void
la_dead_letter_init(struct la_dead_letter *letter, const char *topic, const struct la_message *message,
    enum la_dead_letter_stage stage, const struct la_error *why)
{
	letter->output = (struct la_output){.topic = topic,
	    .key = message->key,
	    .value = message->value,
	    .headers_of = message,
	    .headers = letter->headers};
	(void)snprintf(letter->partition, sizeof(letter->partition), "%" PRId32, message->partition);
	(void)snprintf(letter->offset, sizeof(letter->offset), "%" PRId64, message->offset);
	(void)snprintf(letter->text, sizeof(letter->text), "%s", why->text);
	add(letter, "__connect.errors.topic", message->topic);
	add(letter, "__connect.errors.partition", la_span_text(letter->partition));
	add(letter, "__connect.errors.offset", la_span_text(letter->offset));
	add(letter, "__connect.errors.stage",
	    la_span_text(stage == LA_DEAD_BYTES ? "VALUE_CONVERTER" : "TRANSFORMATION"));
	add(letter, "__connect.errors.class.name", la_span_text(la_dead_letter_cause(stage, why->code)));
	add(letter, "__connect.errors.exception.message", la_span_text(letter->text));
	if (message->has_timestamp) {
		(void)snprintf(letter->timestamp, sizeof(letter->timestamp), "%" PRId64, message->timestamp_ms);
		add(letter, "login-alert.timestamp", la_span_text(letter->timestamp));
	}
}

void
la_dead_letter_omit_value(struct la_dead_letter *letter)
{
	(void)snprintf(letter->omitted, sizeof(letter->omitted), "%zu", letter->output.value.size);
	letter->output.value = la_span_of(NULL, 0);
	add(letter, "login-alert.value-omitted", la_span_text(letter->omitted));
}
