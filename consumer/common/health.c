#include "common/health.h"

#include <stdio.h>
#include <string.h>

#include "common/metrics.h"

static const struct {
	const char *word;
	bool in[2]; /* by enum la_program */
} sides[LA_SIDES] = {
#define SIDE_ROW(name, word, detector, mailer) {word, {detector, mailer}},
    LA_SIDE_LIST(SIDE_ROW)
};

_Static_assert(LA_PROGRAM_DETECTOR == 0 && LA_PROGRAM_MAILER == 1, "sides[].in is indexed by it");

void
la_health_init(struct la_health *health, enum la_program program)
{
	memset(health, 0, sizeof(*health));
	health->program = program;
	(void)pthread_mutex_init(&health->mutex, NULL);
}

void
la_health_clear(struct la_health *health)
{
	(void)pthread_mutex_destroy(&health->mutex);
}

/* LA_SIDES: no such word. */
static size_t
find(const char *word)
{
	size_t side = 0;

	while (side < LA_SIDES && strcmp(sides[side].word, word) != 0)
		side++;
	return (side);
}

void
la_health_turned(struct la_health *health, int64_t now_ms)
{
	if (health != NULL)
		atomic_store_explicit(&health->turned_ms, now_ms, memory_order_relaxed);
}

void
la_health_fails(struct la_health *health, const char *word, const char *why)
{
	size_t side;

	if (health == NULL || (side = find(word)) == LA_SIDES)
		return;
	(void)pthread_mutex_lock(&health->mutex);
	(void)snprintf(health->why[side], sizeof(health->why[side]), "%s", why);
	(void)pthread_mutex_unlock(&health->mutex);
	(void)atomic_fetch_or(&health->failing, 1u << side);
}

void
la_health_works(struct la_health *health, const char *word)
{
	size_t side;

	if (health == NULL || !la_health_is_failing(health))
		return;
	if (word == NULL)
		atomic_store(&health->failing, 0);
	else if ((side = find(word)) < LA_SIDES)
		(void)atomic_fetch_and(&health->failing, ~(1u << side));
}

void
la_health_awaits_schema(struct la_health *health, uint32_t id)
{
	if (health != NULL)
		atomic_store_explicit(&health->schema_id, id, memory_order_relaxed);
}

int64_t
la_health_turned_ms(const struct la_health *health)
{
	return (atomic_load_explicit(&health->turned_ms, memory_order_relaxed));
}

bool
la_health_is_failing(const struct la_health *health)
{
	return (atomic_load_explicit(&health->failing, memory_order_relaxed) != 0);
}

enum la_err
la_health_print(struct la_health *health, struct la_buf *out)
{
	unsigned failing = atomic_load(&health->failing);
	enum la_err err = LA_OK;

	(void)pthread_mutex_lock(&health->mutex);
	for (size_t side = 0; side < LA_SIDES && err == LA_OK; side++) {
		if ((failing & 1u << side) != 0)
			err = la_buf_printf(out, "%s: %s\n", sides[side].word, health->why[side]);
	}
	(void)pthread_mutex_unlock(&health->mutex);
	return (err);
}

enum la_err
la_health_print_paused(const struct la_health *health, struct la_buf *out)
{
	unsigned failing = atomic_load(&health->failing);
	enum la_err err = la_metrics_print_head(out, "paused", "gauge", "1: this side fails, and is waited for.");

	for (size_t side = 0; side < LA_SIDES && err == LA_OK; side++) {
		const struct la_label cause = {"cause", sides[side].word};

		if (sides[side].in[health->program])
			err = la_metrics_print_sample(out, "paused", &cause, 1, (failing >> side) & 1);
	}
	if (err == LA_OK)
		err = la_metrics_print_head(out, "schema_id_awaited", "gauge",
		    "The id whose schema the registry does not give, while that is waited for; else 0.");
	if (err == LA_OK)
		err = la_metrics_print_sample(out, "schema_id_awaited", NULL, 0,
		    (failing >> LA_SIDE_REGISTRY & 1) != 0 ? atomic_load(&health->schema_id) : 0);
	return (err);
}
