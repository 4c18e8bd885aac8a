#include "mailer/ledger.h"

#define NO_LIMIT_MS INT64_C(4102444800000)
#define DAY_S (24 * 60 * 60)

int64_t
la_ledger_ttl_s(int64_t not_after_ms, int64_t wall_ms)
{
	if (not_after_ms >= NO_LIMIT_MS)
		return (30 * DAY_S);
	return ((not_after_ms > wall_ms ? (not_after_ms - wall_ms) / 1000 : 0) + DAY_S);
}
