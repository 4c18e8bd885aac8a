/*
 * A fault that counts down to the k-th call of a port: before its effect, or
 * after it (the answer is lost). A lasting fault is a dead process: every call
 * from then on fails.
 */
#ifndef LA_TESTS_FAULT_H
#define LA_TESTS_FAULT_H

#include <stdbool.h>

#include "common/err.h"

struct fault {
	long calls;  /* seen so far */
	long at;     /* the call that fails, from 1; 0: none */
	bool after;  /* after its effect */
	bool lasting;
	enum la_err code;
	bool hit;
};

/* Called before the effect of each call. */
static inline bool
fault_before(struct fault *fault)
{
	fault->calls++;
	if (fault->at == 0 || fault->calls < fault->at)
		return (false);
	if (fault->calls == fault->at)
		fault->hit = true;
	else if (!fault->lasting)
		return (false);
	return (!fault->after || fault->calls > fault->at);
}

/* Called after the effect. */
static inline bool
fault_after(struct fault *fault)
{
	return (fault->at != 0 && fault->after && fault->calls == fault->at);
}

static inline enum la_err
fault_error(const struct fault *fault, struct la_error *error)
{
	return (la_error_set(error, fault->code, "fault at call %ld", fault->at));
}

#endif
