/* Whole files: reading with a limit, writing atomically. */
#ifndef LA_COMMON_FILE_H
#define LA_COMMON_FILE_H

#include <stdbool.h>
#include <sys/types.h>

#include "common/buf.h"
#include "common/err.h"

/*
 * Errors: LA_ECONFIG (names path and reason; over max_bytes too; a pipe into which nobody writes for LA_FILE_WAIT_MS, or
 * wait_ms), LA_ESTOPPED (SIGTERM while waiting at a pipe), LA_ENOMEM.
 */
#define LA_FILE_WAIT_MS 30000 /* who makes a secret for a pipe may have to ask for it */
LA_MUST_CHECK enum la_err la_file_read(
    const char *path, size_t max_bytes, struct la_buf *out, struct la_error *error);
LA_MUST_CHECK enum la_err la_file_read_within(
    const char *path, size_t max_bytes, int wait_ms, struct la_buf *out, struct la_error *error);

/*
 * A secret's file without the line end at its end; a NUL follows the last byte,
 * so data is a C string. The memory was never moved: la_file_wipe leaves no copy.
 * Errors: LA_ECONFIG (as above; empty, or a NUL byte inside), LA_ENOMEM.
 */
#define LA_SECRET_BYTES_MAX (64u << 10)
LA_MUST_CHECK enum la_err la_file_read_secret(const char *path, struct la_buf *out, struct la_error *error);
void la_file_wipe(struct la_buf *secret); /* overwrites, then la_buf_clear */

/*
 * Writes to a temporary file beside path, syncs, then puts it in place: never
 * half a file. replace=false: an existing path is LA_EUSAGE and stays as it is.
 * replace=true: a link's target is replaced, not the link; the owner, the group
 * and its leave to read stay.
 * Errors else: LA_ECONFIG (names path and reason).
 */
LA_MUST_CHECK enum la_err la_file_write(const char *path, struct la_span bytes, mode_t mode, bool replace,
    struct la_error *error);

#endif
