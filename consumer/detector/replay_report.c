#include "detector/replay_report.h"

int32_t
la_replay_report_cut(const struct la_replay_report *report)
{
	int32_t cut = 0;

	for (int32_t p = 0; p < report->partitions; p++)
		cut += report->bounds[p].low > 0 && report->bounds[p].start <= report->bounds[p].low;
	return (cut);
}

uint64_t
la_replay_report_count(const struct la_compare_result *result, enum la_difference_kind kind)
{
	uint64_t count = 0;

	for (int of = 0; of < LA_DIFFERENCE_OF; of++)
		count += result->counts[of][kind];
	return (count);
}
