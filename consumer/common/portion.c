#include "common/portion.h"

#define PARTS 8
#define LASTS_MS 600000

void
la_portion_refused(struct la_portion *portion, size_t record_bytes)
{
	portion->refused++;
	portion->refused_bytes += record_bytes;
}

bool
la_portion_judge(struct la_portion *portion, int64_t now_ms)
{
	size_t cap_bytes = portion->refused_bytes / PARTS + 1;
	bool together = portion->refused > 1;

	if (portion->refused > 0 && portion->cap_bytes > 0)
		portion->until_ms = now_ms + LASTS_MS;
	portion->refused = portion->refused_bytes = 0;
	if (!together || (portion->cap_bytes > 0 && portion->cap_bytes <= cap_bytes))
		return (false);
	portion->cap_bytes = cap_bytes;
	portion->until_ms = now_ms + LASTS_MS;
	return (true);
}

bool
la_portion_takes(struct la_portion *portion, size_t record_bytes, int64_t now_ms)
{
	if (portion->cap_bytes > 0 && now_ms >= portion->until_ms)
		portion->cap_bytes = 0;
	return (portion->cap_bytes == 0 || portion->used_bytes == 0 ||
	    portion->used_bytes + record_bytes <= portion->cap_bytes);
}

void
la_portion_add(struct la_portion *portion, size_t record_bytes)
{
	if (portion->cap_bytes > 0)
		portion->used_bytes += record_bytes;
}

void
la_portion_empty(struct la_portion *portion)
{
	portion->used_bytes = 0;
}
