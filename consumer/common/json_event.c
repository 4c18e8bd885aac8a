#include <stdlib.h>

#include "common/json.h"
#include "common/json_read.h"

#define SYMBOL(s) #s,
#define ENUM(list, unknown_symbol) \
	{(const char *const[]){list(SYMBOL)}, (int)(sizeof((const char *const[]){list(SYMBOL)}) / sizeof(char *)), \
	    unknown_symbol}

static const struct la_json_enum kinds = ENUM(LA_EVENT_KIND_LIST, LA_KIND_OTHER);
static const struct la_json_enum results = ENUM(LA_EVENT_RESULT_LIST, LA_RESULT_OTHER);
static const struct la_json_enum origins = ENUM(LA_TOKEN_ORIGIN_LIST, LA_ORIGIN_NONE);
static const struct la_json_enum channels = ENUM(LA_CHANNEL_LIST, LA_CHANNEL_OTHER);
static const struct la_json_enum actors = ENUM(LA_ACTOR_LIST, LA_ACTOR_SYSTEM);
static const struct la_json_enum classes = ENUM(LA_DEVICE_CLASS_LIST, LA_CLASS_UNKNOWN);

/* What a field that is left out is: the defaults of LoginEvent.avsc. */
static const struct la_login_event defaults = {
    .kind = LA_KIND_LOGIN,
    .result = LA_RESULT_SUCCESS,
    .tenant = {(const unsigned char *)"default", 7},
    .device_token_origin = LA_ORIGIN_NONE,
    .channel = LA_CHANNEL_WEB,
    .actor = LA_ACTOR_SELF,
    .device_class = LA_CLASS_UNKNOWN,
};

static void
read_strings(struct la_json_reader *reader, struct la_login_event *event)
{
	const struct {
		const char *name;
		struct la_span *out;
	} fields[] = {
	    {"event_id", &event->event_id},
	    {"tenant", &event->tenant},
	    {"member_id", &event->member_id},
	    {"member_number", &event->member_number},
	    {"device_token", &event->device_token},
	    {"user_agent", &event->user_agent},
	    {"browser", &event->browser},
	    {"os", &event->os},
	    {"device_model", &event->device_model},
	    {"ip", &event->ip},
	    {"location", &event->location},
	    {"client_app_id", &event->client_app_id},
	    {"client_app_name", &event->client_app_name},
	    {"locale", &event->locale},
	    {"time_zone", &event->time_zone},
	    {"email", &event->email},
	};
	size_t i;

	for (i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		(void)la_json_string(reader, fields[i].name, fields[i].out);
}

static void
read_symbols(struct la_json_reader *reader, struct la_login_event *event)
{
	int symbol;

	if (la_json_symbol(reader, "kind", &kinds, &symbol))
		event->kind = (enum la_event_kind)symbol;
	if (la_json_symbol(reader, "result", &results, &symbol))
		event->result = (enum la_event_result)symbol;
	if (la_json_symbol(reader, "device_token_origin", &origins, &symbol))
		event->device_token_origin = (enum la_token_origin)symbol;
	if (la_json_symbol(reader, "channel", &channels, &symbol))
		event->channel = (enum la_channel)symbol;
	if (la_json_symbol(reader, "actor", &actors, &symbol))
		event->actor = (enum la_actor)symbol;
	if (la_json_symbol(reader, "device_class", &classes, &symbol))
		event->device_class = (enum la_device_class)symbol;
}

static void
read_position(struct la_json_reader *reader, struct la_json_event *out)
{
	int64_t partition;

	out->has_topic = la_json_string(reader, "_topic", &out->source.topic);
	out->has_partition = la_json_integer(reader, "_partition", 0, INT32_MAX, &partition);
	if (out->has_partition)
		out->source.partition = (int32_t)partition;
	out->has_offset = la_json_integer(reader, "_offset", 0, INT64_MAX, &out->source.offset);
	out->source.has_timestamp = la_json_time(reader, "_timestamp", &out->source.timestamp_ms);
}

enum la_err
la_json_read_event(struct la_span line, struct la_json_event *out, struct la_error *error)
{
	struct la_json_reader reader = {NULL, error, LA_OK};
	struct la_login_event *event = &out->event;
	size_t sealed_size;

	*out = (struct la_json_event){.event = defaults};
	reader.err = la_json_parse(line, &out->root, error);
	if (reader.err != LA_OK)
		return (reader.err);
	reader.object = out->root;
	read_position(&reader, out); /* first: a line that is refused for another field has its place */
	la_json_require(&reader, "event_id");
	la_json_require(&reader, "occurred_at");
	la_json_require(&reader, "member_id");
	read_strings(&reader, event);
	read_symbols(&reader, event);
	(void)la_json_time(&reader, "occurred_at", &event->occurred_at_ms);
	event->has_account_created_at = la_json_time(&reader, "account_created_at", &event->account_created_at_ms);
	if (la_json_bytes(&reader, "email_sealed", &out->bytes, &sealed_size))
		event->email_sealed = la_span_of(out->bytes, sealed_size);
	return (reader.err);
}

void
la_json_event_clear(struct la_json_event *event)
{
	json_decref(event->root);
	free(event->bytes);
	*event = (struct la_json_event){.event = defaults};
}
