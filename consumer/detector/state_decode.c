#include <endian.h>
#include <string.h>

#include "detector/state.h"
#include "detector/state_record.h"

/*
 * Reads the record and, on the way, whether it is the one that la_state_encode
 * would write: anything else is broken, and two records of one state would
 * make a compare-and-set fail for nothing.
 */
struct reader {
	const unsigned char *p, *end;
	bool broken; /* once set, it stays, and everything read is 0 */
	uint16_t epoch;
	int64_t time_ms;
	bool met_epoch, met_time; /* some entry has it */
	bool any_entry, any_time;
};

static void
require(struct reader *r, bool holds)
{
	if (!holds) {
		r->broken = true;
		r->p = r->end;
	}
}

static unsigned char
get_byte(struct reader *r)
{
	require(r, r->p < r->end);
	return (r->broken ? 0 : *r->p++);
}

static uint64_t
get_long_varint(struct reader *r, uint64_t most)
{
	const unsigned char *p = r->p;
	uint64_t value = 0;
	unsigned char byte;
	unsigned shift = 0;

	do {
		if (p == r->end || (shift == 63 && *p > 1)) {
			require(r, false);
			return (0);
		}
		byte = *p++;
		value |= (uint64_t)(byte & 0x7f) << shift;
		shift += 7;
	} while (byte >= 0x80);
	r->p = p;
	require(r, (byte != 0 || shift == 7) && value <= most); /* no longer than needed */
	return (r->broken ? 0 : value);
}

static inline uint64_t
get_varint(struct reader *r, uint64_t most)
{
	if (r->p == r->end || *r->p >= 0x80 || *r->p > most)
		return (get_long_varint(r, most));
	return (*r->p++);
}

static uint64_t
get_digest(struct reader *r)
{
	uint64_t digest = 0;

	require(r, (size_t)(r->end - r->p) >= sizeof(digest));
	if (r->broken)
		return (0);
	memcpy(&digest, r->p, sizeof(digest));
	digest = le64toh(digest);
	r->p += sizeof(digest);
	require(r, digest != 0);
	return (digest);
}

static int64_t
get_time(struct reader *r)
{
	uint64_t before = get_varint(r, UINT64_MAX);

	require(r, before <= (uint64_t)r->time_ms - (uint64_t)INT64_MIN);
	r->any_time = true;
	r->met_time = r->met_time || before == 0;
	return ((int64_t)((uint64_t)r->time_ms - before));
}

/* Gives the entry's marks; those that it cannot have are an error. */
static unsigned
get_head(struct reader *r, unsigned allowed, uint16_t *epoch)
{
	unsigned marks = get_byte(r);
	uint64_t before = 0;

	require(r, (marks & ~(allowed | ENTRY_OLDER_EPOCH)) == 0);
	if (marks & ENTRY_OLDER_EPOCH) {
		before = get_varint(r, UINT16_MAX);
		require(r, before > 0);
	}
	require(r, before < r->epoch); /* epochs start at 1 */
	r->any_entry = true;
	r->met_epoch = r->met_epoch || before == 0;
	*epoch = (uint16_t)(r->epoch - before);
	return (marks);
}

static enum la_reason
get_reason(struct reader *r, unsigned marks)
{
	unsigned reason = marks >> ENTRY_REASON_SHIFT;

	require(r, reason <= LA_REASON_THIRD_PARTY_LINK);
	return (r->broken ? LA_REASON_FIRST_LOGIN : (enum la_reason)reason);
}

static void
get_environment(struct reader *r, struct la_environment *e)
{
	unsigned marks = get_head(r, ENTRY_HAS, &e->epoch);

	e->token = marks & ENTRY_HAS ? get_digest(r) : 0;
	e->platform = get_digest(r);
	e->browser = get_digest(r);
	e->last_seen_ms = get_time(r);
}

static void
get_app(struct reader *r, struct la_app *a)
{
	(void)get_head(r, 0, &a->epoch);
	a->app = get_digest(r);
	a->last_seen_ms = get_time(r);
}

static void
get_position(struct reader *r, struct la_position *p)
{
	unsigned marks = get_head(r, ENTRY_HAS, &p->epoch);

	p->log = get_digest(r);
	p->partition = (int32_t)get_varint(r, UINT32_MAX);
	p->offset = (int64_t)get_varint(r, UINT64_MAX);
	p->has_timestamp = (marks & ENTRY_HAS) != 0;
	p->timestamp_ms = p->has_timestamp ? get_time(r) : 0;
}

static void
get_memo(struct reader *r, struct la_memo *m)
{
	unsigned marks = get_head(r, 7u << ENTRY_REASON_SHIFT | 3u << ENTRY_OUTCOME_SHIFT, &m->epoch);

	m->outcome = record_outcomes[marks >> ENTRY_OUTCOME_SHIFT & 3];
	m->reason = get_reason(r, marks);
	m->event = get_digest(r);
	m->suppressed_before = m->outcome == LA_OUTCOME_ALERTED ? (uint32_t)get_varint(r, UINT32_MAX) : 0;
}

static void
get_cooldown(struct reader *r, struct la_cooldown *c)
{
	unsigned marks = get_head(r, 7u << ENTRY_REASON_SHIFT, &c->epoch);

	c->reason = get_reason(r, marks);
	c->app = get_digest(r);
	c->platform = get_digest(r);
	c->browser = get_digest(r);
	c->ip_prefix = get_digest(r);
	c->alerted_at_ms = get_time(r);
}

static void
get_window(struct reader *r, struct la_cap_window *window)
{
	window->count = (uint32_t)get_varint(r, UINT32_MAX);
	require(r, window->count > 0);
	window->start_ms = get_time(r);
}

static uint8_t
get_count(struct reader *r, uint8_t most)
{
	uint8_t count = get_byte(r);

	require(r, count <= most);
	return (r->broken ? 0 : count);
}

/* Everything after the version. */
static void
get_state(struct reader *r, struct la_member_state *s)
{
	unsigned flags = get_byte(r);

	require(r, (flags & ~(unsigned)RECORD_FLAGS) == 0);
	r->epoch = (uint16_t)get_varint(r, UINT16_MAX);
	r->time_ms = (int64_t)get_varint(r, UINT64_MAX);
	s->tombstone = (flags & RECORD_TOMBSTONE) != 0;
	if (flags & RECORD_SUPPRESSED) {
		s->suppressed = (uint32_t)get_varint(r, UINT32_MAX);
		require(r, s->suppressed > 0);
	}
	if (flags & RECORD_LOGIN_WINDOW)
		get_window(r, &s->login_window);
	if (flags & RECORD_LINK_WINDOW)
		get_window(r, &s->link_window);
#define GET_COUNT(field, most) s->field##_count = get_count(r, most);
	RECORD_LISTS(GET_COUNT)
#undef GET_COUNT
#define GET_LIST(field, most)                                           \
	for (size_t i = 0; i < s->field##_count && !r->broken; i++)      \
		get_##field(r, &s->field[i]);
	RECORD_LISTS(GET_LIST)
#undef GET_LIST
}

/* What get_state does not set in every case; what lies behind the counts of the lists is nobody's business. */
static void
clear_head(struct la_member_state *s)
{
	s->suppressed = 0;
	s->login_window = (struct la_cap_window){0};
	s->link_window = (struct la_cap_window){0};
}

/* An erased member has positions and memo, nothing else. */
static bool
tombstone_is_bare(const struct la_member_state *s)
{
	return (s->environment_count == 0 && s->app_count == 0 && s->cooldown_count == 0 && s->suppressed == 0 &&
	    s->login_window.count == 0 && s->link_window.count == 0);
}

enum la_err
la_state_decode(struct la_span record, struct la_member_state *state, struct la_error *error)
{
	struct reader r = {.broken = false};

	clear_head(state);
	if (record.size == 0)
		return (la_error_set(error, LA_EDATA, "a member's record is empty"));
	if (record.data[0] != RECORD_VERSION)
		return (la_error_set(error, LA_EDATA, "a member's record has version %u; this program reads version %d",
		    (unsigned)record.data[0], RECORD_VERSION));
	r.p = record.data + 1;
	r.end = record.data + record.size;
	get_state(&r, state);
	require(&r, r.p == r.end);
	require(&r, r.met_epoch || (!r.any_entry && r.epoch == 0));
	require(&r, r.met_time || (!r.any_time && r.time_ms == 0));
	require(&r, !state->tombstone || tombstone_is_bare(state));
	if (r.broken)
		return (la_error_set(error, LA_EDATA, "a member's record of %zu bytes is broken", record.size));
	return (LA_OK);
}
