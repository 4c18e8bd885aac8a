/*
 * Labels and their digests, remembered by what they come from: the same few
 * hundred user agents come again and again, and reading one costs as much as
 * the rest of an event. Fixed memory: of entries that fall together four are
 * kept, then the oldest goes.
 */
#ifndef LA_DETECTOR_LABEL_CACHE_H
#define LA_DETECTOR_LABEL_CACHE_H

#include "common/err.h"
#include "detector/agent.h"
#include "detector/digest.h"

struct la_labelled {
	struct la_labels labels;
	uint64_t platform[LA_EPOCHS_MAX]; /* by digester */
	uint64_t browser[LA_EPOCHS_MAX];
};

struct la_label_cache;

/* The digesters must outlive the cache. Errors: LA_ENOMEM. */
LA_MUST_CHECK enum la_err la_label_cache_new(
    struct la_label_cache **cache, const struct la_digester *digesters, size_t count);
void la_label_cache_free(struct la_label_cache *cache);

/* Valid until the next call. */
const struct la_labelled *la_label_cache_find(struct la_label_cache *cache, const struct la_login_event *event);

#endif
