#include "common/json_cost.h"

#define OBJECT_BYTES 320 /* "{}", with its 8 buckets, and the value of its first pair */
#define ARRAY_BYTES 224  /* "[]", with room for 8, and its first value */
#define VALUE_BYTES 96   /* a short string; a pair of an object has a colon besides */

size_t
la_json_cost(struct la_span text)
{
	size_t cost = text.size;
	bool in_string = false;

	for (size_t i = 0; i < text.size; i++) {
		switch (text.data[i]) {
		case '"':
			in_string = !in_string;
			break;
		case '\\':
			i += in_string;
			break;
		case '{':
			cost += in_string ? 0 : OBJECT_BYTES;
			break;
		case '[':
			cost += in_string ? 0 : ARRAY_BYTES;
			break;
		case ',':
		case ':':
			cost += in_string ? 0 : VALUE_BYTES;
			break;
		default:
			break;
		}
	}
	return (cost);
}
