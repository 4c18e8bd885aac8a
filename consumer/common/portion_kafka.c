#include <stdio.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/producer_kafka.h"

#define OVERHEAD_BYTES 100 /* of a record as it is sent, about, beside key and value */

void
la_producer_kafka_too_large(struct la_producer_kafka *producer, const rd_kafka_message_t *message)
{
	la_portion_refused(&producer->portion, message->len + message->key_len + OVERHEAD_BYTES);
	(void)snprintf(
	    producer->refused_by, sizeof(producer->refused_by), "%s", rd_kafka_topic_name(message->rkt));
}

bool
la_producer_kafka_make_room(struct la_producer_kafka *producer, const struct la_output *output, int wait_ms)
{
	size_t bytes = output->key.size + output->value.size + OVERHEAD_BYTES;
	int64_t now_ms = la_clock_now_ms(NULL);

	if (la_portion_judge(&producer->portion, now_ms))
		la_log(LA_LOG_WARN, la_msg("outputs are sent in portions: together a topic refuses them as too large"),
		    la_str("topic", producer->refused_by), la_int("bytes", (int64_t)producer->portion.cap_bytes));
	if (!la_portion_takes(&producer->portion, bytes, now_ms)) {
		if (rd_kafka_flush(producer->rk, wait_ms) != RD_KAFKA_RESP_ERR_NO_ERROR)
			return (false);
		la_portion_empty(&producer->portion);
	}
	la_portion_add(&producer->portion, bytes);
	return (true);
}
