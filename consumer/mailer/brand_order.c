#include "mailer/brand.h"

static int
find_locale(const void *cookie, struct la_span tag)
{
	const struct la_brand *brand = cookie;

	for (size_t i = 0; i < brand->locale_count; i++) {
		const char *known = brand->locales[i].tag;

		if (strlen(known) == tag.size && strncasecmp(known, (const char *)tag.data, tag.size) == 0)
			return ((int)brand->locales[i].order);
	}
	return (-1);
}

const struct la_brand_order *
la_brand_order_of(const struct la_brand *brand, struct la_span locale)
{
	int order = la_language_find(locale, find_locale, brand);

	return (&brand->orders[order < 0 ? 0 : order]);
}

void
la_brand_order_name(const struct la_brand_order *order, char out[LA_LANGUAGES_BYTES])
{
	size_t size = 0;

	for (const char *c = order->languages; *c != '\0'; c++) {
		if (*c != ' ')
			out[size++] = (char)(*c == ',' ? '-' : *c);
	}
	out[size] = '\0';
}
