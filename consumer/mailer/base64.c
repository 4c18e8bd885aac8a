#include "mailer/base64.h"

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static void
write_group(unsigned char *out, unsigned a, unsigned b, unsigned c)
{
	out[0] = (unsigned char)digits[a >> 2];
	out[1] = (unsigned char)digits[(a & 3) << 4 | b >> 4];
	out[2] = (unsigned char)digits[(b & 15) << 2 | c >> 6];
	out[3] = (unsigned char)digits[c & 63];
}

size_t
la_base64_write(unsigned char *out, struct la_span bytes)
{
	const unsigned char *p = bytes.data, *end = bytes.data + bytes.size;
	unsigned char *start = out;

	for (; end - p >= 3; p += 3, out += 4)
		write_group(out, p[0], p[1], p[2]);
	if (p < end) {
		write_group(out, p[0], end - p == 2 ? p[1] : 0, 0);
		out[3] = '=';
		if (end - p == 1)
			out[2] = '=';
		out += 4;
	}
	return ((size_t)(out - start));
}
