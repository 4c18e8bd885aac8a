/*
 * A resolver that hangs: for names that end in ".hangs" getaddrinfo waits for as long as the file LA_RESOLVER_HANGS is there,
 * then finds 127.0.0.1. For LD_PRELOAD (services.py, with_slow_resolver).
 */
#include <dlfcn.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SUFFIX ".hangs"

int
getaddrinfo(const char *name, const char *service, const struct addrinfo *hints, struct addrinfo **found)
{
	int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **);
	const char *file = getenv("LA_RESOLVER_HANGS");
	size_t size = name == NULL ? 0 : strlen(name);

	*(void **)&real = dlsym(RTLD_NEXT, "getaddrinfo");
	if (size < sizeof(SUFFIX) || strcmp(name + size - (sizeof(SUFFIX) - 1), SUFFIX) != 0)
		return (real(name, service, hints, found));
	while (file != NULL && access(file, F_OK) == 0)
		(void)usleep(10000);
	return (real("127.0.0.1", service, hints, found));
}
