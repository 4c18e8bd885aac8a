/*
 * Reading plans: resolution of a writer's schema against ours,
 * compiled once to a flat program, then run over each value's bytes.
 *
 * Follows the Avro 1.11 specification, "Schema Resolution": fields by name or
 * alias, defaults, promotions, unions (of the reader's branches the first that
 * matches best), enum defaults. What the reader lacks is skipped, checked as if it were read.
 */
#ifndef LA_COMMON_AVRO_PLAN_H
#define LA_COMMON_AVRO_PLAN_H

#include "common/avro_layout.h"

#define LA_AVRO_NESTING_MAX 64 /* of records, arrays and maps that are skipped */
#define LA_AVRO_NOTHINGS_MAX 65536 /* items of no bytes (nulls) in one block */
#define LA_AVRO_PLAN_BYTES_MAX (4u << 20)

struct la_avro_plan;

/*
 * Compiles. The layout must outlive the plan, and so must its schema; the writer's need not. name (of the writer's
 * schema) stands before each message.
 * Errors: LA_ECONFIG "name: field f: what does not fit", LA_ENOMEM; *plan is untouched then.
 */
LA_MUST_CHECK enum la_err la_avro_plan_new(struct la_avro_plan **plan, const char *name,
    const struct la_avro_schema *writer, const struct la_avro_layout *layout, struct la_error *error);
void la_avro_plan_free(struct la_avro_plan *plan);
size_t la_avro_plan_bytes(const struct la_avro_plan *plan); /* of memory: LA_AVRO_PLAN_BYTES_MAX at most */

/*
 * Reads the whole of value into slots (layout->slot_count of them). Spans are
 * borrowed from value, or from the plan for defaults. No allocation. The plan
 * holds the run's stack: not for two threads at once.
 * Errors: LA_EDATA "byte n, field f: what"; slots hold anything then.
 */
LA_MUST_CHECK enum la_err la_avro_plan_run(
    struct la_avro_plan *plan, struct la_span value, struct la_avro_slot *slots, struct la_error *error);

#endif
