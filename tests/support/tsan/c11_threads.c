/*
 * The C11 threads that librdkafka uses, by POSIX ones: ThreadSanitizer (GCC 12 to 14) knows those alone, and crashes in the first
 * thread that it did not see start. glibc's types are the same: mtx_t holds a pthread_mutex_t, thrd_t is a pthread_t.
 */
#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <threads.h>

struct start {
	thrd_start_t run;
	void *cookie;
};

static int
result(int problem)
{
	switch (problem) {
	case 0:
		return (thrd_success);
	case ETIMEDOUT:
		return (thrd_timedout);
	case ENOMEM:
	case EAGAIN:
		return (thrd_nomem);
	default:
		return (thrd_error);
	}
}

static void *
run(void *cookie)
{
	struct start start = *(struct start *)cookie;

	free(cookie);
	return ((void *)(intptr_t)start.run(start.cookie));
}

int
thrd_create(thrd_t *thread, thrd_start_t function, void *cookie)
{
	struct start *start = malloc(sizeof(*start));
	int problem;

	if (start == NULL)
		return (thrd_nomem);
	*start = (struct start){function, cookie};
	if ((problem = pthread_create(thread, NULL, run, start)) != 0)
		free(start);
	return (result(problem));
}

int
thrd_join(thrd_t thread, int *code)
{
	void *value = NULL;
	int problem = pthread_join(thread, &value);

	if (problem == 0 && code != NULL)
		*code = (int)(intptr_t)value;
	return (result(problem));
}

/*
 * A write that ThreadSanitizer does not see, nor what frees it: librdkafka hands locks to other threads by atomics, which it
 * does not see either.
 */
int
mtx_init(mtx_t *mutex, int type)
{
	static const pthread_mutex_t plain = PTHREAD_MUTEX_INITIALIZER;
	pthread_mutexattr_t attributes;
	int problem = 0;

	if ((type & mtx_recursive) == 0) {
		*(pthread_mutex_t *)mutex = plain;
	} else {
		(void)pthread_mutexattr_init(&attributes);
		(void)pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_RECURSIVE);
		problem = pthread_mutex_init((pthread_mutex_t *)mutex, &attributes);
		(void)pthread_mutexattr_destroy(&attributes);
	}
	return (result(problem));
}

void
mtx_destroy(mtx_t *mutex)
{
	(void)mutex;
}

int
mtx_lock(mtx_t *mutex)
{
	return (result(pthread_mutex_lock((pthread_mutex_t *)mutex)));
}

int
mtx_unlock(mtx_t *mutex)
{
	return (result(pthread_mutex_unlock((pthread_mutex_t *)mutex)));
}

int
cnd_init(cnd_t *condition)
{
	static const pthread_cond_t plain = PTHREAD_COND_INITIALIZER;

	*(pthread_cond_t *)condition = plain;
	return (thrd_success);
}

void
cnd_destroy(cnd_t *condition)
{
	(void)condition;
}

int
cnd_signal(cnd_t *condition)
{
	return (result(pthread_cond_signal((pthread_cond_t *)condition)));
}

int
cnd_broadcast(cnd_t *condition)
{
	return (result(pthread_cond_broadcast((pthread_cond_t *)condition)));
}

int
cnd_wait(cnd_t *condition, mtx_t *mutex)
{
	return (result(pthread_cond_wait((pthread_cond_t *)condition, (pthread_mutex_t *)mutex)));
}

int
cnd_timedwait(cnd_t *condition, mtx_t *mutex, const struct timespec *until)
{
	return (result(pthread_cond_timedwait((pthread_cond_t *)condition, (pthread_mutex_t *)mutex, until)));
}

void
call_once(once_flag *flag, void (*function)(void))
{
	(void)pthread_once((pthread_once_t *)flag, function);
}
