/* A brand's files: meta.conf, subject.txt, body.txt, body.html, one partial, another order, with NUL between; then a locale. */
#include "fuzz.h"
#include "mailer/brand.h"

static const char *const names[] = {"meta.conf", "subject.txt", "body.txt", "body.html", "part.txt", "body.en-ja.txt", "body.en-ja.html",
    "subject.en-ja.txt", "help.html"};
#define FILES (sizeof(names) / sizeof(names[0]))

static enum la_err
read_file(void *cookie, const char *name, struct la_buf *out, bool *found, struct la_error *error)
{
	const struct la_span *files = cookie;

	(void)error;
	*found = false;
	for (size_t i = 0; i < FILES; i++) {
		if (strcmp(names[i], name) != 0)
			continue;
		*found = true;
		return (la_buf_add(out, files[i].data, files[i].size));
	}
	return (LA_OK);
}

static enum la_err
load_zone(void *cookie, struct la_zone **zone, struct la_span name, struct la_error *error)
{
	(void)cookie;
	REQUIRE(la_zone_name_ok(name));
	return (la_zone_load(zone, NULL, name, error));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct la_span input = fuzz_copy(la_span_of(data, size)), rest = input, files[FILES];
	const struct la_brand_files port = {read_file, files};
	const struct la_zone_source zones = {load_zone, NULL};
	const struct la_brand_options options = {.name = "acme"};
	struct la_brand *brand = NULL;
	struct la_error error = LA_ERROR_INIT;

	for (size_t i = 0; i < FILES; i++)
		files[i] = fuzz_field(&rest);
	if (la_brand_compile(&brand, &options, &port, &zones, &error) == LA_OK) {
		struct la_address again;

		REQUIRE(brand->zone != NULL && strlen(brand->template_rev) == 16);
		fuzz_must(la_address_parse(la_span_text(brand->from.text), &again, &error), &error);
		fuzz_must(la_address_parse(la_span_text(brand->envelope_from.text), &again, &error), &error);
		for (size_t i = 0; i < brand->order_count; i++) {
			REQUIRE(la_languages_within(brand->orders[i].languages, brand->orders[0].languages));
			for (const char *c = brand->orders[i].languages; *c != '\0'; c++)
				REQUIRE(*c >= 0x20 && *c < 0x7f);
		}
		REQUIRE(la_brand_order_of(brand, rest)->text != NULL);
	} else {
		fuzz_require_line(error.text);
	}
	la_brand_free(brand);
	fuzz_free(input);
	return (0);
}
