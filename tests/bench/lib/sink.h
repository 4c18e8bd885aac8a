/*
 * A relay that takes every mail and keeps none: made to be no limit for what is measured. One thread, epoll, no TLS;
 * PIPELINING is announced, as Postfix's smtp-sink does.
 *
 * What smtp-sink cannot do: a delay before each reply. It starts when the command is there, and what comes meanwhile
 * is looked at after the reply, so that it stands for the network's way and back.
 */
#ifndef LA_BENCH_SINK_H
#define LA_BENCH_SINK_H

#include <stdint.h>

#include "common/err.h"

struct la_sink_options {
	uint16_t port; /* 0: any */
	int64_t delay_ns;
	bool is_deferring; /* 450 to every recipient */
	/* A mail was taken, its 250 is out. recipient: without brackets; bytes: of the message, its dots doubled. */
	void (*on_mail)(void *cookie, const char *recipient, uint64_t bytes);
	void *cookie;
};

struct la_sink;

/* On 127.0.0.1. Errors: LA_ENOMEM, LA_EUNAVAILABLE. */
LA_MUST_CHECK enum la_err la_sink_new(
    struct la_sink **sink, const struct la_sink_options *options, struct la_error *error);
void la_sink_free(struct la_sink *sink);
uint16_t la_sink_port(const struct la_sink *sink);
/* Waits at most wait_ns for something to do, and does it. */
void la_sink_turn(struct la_sink *sink, int64_t wait_ns);

#endif
