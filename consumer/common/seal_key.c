#include "common/seal_key.h"

#include <sodium.h>
#include <stdio.h>

#include "common/lines.h"

static const char *const headers[] = {
    [LA_SEAL_PUBLIC] = "login-alert-seal-public 1",
    [LA_SEAL_SECRET] = "login-alert-seal-secret 1",
};

/* The text that is being read, and where we are in it. */
struct reader {
	struct la_lines lines;
	bool has_header, has_key;
};

static enum la_err
parse_header(struct reader *r, struct la_span line, enum la_seal_half half, struct la_error *error)
{
	r->has_header = true;
	if (la_span_is(line, headers[half]))
		return (LA_OK);
	if (la_span_is(line, headers[LA_SEAL_PUBLIC]))
		return (la_error_set(error, LA_ECONFIG,
		    "%s:%u: this is the public key; the secret one is needed here (keygen FILE makes it as FILE)",
		    r->lines.name, r->lines.line));
	if (la_span_is(line, headers[LA_SEAL_SECRET]))
		return (la_error_set(error, LA_ECONFIG,
		    "%s:%u: this is the secret key; the public one is needed here (keygen FILE makes it as FILE.pub)",
		    r->lines.name, r->lines.line));
	return (la_error_set(
	    error, LA_ECONFIG, "%s:%u: the file of a seal key starts with \"%s\"", r->lines.name, r->lines.line,
	    headers[half]));
}

static enum la_err
parse_line(struct reader *r, enum la_seal_half half, unsigned char key[LA_SEAL_KEY_BYTES], struct la_error *error)
{
	struct la_span line = la_lines_next(&r->lines);
	size_t size = 0;

	if (line.size == 0 || line.data[0] == '#')
		return (LA_OK);
	if (!r->has_header)
		return (parse_header(r, line, half, error));
	if (r->has_key)
		return (la_error_set(error, LA_ECONFIG, "%s:%u: nothing may follow the key", r->lines.name, r->lines.line));
	r->has_key = true;
	if (line.size == 2 * LA_SEAL_KEY_BYTES &&
	    sodium_hex2bin(key, LA_SEAL_KEY_BYTES, (const char *)line.data, line.size, NULL, &size, NULL) == 0 &&
	    size == LA_SEAL_KEY_BYTES)
		return (LA_OK);
	return (la_error_set(
	    error, LA_ECONFIG, "%s:%u: the key must be 64 hex digits, alone on its line", r->lines.name, r->lines.line));
}

enum la_err
la_seal_key_parse(struct la_span text, const char *name, enum la_seal_half half,
    unsigned char key[LA_SEAL_KEY_BYTES], struct la_error *error)
{
	struct reader r = {.lines = {.rest = text, .name = name}};
	enum la_err err = LA_OK;

	while (r.lines.rest.size > 0 && err == LA_OK)
		err = parse_line(&r, half, key, error);
	if (err == LA_OK && !r.has_header)
		err = la_error_set(
		    error, LA_ECONFIG, "%s: the file of a seal key starts with \"%s\"", name, headers[half]);
	else if (err == LA_OK && !r.has_key)
		err = la_error_set(
		    error, LA_ECONFIG, "%s:%u: the key is missing, 64 hex digits on a line", name, r.lines.line);
	if (err != LA_OK)
		sodium_memzero(key, LA_SEAL_KEY_BYTES);
	return (err);
}

void
la_seal_key_print(
    enum la_seal_half half, const unsigned char key[LA_SEAL_KEY_BYTES], char text[LA_SEAL_KEY_TEXT_BYTES])
{
	size_t used = (size_t)snprintf(text, LA_SEAL_KEY_TEXT_BYTES, "%s\n", headers[half]);

	(void)sodium_bin2hex(text + used, LA_SEAL_KEY_TEXT_BYTES - used, key, LA_SEAL_KEY_BYTES);
	used += 2 * LA_SEAL_KEY_BYTES;
	text[used] = '\n';
	text[used + 1] = '\0';
}

void
la_seal_key_generate(unsigned char secret[LA_SEAL_KEY_BYTES], unsigned char public[LA_SEAL_KEY_BYTES])
{
	(void)crypto_box_keypair(public, secret);
}
