#include "common/redis_slot.h"

#include <stdlib.h>

#define HOST_BYTES "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-:%"

/* Four bits at a time: of 0x1021 with the highest bit first. */
static const uint16_t crc_of_nibble[16] = {0x0000, 0x1021, 0x2042, 0x3063, 0x4084, 0x50a5, 0x60c6, 0x70e7, 0x8108, 0x9129,
    0xa14a, 0xb16b, 0xc18c, 0xd1ad, 0xe1ce, 0xf1ef};

uint16_t
la_redis_crc16(struct la_span bytes)
{
	unsigned crc = 0;

	for (size_t i = 0; i < bytes.size; i++) {
		crc = (crc << 4 ^ crc_of_nibble[(crc >> 12 ^ bytes.data[i] >> 4) & 15]) & 0xffff;
		crc = (crc << 4 ^ crc_of_nibble[(crc >> 12 ^ bytes.data[i]) & 15]) & 0xffff;
	}
	return ((uint16_t)crc);
}

/* What stands in the first braces counts alone, unless it is nothing. */
uint16_t
la_redis_slot(struct la_span key)
{
	const unsigned char *open = key.size == 0 ? NULL : memchr(key.data, '{', key.size);
	const unsigned char *close = open == NULL ? NULL : memchr(open, '}', (size_t)(key.data + key.size - open));

	if (close != NULL && close > open + 1)
		key = la_span_of(open + 1, (size_t)(close - open - 1));
	return (la_redis_crc16(key) % LA_SLOTS);
}

bool
la_redis_place_set(struct la_redis_place *place, struct la_span host, int64_t port)
{
	if (host.size == 0 || host.size >= sizeof(place->host) || port < 1 || port > 65535)
		return (false);
	memcpy(place->host, host.data, host.size);
	place->host[host.size] = '\0';
	place->port = (int)port;
	return (strspn(place->host, HOST_BYTES) == host.size);
}

void
la_slot_map_init(struct la_slot_map *map)
{
	map->count = 0;
	for (size_t slot = 0; slot < LA_SLOTS; slot++)
		map->of_slot[slot] = LA_SLOT_NOBODY;
}

bool
la_slot_map_find(struct la_slot_map *map, const struct la_redis_place *place, uint16_t *index)
{
	size_t i = 0;

	while (i < map->count && (map->master[i].port != place->port || strcmp(map->master[i].host, place->host) != 0))
		i++;
	if (i == LA_MASTERS_MAX)
		return (false);
	if (i == map->count)
		map->master[map->count++] = *place;
	*index = (uint16_t)i;
	return (true);
}

bool
la_slot_map_add(struct la_slot_map *map, int64_t first, int64_t last, const struct la_redis_place *place)
{
	uint16_t index;

	if (first < 0 || last >= LA_SLOTS || first > last || !la_slot_map_find(map, place, &index))
		return (false);
	for (int64_t slot = first; slot <= last; slot++)
		map->of_slot[slot] = index;
	return (true);
}

size_t
la_slot_map_uncovered(const struct la_slot_map *map)
{
	size_t count = 0;

	for (size_t slot = 0; slot < LA_SLOTS; slot++)
		count += map->of_slot[slot] == LA_SLOT_NOBODY;
	return (count);
}

/* A number of at most five digits up to its end. */
static bool
read_number(const char *text, size_t size, long *number)
{
	char digits[6];

	if (size == 0 || size >= sizeof(digits) || strspn(text, "0123456789") < size)
		return (false);
	memcpy(digits, text, size);
	digits[size] = '\0';
	*number = strtol(digits, NULL, 10);
	return (true);
}

bool
la_redirect_read(const char *reply, const char *asked, struct la_redirect *redirect)
{
	const char *at = reply + strcspn(reply, " "), *host, *colon = NULL;
	size_t size;
	long slot, port;

	redirect->ask = strncmp(reply, "ASK ", 4) == 0;
	if (!redirect->ask && strncmp(reply, "MOVED ", 6) != 0)
		return (false);
	size = strcspn(++at, " ");
	if (!read_number(at, size, &slot) || slot >= LA_SLOTS || at[size] != ' ')
		return (false);
	host = at + size + 1;
	size = strcspn(host, " \r\n");
	for (size_t i = 0; i < size; i++) {
		if (host[i] == ':')
			colon = host + i; /* the last: addresses of IPv6 have more */
	}
	if (colon == NULL || !read_number(colon + 1, size - (size_t)(colon + 1 - host), &port))
		return (false);
	redirect->slot = (uint16_t)slot;
	return (la_redis_place_set(&redirect->place,
	    colon == host ? la_span_text(asked) : la_span_of(host, (size_t)(colon - host)), port));
}
