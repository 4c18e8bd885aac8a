/*
 * Which offsets may be committed: records finish in any order, positions move
 * only over a run of finished ones (P1). Pure. Only records in hand take room: a
 * record may wait for hours while any number behind it is finished.
 *
 * Records of one partition and lease must be added in the order of their offsets.
 */
#ifndef LA_MAILER_WINDOW_H
#define LA_MAILER_WINDOW_H

#include <stdint.h>

#include "common/bus.h"
#include "common/err.h"

struct la_window;

/* At most cap records in hand at a time. Errors: LA_ENOMEM. */
LA_MUST_CHECK enum la_err la_window_new(struct la_window **window, uint32_t cap);
void la_window_free(struct la_window *window);

/*
 * Takes a record in hand; *ticket (below cap) names it until it is finished. Errors: LA_ENOMEM; LA_EINTERNAL: cap records
 * are in hand.
 */
LA_MUST_CHECK enum la_err la_window_add(
    struct la_window *window, const struct la_message *message, uint32_t *ticket, struct la_error *error);

/* How many more records may be added now. */
uint32_t la_window_room(const struct la_window *window);

/* The record is done for good; its ticket may be given out again. */
void la_window_finish(struct la_window *window, uint32_t ticket);

/*
 * Positions that moved since they were last settled, to be committed now; *positions is valid until the next add or
 * positions with this window.
 */
size_t la_window_positions(struct la_window *window, const struct la_position_done **positions);

/*
 * Those that positions gave last are committed, or void: they are not given again unless they move on, or have moved on
 * meanwhile. only: not all of them, those alone for which it says true; NULL: all.
 */
void la_window_settle(
    struct la_window *window, bool (*only)(void *cookie, const struct la_position_done *position), void *cookie);

#endif
