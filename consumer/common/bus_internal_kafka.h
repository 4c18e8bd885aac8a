/* The parts of the bus: bus_kafka.c (opened and closed), bus_calls_kafka.c (what the loops call). */
#ifndef LA_COMMON_BUS_INTERNAL_KAFKA_H
#define LA_COMMON_BUS_INTERNAL_KAFKA_H

#include "common/bus_kafka.h"
#include "common/parts_kafka.h"

struct la_bus_kafka {
	struct la_bus port;
	struct la_consumer_kafka *consumer;
	struct la_producer_kafka *producer;
	int wake_fd;
	uint64_t voided; /* leases, when the transaction was opened */
	char cluster_id[128];
};

/* The port, for bus. */
struct la_bus la_bus_kafka_calls(struct la_bus_kafka *bus);

#endif
