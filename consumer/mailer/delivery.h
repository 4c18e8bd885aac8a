/*
 * The mailer's loop: poll jobs, render, claim, submit, mark, write Delivery records,
 * commit in order behind finished jobs. Only delivery*.c know the order, and only they
 * commit.
 */
#ifndef LA_MAILER_DELIVERY_H
#define LA_MAILER_DELIVERY_H

#include <stdatomic.h>

#include "common/bus.h"
#include "common/decoder.h"
#include "common/encoder.h"
#include "common/log.h"
#include "common/watch.h"
#include "mailer/brand.h"
#include "mailer/directory.h"
#include "mailer/ledger.h"
#include "mailer/relay.h"
#include "mailer/render.h"
#include "mailer/schedule.h"

struct la_delivery_options {
	const struct la_bus *bus;
	int bus_fd; /* -1: none */
	const struct la_relay *relay;
	const struct la_ledger *ledger;
	const struct la_directory *directory; /* NULL: a job without an address is REFUSED */
	struct la_schedule schedule; /* for jobs that are to be tried again */
	int64_t mails_per_s;         /* 0: no limit */
	struct la_decoder *decoder; /* of AlertJob */
	struct la_encoder *encoder;
	struct la_renderer *renderer;
	/* The brand of a tenant; never NULL. */
	const struct la_brand *(*brand_of)(void *cookie, struct la_span tenant);
	void *brand_cookie;
	/* Called once a turn, between records: whatever brand_of gave may go then. NULL: nothing is. */
	void (*each_turn)(void *cookie);
	void *turn_cookie;
	int64_t (*now_ms)(void *cookie);  /* monotonic */
	int64_t (*wall_ms)(void *cookie); /* since 1970: not_after and Delivery.at only */
	void *now_cookie;
	void (*log)(enum la_log_level level, const struct la_field *fields, size_t count); /* la_log_write */
	const atomic_int *stopping;
	int shutdown_timeout_ms; /* for mails under way; a third of it more for the last commit */
	const char *topic_deliveries, *topic_dlq;
	const struct la_watch *watch; /* NULL: nobody watches */
};

struct la_delivery_loop;

LA_MUST_CHECK enum la_err la_delivery_new(
    struct la_delivery_loop **loop, const struct la_delivery_options *options, struct la_error *error);
void la_delivery_free(struct la_delivery_loop *loop);
/* Until *stopping; then nothing new is taken and what is under way is finished within shutdown_timeout_ms. */
LA_MUST_CHECK enum la_err la_delivery_run(struct la_delivery_loop *loop, struct la_error *error);

#endif
