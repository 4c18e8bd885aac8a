#include "detector/state.h"

#include <endian.h>
#include <string.h>

#include "detector/state_record.h"

struct writer {
	unsigned char *p;
	uint16_t epoch; /* the newest in the state: most entries have it */
	int64_t time_ms; /* the latest in the state: others are written as what they lie before it */
};

void
la_state_init(struct la_member_state *state)
{
	memset(state, 0, sizeof(*state));
}

static void
note_epoch(struct writer *w, uint16_t epoch)
{
	if (epoch > w->epoch)
		w->epoch = epoch;
}

static void
note_time(struct writer *w, bool *any, int64_t time_ms)
{
	if (!*any || time_ms > w->time_ms)
		w->time_ms = time_ms;
	*any = true;
}

static void
find_epoch(struct writer *w, const struct la_member_state *s)
{
	for (size_t i = 0; i < s->environment_count; i++)
		note_epoch(w, s->environment[i].epoch);
	for (size_t i = 0; i < s->app_count; i++)
		note_epoch(w, s->app[i].epoch);
	for (size_t i = 0; i < s->position_count; i++)
		note_epoch(w, s->position[i].epoch);
	for (size_t i = 0; i < s->memo_count; i++)
		note_epoch(w, s->memo[i].epoch);
	for (size_t i = 0; i < s->cooldown_count; i++)
		note_epoch(w, s->cooldown[i].epoch);
}

static void
find_time(struct writer *w, const struct la_member_state *s)
{
	bool any = false;

	for (size_t i = 0; i < s->environment_count; i++)
		note_time(w, &any, s->environment[i].last_seen_ms);
	for (size_t i = 0; i < s->app_count; i++)
		note_time(w, &any, s->app[i].last_seen_ms);
	for (size_t i = 0; i < s->position_count; i++) {
		if (s->position[i].has_timestamp)
			note_time(w, &any, s->position[i].timestamp_ms);
	}
	for (size_t i = 0; i < s->cooldown_count; i++)
		note_time(w, &any, s->cooldown[i].alerted_at_ms);
	if (s->login_window.count > 0)
		note_time(w, &any, s->login_window.start_ms);
	if (s->link_window.count > 0)
		note_time(w, &any, s->link_window.start_ms);
}

/* Seven bits a byte, the lowest first; the top bit says that more follow. */
static void
put_varint(struct writer *w, uint64_t value)
{
	while (value >= 0x80) {
		*w->p++ = (unsigned char)(value | 0x80);
		value >>= 7;
	}
	*w->p++ = (unsigned char)value;
}

static void
put_digest(struct writer *w, uint64_t digest)
{
	digest = htole64(digest);
	memcpy(w->p, &digest, sizeof(digest));
	w->p += sizeof(digest);
}

/* Modulo 2^64 the difference of any two times is exact. */
static void
put_time(struct writer *w, int64_t time_ms)
{
	put_varint(w, (uint64_t)w->time_ms - (uint64_t)time_ms);
}

static void
put_head(struct writer *w, unsigned marks, uint16_t epoch)
{
	*w->p++ = (unsigned char)(marks | (epoch == w->epoch ? 0 : ENTRY_OLDER_EPOCH));
	if (epoch != w->epoch)
		put_varint(w, (uint64_t)(w->epoch - epoch));
}

static void
put_environment(struct writer *w, const struct la_environment *e)
{
	put_head(w, e->token == 0 ? 0 : ENTRY_HAS, e->epoch);
	if (e->token != 0)
		put_digest(w, e->token);
	put_digest(w, e->platform);
	put_digest(w, e->browser);
	put_time(w, e->last_seen_ms);
}

static void
put_app(struct writer *w, const struct la_app *a)
{
	put_head(w, 0, a->epoch);
	put_digest(w, a->app);
	put_time(w, a->last_seen_ms);
}

static void
put_position(struct writer *w, const struct la_position *p)
{
	put_head(w, p->has_timestamp ? ENTRY_HAS : 0, p->epoch);
	put_digest(w, p->log);
	put_varint(w, (uint32_t)p->partition);
	put_varint(w, (uint64_t)p->offset);
	if (p->has_timestamp)
		put_time(w, p->timestamp_ms);
}

static unsigned
outcome_bits(enum la_outcome outcome)
{
	unsigned bits = 0;

	while (bits < 3 && record_outcomes[bits] != outcome)
		bits++;
	return (bits);
}

static void
put_memo(struct writer *w, const struct la_memo *m)
{
	put_head(w, outcome_bits(m->outcome) << ENTRY_OUTCOME_SHIFT | (unsigned)m->reason << ENTRY_REASON_SHIFT, m->epoch);
	put_digest(w, m->event);
	if (m->outcome == LA_OUTCOME_ALERTED)
		put_varint(w, m->suppressed_before);
}

static void
put_cooldown(struct writer *w, const struct la_cooldown *c)
{
	put_head(w, (unsigned)c->reason << ENTRY_REASON_SHIFT, c->epoch);
	put_digest(w, c->app);
	put_digest(w, c->platform);
	put_digest(w, c->browser);
	put_digest(w, c->ip_prefix);
	put_time(w, c->alerted_at_ms);
}

static void
put_window(struct writer *w, const struct la_cap_window *window)
{
	if (window->count == 0)
		return;
	put_varint(w, window->count);
	put_time(w, window->start_ms);
}

size_t
la_state_encode(const struct la_member_state *state, unsigned char *out)
{
	struct writer w = {.p = out};

	find_epoch(&w, state);
	find_time(&w, state);
	*w.p++ = RECORD_VERSION;
	*w.p++ = (unsigned char)((state->tombstone ? RECORD_TOMBSTONE : 0) |
	    (state->suppressed > 0 ? RECORD_SUPPRESSED : 0) |
	    (state->login_window.count > 0 ? RECORD_LOGIN_WINDOW : 0) |
	    (state->link_window.count > 0 ? RECORD_LINK_WINDOW : 0));
	put_varint(&w, w.epoch);
	put_varint(&w, (uint64_t)w.time_ms);
	if (state->suppressed > 0)
		put_varint(&w, state->suppressed);
	put_window(&w, &state->login_window);
	put_window(&w, &state->link_window);
#define PUT_COUNT(field, most) *w.p++ = state->field##_count;
	RECORD_LISTS(PUT_COUNT)
#undef PUT_COUNT
#define PUT_LIST(field, most)                                \
	for (size_t i = 0; i < state->field##_count; i++)     \
		put_##field(&w, &state->field[i]);
	RECORD_LISTS(PUT_LIST)
#undef PUT_LIST
	return ((size_t)(w.p - out));
}
