/* Schema ids: the header that carries one, and the cache of those that are known. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/confluent.h"
#include "common/id_cache.h"

static void
a_header_is_byte_0_and_a_positive_id(void **state)
{
	static const struct {
		const char *bytes;
		size_t size;
		const char *wrong; /* NULL: nothing */
		uint32_t id;
	} rows[] = {
	    {"\0\0\0\0\1", 5, NULL, 1},
	    {"\0\1\2\3\4x", 6, NULL, 0x01020304},
	    {"\0\x7f\xff\xff\xff", 5, NULL, INT32_MAX},
	    {"\0\0\0\0\0", 5, NULL, 0},
	    {"\0\x80\0\0\0", 5, "byte 1: no schema has a negative id", 0},
	    {"\1\0\0\0\1", 5, "byte 0: no header of byte 0 and a schema's id", 0},
	    {"\0\0\0\0", 4, "byte 0: no header of byte 0 and a schema's id", 0},
	    {"", 0, "byte 0: no header of byte 0 and a schema's id", 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct la_span value = la_span_of(rows[i].bytes, rows[i].size);
		struct la_error error = LA_ERROR_INIT;
		unsigned char header[LA_CONFLUENT_HEADER_BYTES];
		uint32_t id = 77;

		assert_int_equal(la_confluent_open(&value, &id, &error), rows[i].wrong == NULL ? LA_OK : LA_EDATA);
		assert_string_equal(error.text, rows[i].wrong == NULL ? "" : rows[i].wrong);
		assert_int_equal(id, rows[i].wrong == NULL ? rows[i].id : 77);
		assert_int_equal(value.size, rows[i].wrong == NULL ? rows[i].size - 5 : rows[i].size);
		la_confluent_header(rows[i].id, header);
		if (rows[i].wrong == NULL)
			assert_memory_equal(header, rows[i].bytes, 5);
	}
}

static void
of_ids_without_room_the_one_used_longest_ago_goes(void **state)
{
	struct la_id_cache *cache;
	size_t place;

	(void)state;
	assert_int_equal(la_id_cache_new(&cache, 100), LA_OK);
	assert_int_equal(la_id_cache_oldest(cache), LA_ID_CACHE_NONE);
	for (uint32_t id = 0; id < 100; id++)
		assert_true(la_id_cache_add(cache, id * 65536) < 100);
	for (uint32_t id = 0; id < 50; id++)
		assert_int_not_equal(la_id_cache_find(cache, id * 65536), LA_ID_CACHE_NONE);
	place = la_id_cache_oldest(cache);
	assert_int_equal(la_id_cache_add(cache, 5), place);
	assert_int_equal(la_id_cache_find(cache, 50 * 65536), LA_ID_CACHE_NONE);
	assert_int_equal(la_id_cache_find(cache, 5), place);
	la_id_cache_drop(cache, place);
	assert_int_equal(la_id_cache_find(cache, 5), LA_ID_CACHE_NONE);
	assert_int_equal(la_id_cache_add(cache, 6), place);
	for (uint32_t id = 1000; id < 100000; id++)
		assert_true(la_id_cache_add(cache, id) < 100);
	assert_int_equal(la_id_cache_find(cache, 99899), LA_ID_CACHE_NONE);
	assert_int_not_equal(la_id_cache_find(cache, 99900), LA_ID_CACHE_NONE);
	la_id_cache_free(cache);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_header_is_byte_0_and_a_positive_id),
	    cmocka_unit_test(of_ids_without_room_the_one_used_longest_ago_goes),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
