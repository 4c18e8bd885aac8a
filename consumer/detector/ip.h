/* The network an address belongs to: /24 of IPv4, /48 of IPv6 (RULES.md, rule 6). */
#ifndef LA_DETECTOR_IP_H
#define LA_DETECTOR_IP_H

#include <stddef.h>

#include "common/span.h"

#define LA_IP_PREFIX_BYTES 7 /* '4' and three bytes, or '6' and six */

/*
 * Returns the size of the prefix in out, 0 when the text is no address: absent,
 * a zone, blanks, a port, a NUL. An IPv4-mapped address is IPv4.
 */
size_t la_ip_prefix(struct la_span text, unsigned char out[LA_IP_PREFIX_BYTES]);

#endif
