#include "mailer/brand_meta.h"

#include <stdio.h>

/* A bad value in a file of ours is a configuration problem. */
static enum la_err
as_config(enum la_err err, struct la_error *error)
{
	if (err != LA_EDATA)
		return (err);
	if (error != NULL)
		error->code = LA_ECONFIG;
	return (LA_ECONFIG);
}

static bool
is_blank(unsigned char c)
{
	return (c == ' ' || c == '\t');
}

static struct la_span
trim(struct la_span s)
{
	while (s.size > 0 && is_blank(s.data[0]))
		s = la_span_of(s.data + 1, s.size - 1);
	while (s.size > 0 && is_blank(s.data[s.size - 1]))
		s.size--;
	return (s);
}

static bool
copy(char *out, size_t cap, struct la_span value)
{
	if (value.size >= cap)
		return (false);
	if (value.size > 0)
		memcpy(out, value.data, value.size);
	out[value.size] = '\0';
	return (true);
}

/* The order with these languages, made if it is new; [0] is for the brand's own. */
static bool
find_order(struct la_brand *brand, const char *languages, size_t *index)
{
	for (*index = 1; *index < brand->order_count; (*index)++) {
		if (strcmp(brand->orders[*index].languages, languages) == 0)
			return (true);
	}
	if (*index == LA_BRAND_ORDERS_MAX)
		return (false);
	memcpy(brand->orders[*index].languages, languages, LA_LANGUAGES_BYTES);
	brand->order_count = *index + 1;
	return (true);
}

/* order.<locale>=<languages> */
static enum la_err
take_order(struct la_brand *brand, struct la_span tag, struct la_span value, struct la_error *error)
{
	struct la_brand_locale *locale = &brand->locales[brand->locale_count];
	char languages[LA_LANGUAGES_BYTES];

	if (!la_language_ok(tag) || !la_languages_read(value, languages))
		return (la_error_set(error, LA_EDATA, "an order is a language tag and a list of them: order.en=en, ja"));
	if (brand->locale_count == LA_BRAND_LOCALES_MAX || !copy(locale->tag, sizeof(locale->tag), tag) ||
	    !find_order(brand, languages, &locale->order))
		return (la_error_set(error, LA_EDATA, "at most %d locales of up to %d bytes, and %d orders",
		    LA_BRAND_LOCALES_MAX, LA_LANGUAGE_BYTES - 1, LA_BRAND_ORDERS_MAX - 1));
	brand->locale_count++;
	return (LA_OK);
}

/* keep-last:<0..64>, as member.mask of the detector */
static bool
read_mask(struct la_span value, int *keep_last)
{
	static const char prefix[] = "keep-last:";
	int number = 0;

	if (value.size <= sizeof(prefix) - 1 || value.size > sizeof(prefix) + 1 ||
	    memcmp(value.data, prefix, sizeof(prefix) - 1) != 0)
		return (false);
	for (size_t i = sizeof(prefix) - 1; i < value.size; i++) {
		if (value.data[i] < '0' || value.data[i] > '9')
			return (false);
		number = number * 10 + (value.data[i] - '0');
	}
	*keep_last = number;
	return (number <= LA_MASK_KEEP_MAX);
}

static enum la_err
take(struct la_brand_meta *meta, struct la_span key, struct la_span value, struct la_error *error)
{
	struct la_brand *brand = meta->brand;

	if (la_span_is(key, "from")) {
		meta->has_from = true;
		return (la_address_parse(value, &brand->from, error));
	}
	if (la_span_is(key, "envelope-from")) {
		meta->has_envelope_from = true;
		return (la_address_parse(value, &brand->envelope_from, error));
	}
	if (la_span_is(key, "from.name")) {
		if (!copy(brand->from_name, sizeof(brand->from_name), value))
			return (la_error_set(error, LA_EDATA, "from.name has at most %zu bytes", sizeof(brand->from_name) - 1));
		return (LA_OK);
	}
	if (la_span_is(key, "languages")) {
		if (!la_languages_read(value, brand->orders[0].languages))
			return (la_error_set(error, LA_EDATA, "languages is a list of language tags: ja, en"));
		return (LA_OK);
	}
	if (key.size > 6 && memcmp(key.data, "order.", 6) == 0)
		return (take_order(brand, la_span_of(key.data + 6, key.size - 6), value, error));
	if (la_span_is(key, "mask")) {
		if (!read_mask(value, &brand->mask_keep_last))
			return (la_error_set(error, LA_EDATA, "mask is keep-last:<0..%d>", LA_MASK_KEEP_MAX));
		return (LA_OK);
	}
	if (la_span_is(key, "time-zone")) {
		meta->has_time_zone = la_zone_name_ok(value) && copy(brand->time_zone, sizeof(brand->time_zone), value);
		if (!meta->has_time_zone)
			return (la_error_set(error, LA_EDATA, "time-zone is a zoneinfo name: Asia/Tokyo"));
		return (LA_OK);
	}
	return (la_error_set(error, LA_EDATA,
	    "unknown key; allowed are from, from.name, envelope-from, languages, order.<locale>, mask, time-zone"));
}

enum la_err
la_brand_meta_read(struct la_brand_meta *meta, struct la_span text, struct la_error *error)
{
	for (int number = 1; text.size > 0; number++) {
		const unsigned char *newline = memchr(text.data, '\n', text.size), *equals;
		size_t size = newline == NULL ? text.size : (size_t)(newline - text.data);
		struct la_span line = trim(la_span_of(text.data, size)), key, value;
		enum la_err err;

		size += newline != NULL;
		text = la_span_of(text.data + size, text.size - size);
		if (line.size == 0 || line.data[0] == '#')
			continue;
		if ((equals = memchr(line.data, '=', line.size)) == NULL) {
			return (la_error_set(error, LA_ECONFIG, "%s/meta.conf:%d: not key=value", meta->brand->name, number));
		}
		key = trim(la_span_of(line.data, (size_t)(equals - line.data)));
		value = trim(la_span_of(equals + 1, (size_t)(line.data + line.size - equals) - 1));
		if ((err = take(meta, key, value, error)) != LA_OK) {
			la_error_prefix(error, "%s/meta.conf:%d", meta->brand->name, number);
			return (as_config(err, error));
		}
	}
	return (LA_OK);
}

static enum la_err
override_address(struct la_address *address, const char *key, const char *value, struct la_error *error)
{
	enum la_err err;

	if (value == NULL || (err = la_address_parse(la_span_text(value), address, error)) == LA_OK)
		return (LA_OK);
	la_error_prefix(error, "%s", key);
	return (as_config(err, error));
}

static enum la_err
missing(const struct la_brand_meta *meta, const char *key, struct la_error *error)
{
	return (la_error_set(error, LA_ECONFIG, "%s/meta.conf: %s is missing", meta->brand->name, key));
}

/* An order may leave languages out, not add one. */
static enum la_err
check_orders(const struct la_brand_meta *meta, struct la_error *error)
{
	const struct la_brand *brand = meta->brand;

	if (brand->orders[0].languages[0] == '\0')
		return (missing(meta, "languages", error));
	for (size_t i = 1; i < brand->order_count; i++) {
		if (!la_languages_within(brand->orders[i].languages, brand->orders[0].languages))
			return (la_error_set(error, LA_ECONFIG, "%s/meta.conf: order: \"%s\" is not within languages, \"%s\"",
			    brand->name, brand->orders[i].languages, brand->orders[0].languages));
	}
	return (LA_OK);
}

enum la_err
la_brand_meta_override(
    struct la_brand_meta *meta, const struct la_brand_options *options, struct la_error *error)
{
	struct la_brand *brand = meta->brand;
	enum la_err err;

	if ((err = override_address(&brand->from, "mail.from", options->mail_from, error)) != LA_OK)
		return (err);
	if (!meta->has_from && options->mail_from == NULL)
		return (missing(meta, "from", error));
	/* Without one of its own, the envelope's sender follows the header's. */
	if (!meta->has_envelope_from)
		brand->envelope_from = brand->from;
	err = override_address(&brand->envelope_from, "mail.envelope-from", options->envelope_from, error);
	if (err != LA_OK)
		return (err);
	if (options->time_zone != NULL) {
		meta->has_time_zone = copy(brand->time_zone, sizeof(brand->time_zone), la_span_text(options->time_zone)) &&
		    la_zone_name_ok(la_span_text(options->time_zone));
		if (!meta->has_time_zone)
			return (la_error_set(error, LA_ECONFIG, "mail.time-zone is a zoneinfo name: Asia/Tokyo"));
	}
	return (meta->has_time_zone ? check_orders(meta, error) : missing(meta, "time-zone", error));
}
