/* The decider's parts, for decide.c and decide_job.c alone. */
#ifndef LA_DETECTOR_DECIDE_INTERNAL_H
#define LA_DETECTOR_DECIDE_INTERNAL_H

#include "detector/decide.h"
#include "detector/digest.h"
#include "detector/label_cache.h"

struct la_decider {
	struct la_policy policy;
	enum la_mode mode;
	size_t mask_keep_last;
	char policy_rev[LA_REV_HEX];
	char agent_rev[LA_REV_HEX];
	size_t active, epoch_count;
	struct la_digester digester[LA_EPOCHS_MAX]; /* newest first */
	struct la_label_cache *labels;
	struct la_sealer *sealer; /* NULL: recipients stay in clear */
	uint64_t no_app[LA_EPOCHS_MAX]; /* digest of the missing app */
	struct la_text cluster_id, generation;
	struct la_text last_topic; /* whose digests last_log holds; absent: none */
	uint64_t last_log[LA_EPOCHS_MAX];
};

#endif
