/*
 * The two halves of the key that recipients are sealed for: the detector has
 * the public one, the mailer the secret one. Pure but for seal_key_os.c.
 *
 * File format, version 1, a line each ('#' comments and empty lines allowed):
 *   login-alert-seal-public 1      or   login-alert-seal-secret 1
 *   <64 hex digits>
 */
#ifndef LA_COMMON_SEAL_KEY_H
#define LA_COMMON_SEAL_KEY_H

#include "common/err.h"
#include "common/span.h"

#define LA_SEAL_KEY_BYTES 32 /* X25519 */
#define LA_SEAL_KEY_TEXT_BYTES 96 /* a file's text and a NUL */

enum la_seal_half { LA_SEAL_PUBLIC, LA_SEAL_SECRET };

/*
 * The key of the half that is asked for. Errors: LA_ECONFIG "name:line: what is
 * wrong and what is allowed", also when it is the other half; no key text, and *key is all zeroes then.
 */
LA_MUST_CHECK enum la_err la_seal_key_parse(struct la_span text, const char *name, enum la_seal_half half,
    unsigned char key[LA_SEAL_KEY_BYTES], struct la_error *error);

/* The file's text; the caller wipes it. */
void la_seal_key_print(
    enum la_seal_half half, const unsigned char key[LA_SEAL_KEY_BYTES], char text[LA_SEAL_KEY_TEXT_BYTES]);

/* A fresh pair; the caller wipes the secret. */
void la_seal_key_generate(unsigned char secret[LA_SEAL_KEY_BYTES], unsigned char public[LA_SEAL_KEY_BYTES]);

/* Parses the file at path. Errors: LA_ECONFIG (as above; not readable), LA_ENOMEM. seal_key_os.c */
LA_MUST_CHECK enum la_err la_seal_key_read(
    const char *path, enum la_seal_half half, unsigned char key[LA_SEAL_KEY_BYTES], struct la_error *error);

#endif
