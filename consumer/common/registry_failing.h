/*
 * How long ids have failed while others were answered; those that failed longest ago make room. Pure.
 * What lies between two failures counts up to LA_REGISTRY_GAP_MS: an outage of all in between does not.
 */
#ifndef LA_COMMON_REGISTRY_FAILING_H
#define LA_COMMON_REGISTRY_FAILING_H

#include <stdint.h>

#include "common/err.h"

#define LA_REGISTRY_FAILING_MAX 256
#define LA_REGISTRY_GAP_MS 20000 /* three answers that take their time, and the rest before */

struct la_registry_failing;

LA_MUST_CHECK enum la_err la_registry_failing_new(struct la_registry_failing **failing); /* Errors: LA_ENOMEM */
void la_registry_failing_free(struct la_registry_failing *failing);

/* It fails once more: for how long by now, in ms. */
int64_t la_registry_failing_add(struct la_registry_failing *failing, uint32_t id, int64_t now_ms);

/* It was answered. */
void la_registry_failing_forget(struct la_registry_failing *failing, uint32_t id);

#endif
