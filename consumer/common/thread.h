/* A thread beside the loop's. */
#ifndef LA_COMMON_THREAD_H
#define LA_COMMON_THREAD_H

#include <pthread.h>

/*
 * Starts run(cookie) in a thread that takes no signal: they are for the loop's, whose waits they end. attributes may be
 * NULL. Returns 0, or what pthread_create says; there is no thread then.
 */
int la_thread_start(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *), void *cookie);

#endif
