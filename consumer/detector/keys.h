/*
 * Hash keys and their epochs (README.md). Pure: parses and prints the file's
 * text; main reads and writes files.
 *
 * File format, version 1, a line each ('#' comments and empty lines allowed):
 *   login-alert-hash-keys 1
 *   <epoch> <active|read> <64 hex digits>
 * Exactly one epoch is active; the newest may be "read" (keygen --add before
 * keygen --activate). Epochs are 1..65535 and unique, at most LA_EPOCHS_MAX.
 */
#ifndef LA_DETECTOR_KEYS_H
#define LA_DETECTOR_KEYS_H

#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/err.h"
#include "common/span.h"

#define LA_EPOCHS_MAX 4
#define LA_KEY_BYTES 32

struct la_key {
	uint16_t epoch;
	unsigned char secret[LA_KEY_BYTES];
};

struct la_keys {
	size_t count;
	size_t active; /* index into key */
	struct la_key key[LA_EPOCHS_MAX]; /* newest epoch first */
};

/* Errors: LA_ECONFIG: "name:line: what is wrong and what is allowed"; no key text. */
LA_MUST_CHECK enum la_err la_keys_parse(
    struct la_span text, const char *name, struct la_keys *keys, struct la_error *error);
/* Appends the file's text. Errors: LA_ENOMEM. */
LA_MUST_CHECK enum la_err la_keys_print(const struct la_keys *keys, struct la_buf *out);
/* A first key file: epoch 1, active, a fresh random key. */
void la_keys_generate(struct la_keys *keys);
/* keygen --add, --activate. Errors: LA_EDATA (nothing to activate; no room: which epochs there are). */
LA_MUST_CHECK enum la_err la_keys_add(struct la_keys *keys, struct la_error *error);
LA_MUST_CHECK enum la_err la_keys_activate(struct la_keys *keys, struct la_error *error);
void la_keys_clear(struct la_keys *keys); /* wipes the secrets */

#endif
