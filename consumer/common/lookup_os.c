#include "common/lookup.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/thread.h"

/* Belongs to the thread and to the one who waits: the last of them frees it. */
struct la_lookup {
	pthread_mutex_t mutex;
	pthread_cond_t done;
	int holders;
	bool is_done;
	int problem; /* of getaddrinfo; 0: address is there */
	char address[LA_LOOKUP_ADDRESS_BYTES];
	char host[256];
};

bool
la_lookup_is_address(const char *host)
{
	unsigned char address[sizeof(struct in6_addr)];

	return (inet_pton(AF_INET, host, address) == 1 || inet_pton(AF_INET6, host, address) == 1);
}

void
la_lookup_free(struct la_lookup *lookup)
{
	bool last;

	if (lookup == NULL)
		return;
	(void)pthread_mutex_lock(&lookup->mutex);
	last = --lookup->holders == 0;
	(void)pthread_mutex_unlock(&lookup->mutex);
	if (!last)
		return;
	(void)pthread_cond_destroy(&lookup->done);
	(void)pthread_mutex_destroy(&lookup->mutex);
	free(lookup);
}

/* IPv4 first, as hiredis does. */
static int
look_up(const char *host, char address[LA_LOOKUP_ADDRESS_BYTES])
{
	static const int families[] = {AF_INET, AF_INET6};
	struct addrinfo *found = NULL;
	int problem = 0;

	for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++) {
		const struct addrinfo hints = {.ai_family = families[i], .ai_socktype = SOCK_STREAM};

		if ((problem = getaddrinfo(host, NULL, &hints, &found)) != 0)
			continue;
		problem = getnameinfo(
		    found->ai_addr, found->ai_addrlen, address, LA_LOOKUP_ADDRESS_BYTES, NULL, 0, NI_NUMERICHOST);
		freeaddrinfo(found);
		break;
	}
	return (problem);
}

static void *
run(void *cookie)
{
	struct la_lookup *lookup = cookie;
	char address[LA_LOOKUP_ADDRESS_BYTES] = "";
	int problem = look_up(lookup->host, address);

	(void)pthread_mutex_lock(&lookup->mutex);
	memcpy(lookup->address, address, sizeof(address));
	lookup->problem = problem;
	lookup->is_done = true;
	(void)pthread_cond_signal(&lookup->done);
	(void)pthread_mutex_unlock(&lookup->mutex);
	la_lookup_free(lookup);
	return (NULL);
}

/* Neither fails: glibc's need no memory. */
static void
init_waiting(struct la_lookup *lookup)
{
	pthread_condattr_t attributes;

	(void)pthread_mutex_init(&lookup->mutex, NULL);
	(void)pthread_condattr_init(&attributes);
	(void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	(void)pthread_cond_init(&lookup->done, &attributes);
	(void)pthread_condattr_destroy(&attributes);
}

enum la_err
la_lookup_start(struct la_lookup **out, const char *host, struct la_error *error)
{
	struct la_lookup *lookup = calloc(1, sizeof(*lookup));
	pthread_attr_t attributes;
	pthread_t thread;
	int problem;

	if (lookup == NULL)
		return (la_error_set(error, LA_ENOMEM, "out of memory for a name's look-up"));
	init_waiting(lookup);
	lookup->holders = 2;
	(void)snprintf(lookup->host, sizeof(lookup->host), "%s", host);
	(void)pthread_attr_init(&attributes);
	(void)pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	problem = la_thread_start(&thread, &attributes, run, lookup);
	(void)pthread_attr_destroy(&attributes);
	if (problem != 0) {
		lookup->holders = 1;
		la_lookup_free(lookup);
		return (la_error_set(error, LA_EUNAVAILABLE, "no thread for a name's look-up: %s", strerror(problem)));
	}
	*out = lookup;
	return (LA_OK);
}

/* Holding the mutex, which is free while it waits. */
static void
wait_done(struct la_lookup *lookup, int wait_ms)
{
	struct timespec until;

	if (wait_ms <= 0 || lookup->is_done)
		return;
	(void)clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += wait_ms / 1000;
	until.tv_nsec += wait_ms % 1000 * 1000000L;
	if (until.tv_nsec >= 1000000000L) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000L;
	}
	while (!lookup->is_done && pthread_cond_timedwait(&lookup->done, &lookup->mutex, &until) == 0)
		continue;
}

enum la_err
la_lookup_take(
    struct la_lookup *lookup, int wait_ms, char address[LA_LOOKUP_ADDRESS_BYTES], struct la_error *error)
{
	enum la_err err = LA_ETIMEOUT;

	(void)pthread_mutex_lock(&lookup->mutex);
	wait_done(lookup, wait_ms);
	if (lookup->is_done && lookup->problem != 0) {
		err = la_error_set(error, LA_EUNAVAILABLE, "%s", gai_strerror(lookup->problem));
	} else if (lookup->is_done) {
		memcpy(address, lookup->address, LA_LOOKUP_ADDRESS_BYTES);
		err = LA_OK;
	}
	(void)pthread_mutex_unlock(&lookup->mutex);
	if (err == LA_ETIMEOUT)
		(void)la_error_set(error, LA_ETIMEOUT, "the resolver does not answer");
	return (err);
}
