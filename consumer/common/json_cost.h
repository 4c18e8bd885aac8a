/* What a JSON text takes in memory as jansson's tree, before it is parsed: jansson has no limit of its own. Pure. */
#ifndef LA_COMMON_JSON_COST_H
#define LA_COMMON_JSON_COST_H

#include "common/span.h"

/* Bytes: about as many as malloc hands out for the tree (jansson 2.14, 64 bits), rather more than less. text may be anything. */
size_t la_json_cost(struct la_span text);

#endif
