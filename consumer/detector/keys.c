#include "detector/keys.h"

#include <sodium.h>
#include <string.h>

#include "common/lines.h"
#include "common/text.h"

#define HEADER "login-alert-hash-keys 1"
#define EPOCH_MAX 65535

/* The text that is being read, and where we are in it. */
struct reader {
	struct la_lines lines;
	bool has_header;
	bool has_active;
	uint16_t active_epoch;
};

/* Takes the next word from *line; an empty one when there is none. */
static struct la_span
next_word(struct la_span *line)
{
	struct la_span word;
	size_t start = 0, end;

	while (start < line->size && la_lines_is_blank(line->data[start]))
		start++;
	for (end = start; end < line->size && !la_lines_is_blank(line->data[end]); end++)
		;
	word = la_span_of(line->data + start, end - start);
	*line = la_span_of(line->data + end, line->size - end);
	return (word);
}

static enum la_err
refuse(const struct reader *r, const char *what, struct la_error *error)
{
	return (la_error_set(error, LA_ECONFIG, "%s:%u: %s", r->lines.name, r->lines.line, what));
}

/* 1..65535, or 0 when the word is none of them. */
static uint16_t
parse_epoch(struct la_span word)
{
	uint32_t value = 0;

	if (word.size == 0 || word.size > 5 || word.data[0] == '0')
		return (0);
	for (size_t i = 0; i < word.size; i++) {
		if (word.data[i] < '0' || word.data[i] > '9')
			return (0);
		value = value * 10 + (uint32_t)(word.data[i] - '0');
	}
	return (value > EPOCH_MAX ? 0 : (uint16_t)value);
}

static bool
parse_secret(struct la_span word, unsigned char secret[LA_KEY_BYTES])
{
	size_t size = 0;

	return (word.size == 2 * LA_KEY_BYTES &&
	    sodium_hex2bin(secret, LA_KEY_BYTES, (const char *)word.data, word.size, NULL, &size, NULL) == 0 &&
	    size == LA_KEY_BYTES);
}

static bool
has_epoch(const struct la_keys *keys, uint16_t epoch)
{
	for (size_t i = 0; i < keys->count; i++) {
		if (keys->key[i].epoch == epoch)
			return (true);
	}
	return (false);
}

/* Keeps the newest first. There is room for one more. */
static void
insert(struct la_keys *keys, const struct la_key *key)
{
	size_t at = 0;

	while (at < keys->count && keys->key[at].epoch > key->epoch)
		at++;
	memmove(&keys->key[at + 1], &keys->key[at], (keys->count - at) * sizeof(*key));
	keys->key[at] = *key;
	keys->count++;
}

static enum la_err
parse_key(struct reader *r, struct la_span line, struct la_keys *keys, struct la_error *error)
{
	struct la_span epoch = next_word(&line), use = next_word(&line), secret = next_word(&line);
	struct la_key key;
	enum la_err err = LA_ECONFIG;

	key.epoch = parse_epoch(epoch);
	if (key.epoch == 0)
		return (refuse(r, "the epoch must be a number from 1 to 65535", error));
	if (!la_span_is(use, "active") && !la_span_is(use, "read"))
		return (refuse(r, "after the epoch comes \"active\" or \"read\"", error));
	if (has_epoch(keys, key.epoch))
		return (refuse(r, "this epoch was given before", error));
	if (keys->count == LA_EPOCHS_MAX)
		return (refuse(r, "more than 4 epochs", error));
	if (la_span_is(use, "active") && r->has_active)
		return (refuse(r, "a second active epoch; exactly one is active", error));
	if (!parse_secret(secret, key.secret) || next_word(&line).size > 0) {
		(void)refuse(r, "the key must be 64 hex digits, and the last word of the line", error);
		goto out;
	}
	if (la_span_is(use, "active")) {
		r->has_active = true;
		r->active_epoch = key.epoch;
	}
	insert(keys, &key);
	err = LA_OK;
out:
	sodium_memzero(&key, sizeof(key));
	return (err);
}

static enum la_err
parse_line(struct reader *r, struct la_keys *keys, struct la_error *error)
{
	struct la_span line = la_lines_next(&r->lines);

	if (line.size == 0 || line.data[0] == '#')
		return (LA_OK);
	if (!r->has_header) {
		r->has_header = la_span_is(line, HEADER);
		return (r->has_header ? LA_OK : refuse(r, "a key file starts with \"" HEADER "\"", error));
	}
	return (parse_key(r, line, keys, error));
}

static void
find_active(struct la_keys *keys, uint16_t epoch)
{
	for (size_t i = 0; i < keys->count; i++) {
		if (keys->key[i].epoch == epoch)
			keys->active = i;
	}
}

enum la_err
la_keys_parse(struct la_span text, const char *name, struct la_keys *keys, struct la_error *error)
{
	struct reader r = {.lines = {.rest = text, .name = name}};
	enum la_err err = LA_OK;

	memset(keys, 0, sizeof(*keys));
	while (r.lines.rest.size > 0 && err == LA_OK)
		err = parse_line(&r, keys, error);
	if (err == LA_OK && !r.has_header)
		err = refuse(&r, "a key file starts with \"" HEADER "\"", error);
	if (err == LA_OK && !r.has_active)
		err = refuse(&r, "no epoch is active; exactly one must be", error);
	if (err == LA_OK)
		find_active(keys, r.active_epoch);
	else
		la_keys_clear(keys);
	return (err);
}

enum la_err
la_keys_print(const struct la_keys *keys, struct la_buf *out)
{
	char hex[2 * LA_KEY_BYTES + 1];
	size_t before = out->size;
	enum la_err err = la_buf_add_text(out, HEADER "\n");

	for (size_t i = 0; i < keys->count && err == LA_OK; i++) {
		la_hex(hex, keys->key[i].secret, LA_KEY_BYTES);
		err = la_buf_printf(out, "%u %s %s\n", (unsigned)keys->key[i].epoch,
		    i == keys->active ? "active" : "read", hex);
	}
	sodium_memzero(hex, sizeof(hex));
	if (err != LA_OK)
		out->size = before;
	return (err);
}

void
la_keys_generate(struct la_keys *keys)
{
	memset(keys, 0, sizeof(*keys));
	keys->count = 1;
	keys->key[0].epoch = 1;
	randombytes_buf(keys->key[0].secret, LA_KEY_BYTES);
}

enum la_err
la_keys_add(struct la_keys *keys, struct la_error *error)
{
	struct la_key key;

	if (keys->count == LA_EPOCHS_MAX || keys->key[0].epoch == EPOCH_MAX)
		return (la_error_set(error, LA_EDATA,
		    "no room for another epoch: the file has %zu, %u to %u, and at most %d up to %d are allowed; remove the "
		    "oldest when every member who matters has moved",
		    keys->count, (unsigned)keys->key[keys->count - 1].epoch, (unsigned)keys->key[0].epoch, LA_EPOCHS_MAX,
		    EPOCH_MAX));
	key.epoch = (uint16_t)(keys->key[0].epoch + 1);
	randombytes_buf(key.secret, LA_KEY_BYTES);
	insert(keys, &key);
	keys->active++;
	sodium_memzero(&key, sizeof(key));
	return (LA_OK);
}

enum la_err
la_keys_activate(struct la_keys *keys, struct la_error *error)
{
	if (keys->active == 0)
		return (la_error_set(error, LA_EDATA,
		    "nothing to activate: the newest epoch, %u, is active already; keygen --add makes another",
		    (unsigned)keys->key[0].epoch));
	keys->active = 0;
	return (LA_OK);
}

void
la_keys_clear(struct la_keys *keys)
{
	sodium_memzero(keys, sizeof(*keys));
}
