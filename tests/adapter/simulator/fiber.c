#include "simulator/fiber.h"

#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <ucontext.h>

#define STACK_BYTES (512u << 10)

/* A sanitizer must be told that the stack changes. */
#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/common_interface_defs.h>
#define leave(save, stack, size) __sanitizer_start_switch_fiber((save), (stack), (size))
#define arrive(save, stack, size) __sanitizer_finish_switch_fiber((save), (stack), (size))
#else
#define leave(save, stack, size) ((void)(save), (void)(stack), (void)(size))
#define arrive(save, stack, size) ((void)(save), (void)(stack), (void)(size))
#endif
#if defined(__SANITIZE_THREAD__)
#include <sanitizer/tsan_interface.h>
#define tsan_make() __tsan_create_fiber(0)
#define tsan_drop(fiber) __tsan_destroy_fiber(fiber)
#define tsan_here() __tsan_get_current_fiber()
#define tsan_switch(fiber) __tsan_switch_to_fiber((fiber), 0)
#else
#define tsan_make() NULL
#define tsan_drop(fiber) ((void)(fiber))
#define tsan_here() NULL
#define tsan_switch(fiber) ((void)(fiber))
#endif

struct sim_fiber {
	ucontext_t own, caller;
	void *stack, *fake; /* fake: the sanitizer's second stack */
	const void *caller_stack;
	size_t caller_size;
	void *tsan, *tsan_caller;
	void (*body)(void *cookie);
	void *cookie;
	bool ended;
};

static void
enter(unsigned low, unsigned high)
{
	struct sim_fiber *fiber = (struct sim_fiber *)((uintptr_t)low | (uintptr_t)high << 32);

	arrive(NULL, &fiber->caller_stack, &fiber->caller_size);
	fiber->body(fiber->cookie);
	fiber->ended = true;
	leave(NULL, fiber->caller_stack, fiber->caller_size);
	tsan_switch(fiber->tsan_caller);
	(void)swapcontext(&fiber->own, &fiber->caller);
}

struct sim_fiber *
sim_fiber_new(void)
{
	struct sim_fiber *fiber = calloc(1, sizeof(*fiber));

	assert(fiber != NULL);
	fiber->stack = mmap(NULL, STACK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert(fiber->stack != MAP_FAILED);
	fiber->tsan = tsan_make();
	fiber->ended = true;
	return (fiber);
}

void
sim_fiber_free(struct sim_fiber *fiber)
{
	if (fiber == NULL)
		return;
	assert(fiber->ended);
	tsan_drop(fiber->tsan);
	(void)munmap(fiber->stack, STACK_BYTES);
	free(fiber);
}

void
sim_fiber_start(struct sim_fiber *fiber, void (*body)(void *cookie), void *cookie)
{
	uintptr_t self = (uintptr_t)fiber;

	assert(fiber->ended);
	fiber->body = body;
	fiber->cookie = cookie;
	fiber->ended = false;
	fiber->fake = NULL;
	(void)getcontext(&fiber->own);
	fiber->own.uc_stack.ss_sp = fiber->stack;
	fiber->own.uc_stack.ss_size = STACK_BYTES;
	fiber->own.uc_link = NULL;
	makecontext(&fiber->own, (void (*)(void))enter, 2, (unsigned)self, (unsigned)(self >> 32));
	/* ASan's swapcontext clears the shadow of a stack that it finds here, at every switch */
	fiber->own.uc_stack.ss_sp = NULL;
	fiber->own.uc_stack.ss_size = 0;
}

bool
sim_fiber_resume(struct sim_fiber *fiber)
{
	void *fake = NULL;

	assert(!fiber->ended);
	fiber->tsan_caller = tsan_here();
	leave(&fake, fiber->stack, STACK_BYTES);
	tsan_switch(fiber->tsan);
	(void)swapcontext(&fiber->caller, &fiber->own);
	arrive(fake, NULL, NULL);
	return (!fiber->ended);
}

void
sim_fiber_yield(struct sim_fiber *fiber)
{
	leave(&fiber->fake, fiber->caller_stack, fiber->caller_size);
	tsan_switch(fiber->tsan_caller);
	(void)swapcontext(&fiber->own, &fiber->caller);
	arrive(fiber->fake, &fiber->caller_stack, &fiber->caller_size);
}
