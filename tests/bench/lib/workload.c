#include "bench/lib/workload.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define EVENT_ID_PREFIX "01J1MV9M7Z" /* like a ULID, with the number in its last 16 digits */
#define AGENT_VERSIONS 40

/* # is the version, two digits. */
static const char *const agents[] = {
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_# like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 "
    "Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/1#.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/1#.0.0.0 Mobile Safari/537.36",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36 "
    "Edg/1#.0.0.0",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.# "
    "Safari/605.1.15",
    "Mozilla/5.0 (X11; Linux x86_64; rv:1#.0) Gecko/20100101 Firefox/127.0",
};

/* splitmix64: well mixed whatever the seed. */
static uint64_t
mix(uint64_t seed)
{
	seed += UINT64_C(0x9e3779b97f4a7c15);
	seed = (seed ^ seed >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	seed = (seed ^ seed >> 27) * UINT64_C(0x94d049bb133111eb);
	return (seed ^ seed >> 31);
}

enum la_err
la_workload_number(struct la_cli_args *args, const char *name, uint64_t *value, struct la_error *error)
{
	const char *text = la_cli_option(args, name);
	char *end;

	if (text == NULL)
		return (LA_OK);
	errno = 0;
	*value = strtoull(text, &end, 10);
	if (errno != 0 || end == text || *end != '\0')
		return (la_error_set(error, LA_EUSAGE, "%s: not a whole number", name));
	return (LA_OK);
}

enum la_err
la_workload_options(struct la_workload *workload, struct la_cli_args *args, struct la_error *error)
{
	enum la_err err;

	if (la_cli_flag(args, "--each"))
		workload->order = LA_WORKLOAD_EACH;
	if ((err = la_workload_number(args, "--events", &workload->events, error)) != LA_OK ||
	    (err = la_workload_number(args, "--members", &workload->members, error)) != LA_OK ||
	    (err = la_workload_number(args, "--devices", &workload->devices, error)) != LA_OK ||
	    (err = la_workload_number(args, "--fresh", &workload->fresh, error)) != LA_OK)
		return (err);
	if (workload->members == 0 || workload->devices == 0)
		return (la_error_set(error, LA_EUSAGE, "at least one member with one device is needed"));
	if (workload->order == LA_WORKLOAD_EACH)
		workload->events = workload->members * workload->devices;
	return (LA_OK);
}

/* Each device's own login lies before the random ones, and so is another event, whatever their numbers. */
static int64_t
time_of(const struct la_workload *workload, uint64_t i)
{
	int64_t after = (int64_t)i - (workload->order == LA_WORKLOAD_EACH ? (int64_t)workload->events : 0);

	return (LA_WORKLOAD_START_MS + after * LA_WORKLOAD_STEP_MS);
}

static void
set_device(struct la_workload_event *out, uint64_t device)
{
	const char *agent = agents[device % (sizeof(agents) / sizeof(agents[0]))];
	const char *version = strchr(agent, '#');

	(void)snprintf(out->token, sizeof(out->token), "%016" PRIx64 "%016" PRIx64, device, mix(device));
	(void)snprintf(out->user_agent, sizeof(out->user_agent), "%.*s%02u%s", (int)(version - agent), agent,
	    (unsigned)(device / 8 % AGENT_VERSIONS), version + 1);
}

static void
set_spans(struct la_workload_event *out, int64_t occurred_at_ms)
{
	out->event = (struct la_login_event){.event_id = la_span_text(out->event_id),
	    .occurred_at_ms = occurred_at_ms,
	    .tenant = la_span_text("default"),
	    .member_id = la_span_text(out->member_id),
	    .device_token = la_span_text(out->token),
	    .device_token_origin = LA_ORIGIN_PRESENTED,
	    .user_agent = la_span_text(out->user_agent),
	    .device_class = LA_CLASS_UNKNOWN,
	    .ip = la_span_text(out->ip),
	    .locale = la_span_text("ja-JP"),
	    .email = la_span_text("member@example.jp")};
}

void
la_workload_make(const struct la_workload *workload, uint64_t i, struct la_workload_event *out)
{
	uint64_t chance = mix(i), member, device;

	if (workload->order == LA_WORKLOAD_EACH) {
		member = i / workload->devices;
		device = i % workload->devices;
	} else {
		member = chance % workload->members;
		device = mix(chance) % workload->devices;
	}
	if (mix(chance + 1) % 1000 < workload->fresh)
		device = UINT64_C(0x100000000) + i;
	(void)snprintf(out->event_id, sizeof(out->event_id), EVENT_ID_PREFIX "%016" PRIX64, i);
	(void)snprintf(out->member_id, sizeof(out->member_id), "%012" PRIu64, member);
	(void)snprintf(out->ip, sizeof(out->ip), "203.0.113.%u", (unsigned)(chance >> 56));
	set_device(out, mix(mix(member) + device));
	set_spans(out, time_of(workload, i));
}

uint64_t
la_workload_index(struct la_span event_id)
{
	const size_t prefix = sizeof(EVENT_ID_PREFIX) - 1;
	char digits[17];

	if (event_id.size != prefix + sizeof(digits) - 1 || memcmp(event_id.data, EVENT_ID_PREFIX, prefix) != 0)
		return (UINT64_MAX);
	memcpy(digits, event_id.data + prefix, sizeof(digits) - 1);
	digits[sizeof(digits) - 1] = '\0';
	return (strtoull(digits, NULL, 16));
}
