/*
 * A redis-server of the test's own: on a unix socket in a new folder under
 * TMPDIR, stopped by its pid. A server that does not come up fails the test.
 */
#ifndef LA_TESTS_PRIVATE_REDIS_H
#define LA_TESTS_PRIVATE_REDIS_H

#include <arpa/inet.h>
#include <ftw.h>
#include <hiredis/hiredis.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

struct private_redis {
	char folder[64];
	char socket[96];
	pid_t pid;
	int port, bus_port; /* private_cluster.h; 0: none */
};

#define PRIVATE_REDIS_EACH 20 /* ports */

/* The first of some ports that no other test has, by a name in the abstract namespace: it ends with the process. */
static inline int
private_redis_ports(void)
{
	enum { FIRST = 10000, BLOCKS = 450 };

	for (int i = 0; i < BLOCKS; i++) {
		int port = FIRST + (getpid() + i) % BLOCKS * PRIVATE_REDIS_EACH;
		struct sockaddr_un name = {.sun_family = AF_UNIX};
		int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

		(void)snprintf(name.sun_path + 1, sizeof(name.sun_path) - 1, "login-alert-c-test-ports-%d", port);
		if (bind(fd, (struct sockaddr *)&name, sizeof(name)) == 0)
			return (port); /* fd stays open, as the lock */
		(void)close(fd);
	}
	abort();
}

/*
 * A loopback port that nobody listens on: below those that the kernel gives to whoever asks for any, so that nobody gets
 * it before the server does.
 */
static inline int
private_redis_port(void)
{
	static int next, end;
	int fd, bound = -1, port = 0;

	while (bound != 0) {
		struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};

		if (next == end) {
			next = private_redis_ports();
			end = next + PRIVATE_REDIS_EACH;
		}
		port = next++;
		address.sin_port = htons((uint16_t)port);
		fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		bound = bind(fd, (struct sockaddr *)&address, sizeof(address));
		(void)close(fd);
	}
	return (port);
}

static void
private_redis_exec(const struct private_redis *redis, const char *const *options)
{
	const char *argv[40] = {"redis-server", "--port", "0", "--unixsocket", redis->socket, "--dir", redis->folder,
	    "--save", "", "--daemonize", "no", "--logfile", "redis.log"};
	size_t count = 13;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that aborts leaves nothing behind */
	while (options != NULL && *options != NULL && count < 39)
		argv[count++] = *options++;
	execvp("redis-server", (char *const *)(void *)argv);
	_exit(127);
}

/* options: more arguments of redis-server, NULL-ended, or NULL. */
static void
private_redis_start(struct private_redis *redis, const char *const *options)
{
	redisContext *probe;

	if (redis->folder[0] == '\0') {
		char folder[] = "/tmp/la-redis-XXXXXX";

		if (mkdtemp(folder) == NULL)
			abort();
		(void)snprintf(redis->folder, sizeof(redis->folder), "%s", folder);
		(void)snprintf(redis->socket, sizeof(redis->socket), "%s/s", folder);
	}
	redis->pid = fork();
	if (redis->pid == 0)
		private_redis_exec(redis, options);
	for (int i = 0; i < 1500; i++) {
		probe = redisConnectUnix(redis->socket);
		if (probe != NULL && probe->err == 0) {
			redisFree(probe);
			return;
		}
		redisFree(probe);
		if (waitpid(redis->pid, NULL, WNOHANG) == redis->pid)
			break;
		(void)usleep(20000);
	}
	(void)fprintf(stderr, "redis-server did not start; is it installed?\n");
	abort();
}

static void
private_redis_stop(struct private_redis *redis)
{
	if (redis->pid > 0) {
		(void)kill(redis->pid, SIGKILL);
		(void)waitpid(redis->pid, NULL, 0);
	}
	redis->pid = 0;
	(void)unlink(redis->socket);
}

static int
private_redis_unlink(const char *path, const struct stat *info, int kind, struct FTW *where)
{
	(void)info;
	(void)kind;
	(void)where;
	return (remove(path));
}

/* Stops the server and removes its folder. */
static void
private_redis_remove(struct private_redis *redis)
{
	private_redis_stop(redis);
	(void)nftw(redis->folder, private_redis_unlink, 8, FTW_DEPTH | FTW_PHYS);
	redis->folder[0] = '\0';
}

#endif
