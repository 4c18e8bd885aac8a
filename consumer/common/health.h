/*
 * How the loop is, for those who ask from another thread: when it turned last, and which sides fail. The loop's thread
 * tells, any thread asks; telling that all is as before costs an atomic read.
 */
#ifndef LA_COMMON_HEALTH_H
#define LA_COMMON_HEALTH_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/conf.h"

/* side: the word of log, /readyz and paused{cause}; then the programs that have it */
#define LA_SIDE_LIST(X)                         \
	X(REDIS, "redis", true, true)           \
	X(BROKER, "broker", true, true)         \
	X(STORM, "storm", true, false)          \
	X(REGISTRY, "registry", true, true)     \
	X(RELAY, "relay", false, true)          \
	X(DIRECTORY, "directory", false, true)  \
	X(ROOM, "room", false, true)

enum la_side {
#define LA_SIDE_ENUM(name, word, detector, mailer) LA_SIDE_##name,
	LA_SIDE_LIST(LA_SIDE_ENUM)
#undef LA_SIDE_ENUM
	LA_SIDES
};

struct la_health {
	enum la_program program;
	_Atomic int64_t turned_ms; /* the loop's last turn, monotonic; 0: none yet */
	atomic_uint failing;       /* a bit for each side */
	_Atomic uint32_t schema_id; /* that the registry was asked for last without success */
	pthread_mutex_t mutex;     /* guards what follows */
	char why[LA_SIDES][LA_ERROR_TEXT_BYTES];
};

void la_health_init(struct la_health *health, enum la_program program);
void la_health_clear(struct la_health *health);

/* By the loop, at least once in a few seconds. health of these four may be NULL: nobody asks. */
void la_health_turned(struct la_health *health, int64_t now_ms);

/* side: a word of the list. why: one line without payload. */
void la_health_fails(struct la_health *health, const char *side, const char *why);
void la_health_works(struct la_health *health, const char *side); /* NULL: every side does */

/* While the registry fails: for this id. */
void la_health_awaits_schema(struct la_health *health, uint32_t id);

int64_t la_health_turned_ms(const struct la_health *health);
bool la_health_is_failing(const struct la_health *health);

/* Appends "side: why" for each side that fails. Errors: LA_ENOMEM. */
LA_MUST_CHECK enum la_err la_health_print(struct la_health *health, struct la_buf *out);

/* Appends the families paused{cause}: 1 for each side that fails, and schema_id_awaited. Errors: LA_ENOMEM. */
LA_MUST_CHECK enum la_err la_health_print_paused(const struct la_health *health, struct la_buf *out);

#endif
