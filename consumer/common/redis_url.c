#include "common/redis_url.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define NAME_BYTES LETTERS "0123456789._-"
#define ADDRESS_BYTES NAME_BYTES ":%" /* "fe80::1%eth0" */
#define ALLOWED "allowed: redis://host[:port][/db], rediss://host[:port][/db], unix:///path[?db=N]"

static enum la_err
refuse(struct la_error *error, const char *what)
{
	return (la_error_set(error, LA_ECONFIG, "redis.url: %s; " ALLOWED, what));
}

/* Reads all of text as a number in [0, max]. */
static bool
read_number(const char *text, size_t size, long max, int *number)
{
	char digits[8];
	char *end;
	long value;

	if (size == 0 || size >= sizeof(digits) || text[0] < '0' || text[0] > '9')
		return (false);
	memcpy(digits, text, size);
	digits[size] = '\0';
	value = strtol(digits, &end, 10);
	if (*end != '\0' || value > max)
		return (false);
	*number = (int)value;
	return (true);
}

static bool
copy_where(struct la_redis_url *url, const char *text, size_t size)
{
	if (size == 0 || size >= sizeof(url->where))
		return (false);
	memcpy(url->where, text, size);
	url->where[size] = '\0';
	return (true);
}

static enum la_err
parse_unix(const char *path, struct la_redis_url *url, struct la_error *error)
{
	size_t size = strcspn(path, "?");

	url->is_unix = true;
	if (path[0] != '/')
		return (refuse(error, "the socket's path must be absolute"));
	/* sockaddr_un holds 108 bytes with the NUL */
	if (size > 107 || !copy_where(url, path, size))
		return (refuse(error, "the socket's path is longer than 107 bytes"));
	if (path[size] == '?') {
		if (strncmp(path + size, "?db=", 4) != 0 ||
		    !read_number(path + size + 4, strlen(path + size + 4), 999999, &url->db))
			return (refuse(error, "bad query"));
	}
	(void)snprintf(url->name, sizeof(url->name), "unix://%s", url->where);
	return (LA_OK);
}

/* host[:port], the host perhaps in brackets; *used is what was read. */
static enum la_err
parse_host(const char *text, struct la_redis_url *url, size_t *used, struct la_error *error)
{
	size_t end = strcspn(text, "/?"), host = strcspn(text, ":/?"), port;

	if (text[0] == '[') {
		host = strcspn(text, "]");
		if (text[host] != ']' || strspn(text + 1, ADDRESS_BYTES) != host - 1 ||
		    memchr(text, ':', host) == NULL || !copy_where(url, text + 1, host - 1))
			return (refuse(error, "bad address in brackets"));
		host++;
	} else if (strspn(text, NAME_BYTES) != host || !copy_where(url, text, host)) {
		return (refuse(error, "no host name"));
	}
	port = host;
	if (text[port] == ':') {
		port++;
		if (!read_number(text + port, end - port, 65535, &url->port) || url->port == 0)
			return (refuse(error, "bad port"));
	} else if (port != end) {
		return (refuse(error, "bad host"));
	}
	*used = end;
	return (LA_OK);
}

static enum la_err
parse_tcp(const char *text, struct la_redis_url *url, struct la_error *error)
{
	size_t used = 0;

	url->port = 6379;
	if (strchr(text, '@') != NULL)
		return (refuse(error, "user and password go into redis.user and redis.password.file"));
	if (parse_host(text, url, &used, error) != LA_OK)
		return (LA_ECONFIG);
	text += used;
	if (*text == '/' && text[1] != '\0' && !read_number(text + 1, strlen(text + 1), 999999, &url->db))
		return (refuse(error, "the database is not a number"));
	if (*text == '?')
		return (refuse(error, "bad query"));
	(void)snprintf(url->name, sizeof(url->name), strchr(url->where, ':') != NULL ? "%s://[%s]:%d" : "%s://%s:%d",
	    url->tls ? "rediss" : "redis", url->where, url->port);
	return (LA_OK);
}

enum la_err
la_redis_url_parse(const char *text, struct la_redis_url *url, struct la_error *error)
{
	*url = (struct la_redis_url){0};
	if (strncmp(text, "unix://", 7) == 0)
		return (parse_unix(text + 7, url, error));
	if (strncmp(text, "redis://", 8) == 0)
		return (parse_tcp(text + 8, url, error));
	if (strncmp(text, "rediss://", 9) == 0) {
		url->tls = true;
		return (parse_tcp(text + 9, url, error));
	}
	return (refuse(error, "unknown scheme"));
}

#define BETWEEN " \t,"

enum la_err
la_redis_url_parse_list(
    const char *text, struct la_redis_url urls[LA_REDIS_SEEDS_MAX], size_t *count, struct la_error *error)
{
	char one[512];
	size_t size;

	*count = 0;
	for (text += strspn(text, BETWEEN); *text != '\0'; text += strspn(text, BETWEEN)) {
		size = strcspn(text, BETWEEN);
		if (size >= sizeof(one) || *count == LA_REDIS_SEEDS_MAX)
			return (refuse(error, size >= sizeof(one) ? "too long" : "more than 8 servers"));
		memcpy(one, text, size);
		one[size] = '\0';
		text += size;
		if (la_redis_url_parse(one, &urls[*count], error) != LA_OK)
			return (LA_ECONFIG);
		if (*count > 0 && (urls[*count].is_unix || urls[0].is_unix || urls[*count].tls != urls[0].tls))
			return (refuse(error, "several servers must all be redis:// or all rediss://"));
		++*count;
	}
	return (*count > 0 ? LA_OK : refuse(error, "no server"));
}
