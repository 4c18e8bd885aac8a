#include "mailer/address.h"

#include <idn2.h>
#include <stdbool.h>
#include <stdio.h>

/* Enough for any domain of 255 bytes in A-labels; libidn2 gets no more than this. */
#define UNICODE_DOMAIN_MAX 1024
#define LABEL_MAX 63

static bool
is_letter_or_digit(unsigned char c)
{
	return ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'));
}

/* RFC 5322 section 3.2.3; strchr would find the NUL too. */
static bool
is_atext(unsigned char c)
{
	return (is_letter_or_digit(c) || (c != '\0' && strchr("!#$%&'*+-/=?^_`{|}~", c) != NULL));
}

static enum la_err
refuse(struct la_error *error, const char *what, size_t at)
{
	return (la_error_set(error, LA_EDATA, "bad address: %s at byte %zu", what, at));
}

static enum la_err
check_bytes(struct la_span src, struct la_error *error)
{
	for (size_t i = 0; i < src.size; i++) {
		if (src.data[i] < 0x20 || src.data[i] == 0x7f)
			return (refuse(error, "a control byte", i));
		if (src.data[i] == '<' || src.data[i] == '>')
			return (refuse(error, "an angle bracket", i));
	}
	return (LA_OK);
}

/* src starts with '"'. *end is the byte behind the closing one (RFC 5321 section 4.1.2, Quoted-string). */
static enum la_err
read_quoted(struct la_span src, size_t *end, struct la_error *error)
{
	for (size_t i = 1; i < src.size; i++) {
		if (src.data[i] >= 0x80)
			return (refuse(error, "a byte outside ASCII in the local part", i));
		if (src.data[i] == '"') {
			*end = i + 1;
			return (LA_OK);
		}
		if (src.data[i] == '\\')
			i++;
		if (i < src.size && src.data[i] >= 0x80)
			return (refuse(error, "a byte outside ASCII in the local part", i));
	}
	return (refuse(error, "a quote that is not closed", 0));
}

/* A dot-atom, but with dots anywhere except at the start; *bad_dot is the first that RFC 5322 forbids, or SIZE_MAX. */
static enum la_err
read_dotted(struct la_span src, size_t *end, size_t *bad_dot, struct la_error *error)
{
	size_t i;

	*bad_dot = SIZE_MAX;
	for (i = 0; i < src.size && src.data[i] != '@'; i++) {
		if (src.data[i] >= 0x80)
			return (refuse(error, "a byte outside ASCII in the local part", i));
		if (src.data[i] == '.' && i == 0)
			return (refuse(error, "a dot that starts the local part", i));
		if (src.data[i] == '.' && *bad_dot == SIZE_MAX && (src.data[i - 1] == '.' || i + 1 == src.size ||
		    src.data[i + 1] == '@'))
			*bad_dot = i;
		if (src.data[i] != '.' && !is_atext(src.data[i]))
			return (refuse(error, "a character that a local part needs quotes for", i));
	}
	*end = i;
	return (LA_OK);
}

/* Letters, digits, hyphens; labels of 1 to 63 bytes. offset is where the domain starts in the source. */
static enum la_err
check_domain(struct la_span domain, size_t offset, struct la_error *error)
{
	size_t label = 0;

	if (domain.size == 0 || domain.size > LA_ADDRESS_DOMAIN_MAX)
		return (refuse(error, "a domain that has not 1 to 255 bytes", offset));
	for (size_t i = 0; i <= domain.size; i++) {
		unsigned char c = i < domain.size ? domain.data[i] : '.';

		if (c == '.') {
			if (i == label || i - label > LABEL_MAX)
				return (refuse(error, "a label that has not 1 to 63 bytes", offset + label));
			if (domain.data[label] == '-' || domain.data[i - 1] == '-')
				return (refuse(error, "a label with a hyphen at its end", offset + label));
			label = i + 1;
		} else if (!is_letter_or_digit(c) && c != '-') {
			return (refuse(error, "a character that no domain has", offset + i));
		}
	}
	return (LA_OK);
}

static bool
is_ascii(struct la_span s)
{
	for (size_t i = 0; i < s.size; i++) {
		if (s.data[i] >= 0x80)
			return (false);
	}
	return (true);
}

/* The domain as it goes on the wire, into out of LA_ADDRESS_DOMAIN_MAX + 1 bytes. */
static enum la_err
read_domain(struct la_span domain, size_t offset, char *out, struct la_error *error)
{
	uint8_t *ascii = NULL;
	char unicode[UNICODE_DOMAIN_MAX + 1];
	enum la_err err;

	if (domain.size > UNICODE_DOMAIN_MAX)
		return (refuse(error, "a domain that has not 1 to 255 bytes", offset));
	if (!is_ascii(domain)) {
		memcpy(unicode, domain.data, domain.size);
		unicode[domain.size] = '\0';
		if (idn2_lookup_u8((const uint8_t *)unicode, &ascii, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL) != IDN2_OK)
			return (refuse(error, "a domain that IDNA does not allow", offset));
		domain = la_span_text((const char *)ascii);
	}
	if ((err = check_domain(domain, offset, error)) == LA_OK)
		(void)snprintf(out, LA_ADDRESS_DOMAIN_MAX + 1, "%.*s", (int)domain.size, (const char *)domain.data);
	idn2_free(ascii);
	return (err);
}

/* docomo.ne.jp, ezweb.ne.jp (and hosts below them) and its successor au.com gave out dots that RFC 5322 forbids. */
static bool
is_old_carrier(const char *domain)
{
	static const char *const carriers[] = {"docomo.ne.jp", "ezweb.ne.jp", "au.com"};
	size_t size = strlen(domain);

	for (size_t i = 0; i < sizeof(carriers) / sizeof(carriers[0]); i++) {
		size_t tail = strlen(carriers[i]);

		if (size >= tail && strcasecmp(domain + size - tail, carriers[i]) == 0 &&
		    (size == tail || domain[size - tail - 1] == '.'))
			return (true);
	}
	return (false);
}

enum la_err
la_address_parse(struct la_span src, struct la_address *out, struct la_error *error)
{
	char domain[LA_ADDRESS_DOMAIN_MAX + 1];
	size_t end = 0, bad_dot = SIZE_MAX, wire;
	const char *quote;
	enum la_err err;

	if (src.size == 0)
		return (la_error_set(error, LA_EDATA, "bad address: it is empty"));
	if ((err = check_bytes(src, error)) != LA_OK)
		return (err);
	err = src.data[0] == '"' ? read_quoted(src, &end, error) : read_dotted(src, &end, &bad_dot, error);
	if (err != LA_OK)
		return (err);
	if (end == src.size || src.data[end] != '@')
		return (refuse(error, "no '@' behind the local part,", end));
	if (end == 0)
		return (refuse(error, "an empty local part", 0));
	if ((err = read_domain(la_span_of(src.data + end + 1, src.size - end - 1), end + 1, domain, error)) != LA_OK)
		return (err);
	if (bad_dot != SIZE_MAX && !is_old_carrier(domain))
		return (refuse(error, "two dots together, or a dot that ends the local part,", bad_dot));
	quote = bad_dot != SIZE_MAX ? "\"" : "";
	wire = end + 2 * strlen(quote);
	if (wire > LA_ADDRESS_LOCAL_MAX)
		return (refuse(error, "a local part longer than 64 bytes", 0));
	(void)snprintf(out->text, sizeof(out->text), "%s%.*s%s@%s", quote, (int)end, (const char *)src.data, quote, domain);
	out->at = wire;
	return (LA_OK);
}
