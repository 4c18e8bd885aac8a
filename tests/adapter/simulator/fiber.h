/*
 * Coroutines, so that instances of the pipeline can take turns in the middle of a port call, in one thread and in an
 * order that a seed fixes.
 */
#ifndef SIM_FIBER_H
#define SIM_FIBER_H

#include <stdbool.h>

struct sim_fiber;

struct sim_fiber *sim_fiber_new(void);
void sim_fiber_free(struct sim_fiber *fiber); /* one that runs no body */

/* body(cookie) runs at the next sim_fiber_resume. */
void sim_fiber_start(struct sim_fiber *fiber, void (*body)(void *cookie), void *cookie);

/* Until it yields or its body ends; false: it has ended. */
bool sim_fiber_resume(struct sim_fiber *fiber);

/* Called in the body: back to who resumed it. */
void sim_fiber_yield(struct sim_fiber *fiber);

#endif
