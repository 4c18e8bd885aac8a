#include "mailer/zone.h"

#include <stdlib.h>

#include "common/calendar.h"
#include "mailer/zone_rule.h"

#define HEADER_BYTES 44
#define CHANGES_MAX 16384 /* real files have some 250 */
#define TYPES_MAX 256
#define NAME_BYTES_MAX 64

struct la_zone {
	size_t change_count, type_count;
	int64_t *changes;   /* seconds since 1970, ascending */
	uint8_t *type_from; /* the type in force from each change on */
	struct la_zone_type types[TYPES_MAX];
	bool has_rule;
	struct la_zone_rule rule;
};

/* The counts of a header, RFC 8536 section 3.1. */
struct header {
	int version; /* 1, 2, 3, … */
	uint32_t isutcnt, isstdcnt, leapcnt, timecnt, typecnt, charcnt;
};

static uint32_t
read_u32(const unsigned char *p)
{
	return ((uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3]);
}

static int64_t
read_time(const unsigned char *p, size_t time_bytes)
{
	if (time_bytes == 4)
		return ((int32_t)read_u32(p));
	return ((int64_t)((uint64_t)read_u32(p) << 32 | read_u32(p + 4)));
}

static bool
read_header(struct la_span file, struct header *out)
{
	const unsigned char *p = file.data;

	if (file.size < HEADER_BYTES || memcmp(p, "TZif", 4) != 0)
		return (false);
	out->version = p[4] == 0 ? 1 : p[4] - '0';
	out->isutcnt = read_u32(p + 20);
	out->isstdcnt = read_u32(p + 24);
	out->leapcnt = read_u32(p + 28);
	out->timecnt = read_u32(p + 32);
	out->typecnt = read_u32(p + 36);
	out->charcnt = read_u32(p + 40);
	return (out->version >= 1 && out->timecnt <= CHANGES_MAX && out->typecnt >= 1 && out->typecnt <= TYPES_MAX);
}

/* Bytes of the block behind a header; cannot overflow: each count has 32 bits. */
static uint64_t
block_size(const struct header *h, uint64_t time_bytes)
{
	return (h->timecnt * (time_bytes + 1) + h->typecnt * UINT64_C(6) + h->charcnt +
	    h->leapcnt * (time_bytes + 4) + h->isstdcnt + h->isutcnt);
}

static bool
read_type(struct la_zone_type *out, const unsigned char *record, struct la_span names)
{
	size_t at = record[5], size = 0;

	out->utc_offset_s = (int32_t)read_u32(record);
	if (out->utc_offset_s < -100000 || out->utc_offset_s > 100000)
		return (false);
	while (at + size < names.size && names.data[at + size] != '\0')
		size++;
	if (at + size >= names.size || size >= sizeof(out->abbreviation))
		return (false);
	for (size_t i = 0; i < size; i++) { /* it is shown in a mail */
		if (names.data[at + i] <= 0x20 || names.data[at + i] >= 0x7f)
			return (false);
	}
	memcpy(out->abbreviation, names.data + at, size);
	out->abbreviation[size] = '\0';
	return (true);
}

/* RFC 8536 section 3.2: times, type numbers, type records, names. */
static bool
read_block(struct la_zone *zone, const struct header *h, size_t time_bytes, const unsigned char *block)
{
	const unsigned char *numbers = block + h->timecnt * time_bytes, *records = numbers + h->timecnt;
	struct la_span names = la_span_of(records + (size_t)h->typecnt * 6, h->charcnt);

	for (size_t i = 0; i < h->timecnt; i++) {
		zone->changes[i] = read_time(block + i * time_bytes, time_bytes);
		zone->type_from[i] = numbers[i];
		if (numbers[i] >= h->typecnt || (i > 0 && zone->changes[i] <= zone->changes[i - 1]))
			return (false);
	}
	for (size_t i = 0; i < h->typecnt; i++) {
		if (!read_type(&zone->types[i], records + i * 6, names))
			return (false);
	}
	zone->change_count = h->timecnt;
	zone->type_count = h->typecnt;
	return (true);
}

/* "\n<TZ string>\n"; an empty string says that the last type holds on. */
static bool
read_footer(struct la_zone *zone, struct la_span rest)
{
	const unsigned char *end;

	if (rest.size < 2 || rest.data[0] != '\n' || (end = memchr(rest.data + 1, '\n', rest.size - 1)) == NULL)
		return (false);
	rest = la_span_of(rest.data + 1, (size_t)(end - rest.data) - 1);
	zone->has_rule = rest.size > 0;
	return (!zone->has_rule || la_zone_rule_parse(rest, &zone->rule) == LA_OK);
}

/* Since version 2 the first block is there for old readers only; the second has 64-bit times and a footer. */
static bool
find_block(struct la_span *file, struct header *h, size_t *time_bytes)
{
	if (!read_header(*file, h) || block_size(h, 4) > file->size - HEADER_BYTES)
		return (false);
	*time_bytes = 4;
	if (h->version == 1)
		return (true);
	*file = la_span_of(file->data + HEADER_BYTES + block_size(h, 4), file->size - HEADER_BYTES - block_size(h, 4));
	*time_bytes = 8;
	return (read_header(*file, h) && h->version >= 2 && block_size(h, 8) <= file->size - HEADER_BYTES);
}

enum la_err
la_zone_parse(struct la_zone **zone, struct la_span file, struct la_error *error)
{
	struct la_zone *z = NULL;
	struct header h;
	size_t time_bytes, size;

	if (!find_block(&file, &h, &time_bytes))
		goto bad;
	if ((z = calloc(1, sizeof(*z))) == NULL || (z->changes = calloc(h.timecnt + 1, sizeof(*z->changes))) == NULL ||
	    (z->type_from = calloc(h.timecnt + 1, 1)) == NULL) {
		la_zone_free(z);
		return (la_error_set(error, LA_ENOMEM, "out of memory"));
	}
	if (!read_block(z, &h, time_bytes, file.data + HEADER_BYTES))
		goto bad;
	size = HEADER_BYTES + (size_t)block_size(&h, time_bytes);
	if (time_bytes == 8 && !read_footer(z, la_span_of(file.data + size, file.size - size)))
		goto bad;
	*zone = z;
	return (LA_OK);
bad:
	la_zone_free(z);
	return (la_error_set(error, LA_EDATA, "not a zoneinfo file (TZif)"));
}

void
la_zone_free(struct la_zone *zone)
{
	if (zone == NULL)
		return;
	free(zone->changes);
	free(zone->type_from);
	free(zone);
}

bool
la_zone_name_ok(struct la_span name)
{
	if (name.size == 0 || name.size > NAME_BYTES_MAX || name.data[0] == '/')
		return (false);
	for (size_t i = 0; i < name.size; i++) {
		unsigned char c = name.data[i];

		if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
		    c == '+' || c == '-' || c == '/'))
			return (false); /* no '.' at all, so no ".." */
	}
	return (true);
}

static const struct la_zone_type *
type_at(const struct la_zone *zone, int64_t seconds)
{
	size_t low = 0, high = zone->change_count; /* the number of changes at or before seconds lies in [low, high] */

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (zone->changes[middle] <= seconds)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == zone->change_count && zone->has_rule)
		return (la_zone_rule_at(&zone->rule, seconds));
	return (&zone->types[low == 0 ? 0 : zone->type_from[low - 1]]);
}

void
la_zone_local(const struct la_zone *zone, int64_t unix_ms, struct la_local_time *out)
{
	int64_t seconds = la_calendar_seconds(unix_ms);
	const struct la_zone_type *type = type_at(zone, seconds);
	struct la_calendar_time t;

	la_calendar_split(seconds + type->utc_offset_s, &t);
	*out = (struct la_local_time){.year = t.year, .month = t.month, .day = t.day, .hour = t.hour,
	    .minute = t.minute, .second = t.second, .utc_offset_s = type->utc_offset_s};
	memcpy(out->abbreviation, type->abbreviation, sizeof(out->abbreviation));
}
