/* How the process keeps memory. */
#ifndef LA_COMMON_MEMORY_H
#define LA_COMMON_MEMORY_H

#include <stdbool.h>

/*
 * For a program that moves records: what one batch has freed, the next one allocates again, so it is not given back to
 * the system in between. With map_buffers what has 128 KiB or more is mapped by itself: right where buffers are few and
 * small, as freed among records they leave holes. Before the first thread starts. Nothing happens with another C library
 * than glibc.
 */
void la_memory_keep(bool map_buffers);

#endif
