/*
 * What a replay found, as values, and how it is written: a line of decisions.jsonl, summary.json (replay_json.c),
 * report.html (report_html.c). Pure. Nothing here holds a member id, an address or anything else of an event in clear
 * but event_id and the masked number (P7), and no time of day: the same replay gives the same bytes.
 */
#ifndef LA_DETECTOR_REPLAY_REPORT_H
#define LA_DETECTOR_REPLAY_REPORT_H

#include <jansson.h>

#include "common/buf.h"
#include "common/range.h"
#include "detector/agent.h"
#include "detector/replay_compare.h"
#include "detector/replay_tally.h"

#define LA_REPLAY_SETTINGS 8

struct la_replay_report {
	const char *topic, *cluster_id;
	int64_t from_ms, to_ms, warm_up_ms;
	int64_t offset_ms; /* of all times and days */
	const struct la_range_bounds *bounds;
	int32_t partitions;
	size_t sides;
	const char *settings[LA_REPLAY_SIDES][LA_REPLAY_SETTINGS]; /* "policy.cap=10/1h"; NULL: no more */
	char policy_rev[LA_REPLAY_SIDES][LA_REV_HEX];
	char agent_rev[LA_REV_HEX];
	const char *policy_name; /* the second policy's file, without its folder */
	const struct la_replay_tally *tally;
	const struct la_compare_result *compare; /* NULL: --compare was not asked for */
};

/* How many partitions have lost records that the warm-up asks for: states may lack devices. */
int32_t la_replay_report_cut(const struct la_replay_report *report);

/* All differences of a kind, listed or not. */
uint64_t la_replay_report_count(const struct la_compare_result *result, enum la_difference_kind kind);

/* An event of the range as an object; NULL: out of memory. masked: the member's number, absent for a REJECTED. */
json_t *la_replay_json_line(const struct la_replay_seen *seen, size_t sides, const struct la_text *masked);

/* New reference; NULL: out of memory. */
json_t *la_replay_json_summary(const struct la_replay_report *report);

/* Errors: LA_ENOMEM. */
LA_MUST_CHECK enum la_err la_report_html(const struct la_replay_report *report, struct la_buf *out);

#endif
