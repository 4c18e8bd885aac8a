#include "common/bus_kafka.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "common/bus_internal_kafka.h"
#include "common/clock.h"

static enum la_err
open_clients(struct la_bus_kafka *bus, const struct la_bus_kafka_options *options, struct la_error *error)
{
	rd_kafka_conf_t *consuming = NULL, *producing = NULL;
	enum la_err err;

	if ((err = la_conf_kafka_make(&consuming, options->conf, LA_CONF_KAFKA_CONSUMER, options->group_id, error)) !=
		LA_OK ||
	    (err = la_conf_kafka_make(&producing, options->conf, LA_CONF_KAFKA_PRODUCER, options->group_id, error)) !=
		LA_OK)
		goto out;
	if (options->exactly_once &&
	    (err = la_conf_kafka_transactional(producing, consuming, options->conf, error)) != LA_OK)
		goto out;
	if ((err = la_producer_kafka_new(&bus->producer, producing, options->exactly_once, bus->wake_fd, error)) != LA_OK)
		goto out;
	producing = NULL;
	err = la_consumer_kafka_new(&bus->consumer, consuming, options->input_topic, bus->wake_fd, error);
	if (err == LA_OK && options->metrics != NULL)
		err = la_consumer_kafka_watch(bus->consumer, options->metrics, error);

out:
	if (consuming != NULL)
		rd_kafka_conf_destroy(consuming);
	if (producing != NULL)
		rd_kafka_conf_destroy(producing);
	return (err);
}

enum la_err
la_bus_kafka_new(struct la_bus_kafka **out, const struct la_bus_kafka_options *options, struct la_error *error)
{
	struct la_bus_kafka *bus = calloc(1, sizeof(*bus));
	enum la_err err = LA_EINTERNAL;

	if (bus == NULL)
		return (la_error_set(error, LA_ENOMEM, "out of memory"));
	bus->port = la_bus_kafka_calls(bus);
	bus->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (bus->wake_fd < 0) {
		(void)la_error_set(error, err, "eventfd: %s", strerror(errno));
		goto out;
	}
	if (options->input_topic[0] == '^') {
		err = la_error_set(error, LA_ECONFIG, "topic %s: a pattern is no topic", options->input_topic);
		goto out;
	}
	if ((err = open_clients(bus, options, error)) != LA_OK)
		goto out;
	*out = bus;
	bus = NULL;

out:
	la_bus_kafka_close(bus, 0);
	return (err);
}

void
la_bus_kafka_close(struct la_bus_kafka *bus, int timeout_ms)
{
	int64_t until_ms, left_ms;

	if (bus == NULL)
		return;
	until_ms = la_clock_now_ms(NULL) + timeout_ms;
	if (bus->producer != NULL)
		la_transaction_kafka_end(bus->producer, timeout_ms / 2); /* who gets our partitions waits for it */
	left_ms = until_ms - la_clock_now_ms(NULL);
	la_consumer_kafka_close(bus->consumer, left_ms > 0 ? (int)left_ms : 0);
	la_producer_kafka_close(bus->producer);
	if (bus->wake_fd >= 0)
		(void)close(bus->wake_fd);
	free(bus);
}

const struct la_bus *
la_bus_kafka_port(struct la_bus_kafka *bus)
{
	return (&bus->port);
}

enum la_err
la_bus_kafka_print_lag(struct la_bus_kafka *bus, struct la_buf *out)
{
	return (la_consumer_kafka_print_lag(bus->consumer, out));
}

int
la_bus_kafka_fd(struct la_bus_kafka *bus)
{
	return (bus->wake_fd);
}
