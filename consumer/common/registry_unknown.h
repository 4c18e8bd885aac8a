/* Ids of which the registry has no schema, for a while; those used longest ago make room. Pure. */
#ifndef LA_COMMON_REGISTRY_UNKNOWN_H
#define LA_COMMON_REGISTRY_UNKNOWN_H

#include <stdbool.h>
#include <stdint.h>

#include "common/err.h"

struct la_registry_unknown;

LA_MUST_CHECK enum la_err la_registry_unknown_new(struct la_registry_unknown **unknown); /* Errors: LA_ENOMEM */
void la_registry_unknown_free(struct la_registry_unknown *unknown);

/*
 * From now_ms on for LA_REGISTRY_UNKNOWN_MS. status: HTTP's, where the answer was no plain "no"; LA_REGISTRY_SILENT: there
 * was none, and it is for LA_REGISTRY_SILENT_MS.
 */
#define LA_REGISTRY_SILENT (-1)
void la_registry_unknown_add(struct la_registry_unknown *unknown, uint32_t id, long status, int64_t now_ms);
bool la_registry_unknown_has(struct la_registry_unknown *unknown, uint32_t id, int64_t now_ms);

/* What is said of it: LA_ENOSCHEMA, also returned. */
enum la_err la_registry_unknown_say(struct la_registry_unknown *unknown, uint32_t id, struct la_error *error);

#endif
