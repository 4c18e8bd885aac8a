#include "common/decoder_fields.h"

#include <string.h>

static bool
copy_hex(char *out, struct la_span text)
{
	size_t i;

	if (text.size != LA_ID_HEX - 1)
		return (false);
	for (i = 0; i < text.size; i++) {
		if (!(text.data[i] >= '0' && text.data[i] <= '9') && !(text.data[i] >= 'a' && text.data[i] <= 'f'))
			return (false);
	}
	memcpy(out, text.data, text.size);
	out[text.size] = '\0';
	return (true);
}

static bool
copy_sealed(struct la_alert_job *job, struct la_span bytes)
{
	if (bytes.size > sizeof(job->recipient_sealed))
		return (false);
	job->recipient_sealed_size = (uint16_t)bytes.size;
	memcpy(job->recipient_sealed, bytes.data, bytes.size);
	return (true);
}

/* NULL, or what is wrong with the value. */
static const char *
fill_owned(const struct la_field_row *row, struct la_span value, unsigned char *out)
{
	switch (row->kind) {
	case LA_FIELD_HEX:
		return (copy_hex((char *)out + row->member, value) ? NULL : "not 32 lower-case hex digits");
	case LA_FIELD_SEALED:
		return (copy_sealed((void *)out, value) ? NULL : "more bytes than any recipient needs");
	default:
		return (NULL);
	}
}

/* What is not there: zeroes, so that nothing is left undefined. */
static void
fill_absent(const struct la_field_row *row, unsigned char *out)
{
	static const size_t sizes[] = {
	    [LA_FIELD_LONG] = sizeof(int64_t),
	    [LA_FIELD_INT] = sizeof(int32_t),
	    [LA_FIELD_ENUM] = sizeof(enum la_mode),
	    [LA_FIELD_HEX] = LA_ID_HEX,
	    [LA_FIELD_RECIPIENT] = 0,
	};

	if (row->has != 0)
		out[row->has] = false;
	if (row->kind == LA_FIELD_TEXT)
		la_text_set((void *)(out + row->member), la_span_of(NULL, 0));
	else if (row->kind == LA_FIELD_SEALED)
		((struct la_alert_job *)(void *)out)->recipient_sealed_size = 0;
	else
		memset(out + row->member, 0, sizes[row->kind]);
}

/* NULL, or what is wrong with the value. */
static const char *
fill_row(const struct la_field_bound *bound, const struct la_avro_slot *slots, unsigned char *out)
{
	const struct la_field_row *row = bound->row;
	const struct la_avro_slot *slot = &slots[bound->slot];
	int32_t narrow = (int32_t)slot->integer;

	if (bound->guarded && slots[bound->guard].integer != bound->guard_branch) {
		fill_absent(row, out);
		return (NULL);
	}
	if (row->has != 0)
		out[row->has] = true;
	switch (row->kind) {
	case LA_FIELD_SPAN:
		memcpy(out + row->member, &slot->bytes, sizeof(slot->bytes));
		return (NULL);
	case LA_FIELD_LONG:
		memcpy(out + row->member, &slot->integer, sizeof(slot->integer));
		return (NULL);
	case LA_FIELD_INT:
	case LA_FIELD_ENUM:
		memcpy(out + row->member, &narrow, sizeof(narrow));
		return (NULL);
	case LA_FIELD_TEXT:
		la_text_set((void *)(out + row->member), slot->bytes);
		return (NULL);
	default:
		return (fill_owned(row, slot->bytes, out));
	}
}

enum la_err
la_decoder_fields_fill(
    const struct la_fields *fields, const struct la_avro_slot *slots, void *to, struct la_error *error)
{
	const struct la_field_bound *bound = fields->bound, *end = bound + fields->count;
	unsigned char *out = to;

	for (; bound < end; bound++) {
		const struct la_avro_slot *slot = &slots[bound->slot];
		int32_t narrow;
		const char *what;

		if (bound->plain == sizeof(slot->bytes)) {
			memcpy(out + bound->member, &slot->bytes, sizeof(slot->bytes));
		} else if (bound->plain == sizeof(narrow)) {
			narrow = (int32_t)slot->integer;
			memcpy(out + bound->member, &narrow, sizeof(narrow));
		} else if (bound->plain == sizeof(slot->integer)) {
			memcpy(out + bound->member, &slot->integer, sizeof(slot->integer));
		} else if ((what = fill_row(bound, slots, out)) != NULL) {
			return (la_error_set(error, LA_EDATA, "field %s: %s", bound->row->name, what));
		}
	}
	return (LA_OK);
}
