/*
 * A store in front of another: counts calls down to a fault, and lets a test
 * change records between a fetch and a write (another instance at work).
 */
#ifndef LA_TESTS_FAULT_STORE_H
#define LA_TESTS_FAULT_STORE_H

#include "detector/store.h"

#include "fault.h"
#include "memory_bus.h"

struct fault_store {
	struct la_store port;
	const struct la_store *inner;
	struct fault *fault;
	struct memory_bus *bus; /* for the trace */
	bool away;              /* every call fails */
	void (*on_write)(struct fault_store *store, void *cookie); /* before the write */
	void *cookie;
	long written; /* writes that were done */
	struct la_store_write *writes;
	size_t write_count;
};

static inline enum la_err
fault_store_away(struct la_error *error)
{
	return (la_error_set(error, LA_EUNAVAILABLE, "the store is away"));
}

static inline enum la_err
fault_store_fetch_begin(void *self, struct la_store_read *reads, size_t count, struct la_error *error)
{
	struct fault_store *store = self;

	if (store->away)
		return (fault_store_away(error));
	if (fault_before(store->fault))
		return (fault_error(store->fault, error));
	memory_bus_trace(store->bus, 'F');
	return (store->inner->fetch_begin(store->inner->self, reads, count, error));
}

static inline enum la_err
fault_store_fetch_end(void *self, int timeout_ms, struct la_error *error)
{
	struct fault_store *store = self;

	if (fault_before(store->fault))
		return (fault_error(store->fault, error));
	return (store->inner->fetch_end(store->inner->self, timeout_ms, error));
}

static inline enum la_err
fault_store_write_begin(void *self, struct la_store_write *writes, size_t count, struct la_error *error)
{
	struct fault_store *store = self;

	if (store->away)
		return (fault_store_away(error));
	if (fault_before(store->fault))
		return (fault_error(store->fault, error));
	memory_bus_trace(store->bus, 'W');
	if (store->on_write != NULL)
		store->on_write(store, store->cookie);
	store->writes = writes;
	store->write_count = count;
	return (store->inner->write_begin(store->inner->self, writes, count, error));
}

static inline enum la_err
fault_store_write_end(void *self, int timeout_ms, struct la_error *error)
{
	struct fault_store *store = self;
	enum la_err err;

	if (fault_before(store->fault))
		return (fault_error(store->fault, error));
	err = store->inner->write_end(store->inner->self, timeout_ms, error);
	for (size_t i = 0; err == LA_OK && i < store->write_count; i++)
		store->written += store->writes[i].result == LA_WRITE_DONE;
	return (fault_after(store->fault) ? fault_error(store->fault, error) : err);
}

static inline void
fault_store_init(
    struct fault_store *store, const struct la_store *inner, struct fault *fault, struct memory_bus *bus)
{
	*store = (struct fault_store){.inner = inner,
	    .fault = fault,
	    .bus = bus,
	    .port = {.self = store,
	        .fetch_begin = fault_store_fetch_begin,
	        .fetch_end = fault_store_fetch_end,
	        .write_begin = fault_store_write_begin,
	        .write_end = fault_store_write_end}};
}

#endif
