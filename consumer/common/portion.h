/*
 * How much is sent at a time. A broker's limit (max.message.bytes) is for all records that a producer sends to a partition
 * in one request, and librdkafka never divides one that was refused: records that would fit one by one would be refused
 * together again and again. So what was refused together is sent in portions, each when the one before is answered.
 */
#ifndef LA_COMMON_PORTION_H
#define LA_COMMON_PORTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* All zero: no limit. */
struct la_portion {
	size_t cap_bytes; /* 0: no limit */
	size_t used_bytes;
	size_t refused, refused_bytes; /* since the last judgement */
	int64_t until_ms;              /* then it is tried without a limit */
};

/* A record was refused as too large. */
void la_portion_refused(struct la_portion *portion, size_t record_bytes);

/*
 * After all reports that are there: one that was refused alone is too large itself; several may have been so together,
 * and an eighth of them goes at a time for ten minutes. True: the portion is smaller than it was.
 */
bool la_portion_judge(struct la_portion *portion, int64_t now_ms);

/* Is there room for a record, so that it may be sent now? An empty portion takes any. Else: wait for what is under way. */
bool la_portion_takes(struct la_portion *portion, size_t record_bytes, int64_t now_ms);

/* It was sent. */
void la_portion_add(struct la_portion *portion, size_t record_bytes);

/* Everything is answered. */
void la_portion_empty(struct la_portion *portion);

#endif
