#include "common/registry_parts.h"

#include <string.h>

void
la_registry_parts_clear(struct la_registry_parts *parts)
{
	for (size_t i = 0; i < parts->count; i++)
		la_buf_clear(&parts->part[i].text);
	memset(parts, 0, sizeof(*parts));
}

size_t
la_registry_parts_missing(const struct la_registry_parts *parts)
{
	for (size_t i = 0; i < parts->count; i++) {
		if (!parts->part[i].is_there)
			return (i);
	}
	return (parts->count == 0 ? 0 : LA_REGISTRY_PARTS_MAX);
}

/* LA_REGISTRY_PARTS_MAX: there is no room for it. */
static size_t
part_of(struct la_registry_parts *parts, const struct la_registry_reference *reference)
{
	for (size_t i = 1; i < parts->count; i++) {
		if (parts->part[i].of.version == reference->version &&
		    strcmp(parts->part[i].of.subject, reference->subject) == 0)
			return (i);
	}
	if (parts->count == LA_REGISTRY_PARTS_MAX)
		return (LA_REGISTRY_PARTS_MAX);
	parts->part[parts->count].of = *reference;
	return (parts->count++);
}

enum la_err
la_registry_parts_add(
    struct la_registry_parts *parts, size_t i, const struct la_registry_answer *answer, const char **wrong)
{
	struct la_registry_part *part = &parts->part[i];
	size_t need;

	*wrong = "with the schemas that it refers to it is longer than 1 MiB";
	if (answer->schema.size > LA_REGISTRY_PARTS_BYTES - parts->bytes)
		return (LA_EDATA);
	if (parts->count == 0)
		parts->count = 1;
	*wrong = "it refers to more than 16 other schemas";
	for (size_t r = 0; r < answer->reference_count; r++) {
		if ((need = part_of(parts, &answer->references[r])) == LA_REGISTRY_PARTS_MAX)
			return (LA_EDATA);
		part->needs[part->need_count++] = (uint8_t)need;
	}
	if (la_buf_add(&part->text, answer->schema.data, answer->schema.size) != LA_OK)
		return (LA_ENOMEM);
	parts->bytes += part->text.size;
	part->is_there = true;
	return (LA_OK);
}

static bool
is_ready(const struct la_registry_part *part, const bool *is_out)
{
	for (size_t n = 0; n < part->need_count; n++) {
		if (!is_out[part->needs[n]])
			return (false);
	}
	return (true);
}

bool
la_registry_parts_order(struct la_registry_parts *parts)
{
	bool is_out[LA_REGISTRY_PARTS_MAX] = {false}, any = true;
	size_t out = 0;

	while (any) {
		any = false;
		for (size_t i = 0; i < parts->count; i++) {
			if (is_out[i] || !is_ready(&parts->part[i], is_out))
				continue;
			parts->texts[out++] = la_buf_span(&parts->part[i].text);
			is_out[i] = any = true;
		}
	}
	return (out == parts->count);
}
