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

/* "ja, en": what Content-Language says (RFC 5646 tags), in the order in which the mail has them. */
static bool
are_languages(struct la_span value)
{
	size_t word = 0;

	for (size_t i = 0; i <= value.size; i++) {
		unsigned char c = i < value.size ? value.data[i] : ',';

		if (c == ',') {
			if (word < 2)
				return (false);
			word = 0;
		} else if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-') {
			word++;
		} else if (c != ' ' || word > 0) {
			return (false);
		}
	}
	return (true);
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
		meta->has_languages = are_languages(value) &&
		    copy(brand->content_language, sizeof(brand->content_language), value);
		if (!meta->has_languages)
			return (la_error_set(error, LA_EDATA, "languages is a list of language tags: ja, en"));
		return (LA_OK);
	}
	if (la_span_is(key, "time-zone")) {
		meta->has_time_zone = la_zone_name_ok(value) && copy(brand->time_zone, sizeof(brand->time_zone), value);
		if (!meta->has_time_zone)
			return (la_error_set(error, LA_EDATA, "time-zone is a zoneinfo name: Asia/Tokyo"));
		return (LA_OK);
	}
	return (la_error_set(error, LA_EDATA,
	    "unknown key; allowed are from, from.name, envelope-from, languages, time-zone"));
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
	if (!meta->has_languages)
		return (missing(meta, "languages", error));
	return (meta->has_time_zone ? LA_OK : missing(meta, "time-zone", error));
}
