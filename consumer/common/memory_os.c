#include "common/memory.h"

#include <stdlib.h> /* __GLIBC__ */

#ifdef __GLIBC__
#include <malloc.h>
#endif

#define KEPT_BYTES (64 << 20)
#define STEP_BYTES (1 << 20)
#define NEVER_MAPPED_BYTES (32 << 20) /* as large as glibc allows */
#define MAPPED_BYTES (128 << 10)

/*
 * glibc gives the end of a heap back from 128 KiB on, and lets the heap of another thread than the first grow by single
 * pages: with records that librdkafka's thread allocates and ours frees, that is a system call and page faults for every
 * few records. One heap for all threads grows by the step.
 */
void
la_memory_keep(bool map_buffers)
{
#ifdef __GLIBC__
	(void)mallopt(M_ARENA_MAX, 1);
	(void)mallopt(M_TRIM_THRESHOLD, KEPT_BYTES);
	(void)mallopt(M_TOP_PAD, STEP_BYTES);
	(void)mallopt(M_MMAP_THRESHOLD, map_buffers ? MAPPED_BYTES : NEVER_MAPPED_BYTES);
#else
	(void)map_buffers;
#endif
}
