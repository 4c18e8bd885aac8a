/* What a batch adds to log and metrics when it is done with. */
#include "detector/pipeline_internal.h"

/* Kafka's timestamp of the event -> its alert is there: with a transaction, when that is committed. */
static void
observe_alert(struct la_pipeline *pipeline, const struct la_message *message, int64_t there_ms)
{
	if (message->has_timestamp)
		la_metrics_observe_way(
		    la_watch_metrics(pipeline->options.watch), LA_TIMING_EVENT_TO_ALERT, message->timestamp_ms, there_ms);
}

void
la_pipeline_count(struct la_pipeline *pipeline, const struct la_batch *batch)
{
	const struct la_watch *watch = pipeline->options.watch;
	struct la_metrics *metrics = la_watch_metrics(watch);
	int64_t there_ms = pipeline->options.exactly_once ? la_watch_wall_ms(watch) : batch->acknowledged_ms;
	uint64_t outcomes[LA_OUTCOME_COUNT] = {0};

	for (size_t i = 0; i < batch->count; i++) {
		const struct la_item *item = la_batch_item(batch, i);

		if (item->kind == LA_ITEM_VOID || !la_batch_holds(batch, i))
			continue;
		if (item->kind == LA_ITEM_REJECTED) {
			outcomes[LA_OUTCOME_REJECTED]++;
			la_metrics_add(metrics, LA_COUNTER_DEAD_LETTERS, item->cause, 1);
			continue;
		}
		outcomes[item->verdict.outcome]++;
		if (item->verdict.outcome == LA_OUTCOME_ALERTED) {
			la_metrics_add(metrics, LA_COUNTER_ALERTS, item->verdict.reason, 1);
			observe_alert(pipeline, &batch->messages[i], there_ms);
		}
	}
	for (size_t outcome = 0; outcome < LA_OUTCOME_COUNT; outcome++) {
		pipeline->counts[outcome] += outcomes[outcome];
		la_metrics_add(metrics, LA_COUNTER_EVENTS, outcome, outcomes[outcome]);
	}
	pipeline->finished++;
	if (batch->count > 0)
		la_watch_took(watch, LA_TIMING_BATCH, batch->read_us);
}
