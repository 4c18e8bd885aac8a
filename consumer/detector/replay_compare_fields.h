/* Inside the compare: what differs between two records, in the names of the schema's fields. */
#ifndef LA_DETECTOR_REPLAY_COMPARE_FIELDS_H
#define LA_DETECTOR_REPLAY_COMPARE_FIELDS_H

#include "detector/replay_compare.h"

#define LA_FIELDS_BYTES sizeof(((struct la_difference *)0)->fields)

/* Names of the fields that differ, "" when none does. What a replay has by its nature otherwise is not compared: mode,
 * member_ref and key_epoch, the revisions, what is sealed. */
void la_compare_job_fields(const struct la_alert_job *replayed, const struct la_alert_job *recorded, char *out);
void la_compare_decision_fields(const struct la_decision *replayed, const struct la_decision *recorded, char *out);

/* "ALERTED NEW_DEVICE" */
void la_compare_words(enum la_outcome outcome, bool has_reason, enum la_reason reason, char out[64]);

bool la_outcome_is_candidate(enum la_outcome outcome);

#endif
