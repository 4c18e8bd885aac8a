/*
 * Allocations that fail when told: for tests named test_*_alloc.c, whose link
 * turns our own calls to here (libraries' calls go on as ever).
 */
#ifndef LA_TESTS_FAILING_ALLOC_H
#define LA_TESTS_FAILING_ALLOC_H

#include <stdbool.h>
#include <stddef.h>

static long failing_alloc_calls; /* since it was last set to 0 */
static long failing_alloc_at;    /* the call that fails, from 1; 0: none */

static inline bool
failing_alloc_fails(void)
{
	return (++failing_alloc_calls == failing_alloc_at);
}

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
char *__real_strdup(const char *text);
void *__real_sodium_malloc(size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);
char *__wrap_strdup(const char *text);
void *__wrap_sodium_malloc(size_t size);

void *
__wrap_malloc(size_t size)
{
	return (failing_alloc_fails() ? NULL : __real_malloc(size));
}

void *
__wrap_calloc(size_t count, size_t size)
{
	return (failing_alloc_fails() ? NULL : __real_calloc(count, size));
}

void *
__wrap_realloc(void *old, size_t size)
{
	return (failing_alloc_fails() ? NULL : __real_realloc(old, size));
}

char *
__wrap_strdup(const char *text)
{
	return (failing_alloc_fails() ? NULL : __real_strdup(text));
}

void *
__wrap_sodium_malloc(size_t size)
{
	return (failing_alloc_fails() ? NULL : __real_sodium_malloc(size));
}

#endif
