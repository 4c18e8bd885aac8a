/*
 * Time zones. Byte 0: 0 a zoneinfo file, 1 a POSIX TZ string, 2 a name as a job may bring it. Every time has a
 * local time that is one.
 */
#include "fuzz.h"
#include "mailer/zone.h"

static const int64_t times_s[] = {INT64_MIN / 1000, -62135596800, -2208988800, 0, 951782400, 1704067199, 1751295600, 1767225599,
    4102444800, 253402300799, INT64_C(9999999999999)};

static void
check_local(const struct la_zone *zone, int64_t seconds)
{
	struct la_local_time local;

	la_zone_local(zone, seconds * 1000, &local);
	REQUIRE(local.month >= 1 && local.month <= 12 && local.day >= 1 && local.day <= 31);
	REQUIRE(local.hour >= 0 && local.hour <= 23 && local.minute >= 0 && local.minute <= 59);
	REQUIRE(local.second >= 0 && local.second <= 59);
	REQUIRE(strlen(local.abbreviation) < sizeof(local.abbreviation));
}

static void
check_file(struct la_span file)
{
	struct la_zone *zone = NULL;
	struct la_error error = LA_ERROR_INIT;

	if (la_zone_parse(&zone, file, &error) != LA_OK) {
		fuzz_require_line(error.text);
		return;
	}
	for (size_t i = 1; i < sizeof(times_s) / sizeof(times_s[0]); i++)
		check_local(zone, times_s[i]);
	for (int64_t day = 0; day < 800; day++)
		check_local(zone, 4000000000 + day * 86400);
	la_zone_free(zone);
}

static void
check_rule(struct la_span text)
{
	struct la_zone_rule rule;

	if (la_zone_rule_parse(text, &rule) != LA_OK)
		return;
	for (size_t i = 1; i < sizeof(times_s) / sizeof(times_s[0]); i++) {
		const struct la_zone_type *type = la_zone_rule_at(&rule, times_s[i]);

		REQUIRE(type == &rule.standard || (rule.has_summer && type == &rule.summer));
		REQUIRE(strlen(type->abbreviation) < sizeof(type->abbreviation));
	}
}

static void
check_name(struct la_span name)
{
	char *text = fuzz_text(name);

	if (la_zone_name_ok(name))
		REQUIRE(strlen(text) == name.size && name.size <= 64 && text[0] != '/' && strstr(text, "..") == NULL);
	free(text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct la_span input = fuzz_copy(la_span_of(data, size)), rest = input;
	unsigned mode = fuzz_byte(&rest) % 3;

	if (mode == 0)
		check_file(rest);
	else if (mode == 1)
		check_rule(rest);
	else
		check_name(rest);
	fuzz_free(input);
	return (0);
}
