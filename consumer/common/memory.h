/* How the process keeps memory. */
#ifndef LA_COMMON_MEMORY_H
#define LA_COMMON_MEMORY_H

/*
 * For a program that moves records: what one batch has freed, the next one allocates again, so it is not given back to
 * the system in between. Before the first thread starts. Nothing happens with another C library than glibc.
 */
void la_memory_keep(void);

#endif
