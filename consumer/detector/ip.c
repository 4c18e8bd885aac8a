#include "detector/ip.h"

#include <arpa/inet.h>
#include <string.h>

static size_t
put_prefix(unsigned char *out, char family, const unsigned char *address, size_t size)
{
	out[0] = (unsigned char)family;
	memcpy(out + 1, address, size);
	return (1 + size);
}

size_t
la_ip_prefix(struct la_span text, unsigned char out[LA_IP_PREFIX_BYTES])
{
	static const unsigned char mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
	char copy[INET6_ADDRSTRLEN];
	unsigned char address[16];

	if (text.size == 0 || text.size >= sizeof(copy) || memchr(text.data, '\0', text.size) != NULL)
		return (0);
	memcpy(copy, text.data, text.size);
	copy[text.size] = '\0';
	if (inet_pton(AF_INET, copy, address) == 1)
		return (put_prefix(out, '4', address, 3));
	if (inet_pton(AF_INET6, copy, address) != 1)
		return (0);
	if (memcmp(address, mapped, sizeof(mapped)) == 0)
		return (put_prefix(out, '4', address + 12, 3));
	return (put_prefix(out, '6', address, 6));
}
