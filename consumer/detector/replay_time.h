/* Times as whoever asks writes them: in the UTC offset of --from. Pure. */
#ifndef LA_DETECTOR_REPLAY_TIME_H
#define LA_DETECTOR_REPLAY_TIME_H

#include <stdint.h>

#include "common/err.h"

#define LA_REPLAY_TIME_BYTES 40

/* The UTC offset that an ISO 8601 time was written with, in ms; 0 for ms since 1970. text has been parsed before. */
int64_t la_replay_time_offset(const char *text);

/* "2025-07-03T09:00:00.000+09:00", "…Z" with offset 0. */
void la_replay_time_print(int64_t ms, int64_t offset_ms, char out[LA_REPLAY_TIME_BYTES]);

/* "2025-07-03", for a day since 1970. */
void la_replay_time_day(int64_t day, char out[LA_REPLAY_TIME_BYTES]);

#endif
