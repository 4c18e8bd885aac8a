#include <string.h>

#include "mailer/delivery_internal.h"

/* As long as one relay is well, mails go. */
static bool
is_any_relay_well(const struct la_delivery_loop *loop)
{
	for (size_t i = 0; i < loop->options.relay->count; i++) {
		if (loop->relays[i].rest_ms == 0)
			return (true);
	}
	return (false);
}

void
la_delivery_watch_failure(
    const struct la_delivery_loop *loop, const struct la_waiting *waiting, const char *side, const char *why)
{
	bool is_relay = waiting >= &loop->relays[0].waiting && waiting <= &loop->relays[LA_RELAYS_MAX - 1].waiting;

	if (!is_relay || !is_any_relay_well(loop))
		la_health_fails(la_watch_health(loop->options.watch), side, why);
}

void
la_delivery_watch_result(
    const struct la_delivery_loop *loop, const struct la_slot *slot, const struct la_relay_result *result)
{
	const struct la_watch *watch = loop->options.watch;

	la_watch_took(watch, LA_TIMING_SMTP, slot->submitted_us);
	if (result->outcome == LA_RELAY_SENT)
		la_metrics_observe_way(la_watch_metrics(watch), LA_TIMING_EVENT_TO_MAIL, slot->job.occurred_at_ms,
		    la_watch_wall_ms(watch));
}

void
la_delivery_watch_done(const struct la_delivery_loop *loop, const struct la_slot *slot)
{
	struct la_metrics *metrics = la_watch_metrics(loop->options.watch);

	la_metrics_add(metrics, LA_COUNTER_MAILS, slot->delivery.outcome, 1);
	if (slot->is_dead)
		la_metrics_add(metrics, LA_COUNTER_DEAD_LETTERS, la_dead_letter_cause_of(slot->dead_stage, slot->why.code), 1);
}
