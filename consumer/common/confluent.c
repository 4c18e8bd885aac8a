#include "common/confluent.h"

enum la_err
la_confluent_open(struct la_span *value, uint32_t *id, struct la_error *error)
{
	const unsigned char *data = value->data;
	uint32_t found;

	if (value->size < LA_CONFLUENT_HEADER_BYTES || data[0] != 0)
		return (la_error_set(error, LA_EDATA, "byte 0: no header of byte 0 and a schema's id"));
	found = (uint32_t)data[1] << 24 | (uint32_t)data[2] << 16 | (uint32_t)data[3] << 8 | data[4];
	if (found > INT32_MAX)
		return (la_error_set(error, LA_EDATA, "byte 1: no schema has a negative id"));
	*id = found;
	*value = la_span_of(data + LA_CONFLUENT_HEADER_BYTES, value->size - LA_CONFLUENT_HEADER_BYTES);
	return (LA_OK);
}

void
la_confluent_header(uint32_t id, unsigned char header[LA_CONFLUENT_HEADER_BYTES])
{
	header[0] = 0;
	for (int i = LA_CONFLUENT_HEADER_BYTES - 1; i > 0; i--, id >>= 8)
		header[i] = (unsigned char)id;
}
