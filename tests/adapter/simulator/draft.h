/* One event being made: random values, and room for their spelling. */
#ifndef SIM_DRAFT_H
#define SIM_DRAFT_H

#include "common/event.h"

#include "simulator/random.h"

#define SIM_START_MS INT64_C(1751295600000) /* 2025-07-01T00:00:00+09:00 */
#define SIM_HOUR INT64_C(3600000)
#define SIM_DAY (24 * SIM_HOUR)

struct sim_draft {
	struct sim_random random;
	int64_t clock_ms;
	int ids;
	struct la_login_event event; /* borrows from here */
	char id[16], member[16], token[16], app[16], ip[24], model[16];
};

/* The next event of a member, a login without a device. Hasty: within days, so that nothing expires. */
void sim_draft_start(struct sim_draft *draft, int member, bool hasty);
/* From a device, with a token and a model of its own. Returns device. */
int sim_draft_device(struct sim_draft *draft, int device);
/* Any kind of event, over few values that meet often. */
void sim_draft_any(struct sim_draft *draft);

#endif
