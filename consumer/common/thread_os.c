#include <signal.h>

#include "common/thread.h"

int
la_thread_start(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *), void *cookie)
{
	sigset_t all, before;
	int problem;

	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	problem = pthread_create(thread, attributes, run, cookie);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	return (problem);
}
