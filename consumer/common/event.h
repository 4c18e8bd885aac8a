/*
 * A login event (schemas/LoginEvent.avsc) as a plain value.
 *
 * Strings are borrowed from the message that was decoded and may hold invalid
 * UTF-8, NUL and any length; an absent span is null. Times are ms since 1970.
 */
#ifndef LA_COMMON_EVENT_H
#define LA_COMMON_EVENT_H

#include <stdbool.h>
#include <stdint.h>

#include "common/span.h"

/* In each list the order is that of the Avro enum's symbols. X(symbol) */
#define LA_EVENT_KIND_LIST(X) \
	X(LOGIN) X(THIRD_PARTY_LINK) X(THIRD_PARTY_UNLINK) X(REAUTH) X(TOKEN_REFRESH) X(PASSWORD_CHANGED) \
	X(DEVICE_REVOKED) X(ACCOUNT_ERASED) X(OTHER)
#define LA_EVENT_RESULT_LIST(X) X(SUCCESS) X(FAILURE) X(CHALLENGED) X(OTHER)
#define LA_TOKEN_ORIGIN_LIST(X) X(PRESENTED) X(ISSUED) X(INVALID) X(NONE)
#define LA_CHANNEL_LIST(X) X(WEB) X(APP) X(API) X(OTHER)
#define LA_ACTOR_LIST(X) X(SELF) X(OPERATOR) X(SYSTEM)
#define LA_DEVICE_CLASS_LIST(X) X(PC) X(MOBILE) X(TABLET) X(BOT) X(UNKNOWN)

#define LA_ENUM_KIND(s) LA_KIND_##s,
#define LA_ENUM_RESULT(s) LA_RESULT_##s,
#define LA_ENUM_ORIGIN(s) LA_ORIGIN_##s,
#define LA_ENUM_CHANNEL(s) LA_CHANNEL_##s,
#define LA_ENUM_ACTOR(s) LA_ACTOR_##s,
#define LA_ENUM_CLASS(s) LA_CLASS_##s,
enum la_event_kind { LA_EVENT_KIND_LIST(LA_ENUM_KIND) };
enum la_event_result { LA_EVENT_RESULT_LIST(LA_ENUM_RESULT) };
enum la_token_origin { LA_TOKEN_ORIGIN_LIST(LA_ENUM_ORIGIN) };
enum la_channel { LA_CHANNEL_LIST(LA_ENUM_CHANNEL) };
enum la_actor { LA_ACTOR_LIST(LA_ENUM_ACTOR) };
enum la_device_class { LA_DEVICE_CLASS_LIST(LA_ENUM_CLASS) };
#undef LA_ENUM_KIND
#undef LA_ENUM_RESULT
#undef LA_ENUM_ORIGIN
#undef LA_ENUM_CHANNEL
#undef LA_ENUM_ACTOR
#undef LA_ENUM_CLASS

struct la_login_event {
	struct la_span event_id;
	int64_t occurred_at_ms;
	enum la_event_kind kind;
	enum la_event_result result;
	struct la_span tenant;
	struct la_span member_id;
	struct la_span member_number;
	bool has_account_created_at;
	int64_t account_created_at_ms;
	struct la_span device_token;
	enum la_token_origin device_token_origin;
	enum la_channel channel;
	enum la_actor actor;
	struct la_span user_agent;
	struct la_span browser;
	struct la_span os;
	struct la_span device_model;
	enum la_device_class device_class;
	struct la_span ip;
	struct la_span location;
	struct la_span client_app_id;
	struct la_span client_app_name;
	struct la_span locale;
	struct la_span time_zone;
	struct la_span email;
	struct la_span email_sealed;
};

/* Where an event was read. */
struct la_source {
	struct la_span topic;
	int32_t partition;
	int64_t offset;
	bool has_timestamp;
	int64_t timestamp_ms; /* the Kafka record's */
};

#endif
