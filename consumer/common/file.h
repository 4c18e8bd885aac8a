/* Whole files: reading with a limit, writing atomically. */
#ifndef LA_COMMON_FILE_H
#define LA_COMMON_FILE_H

#include <stdbool.h>
#include <sys/types.h>

#include "common/buf.h"
#include "common/err.h"

/* Errors: LA_ECONFIG (names path and reason; over max_bytes too), LA_ENOMEM. */
LA_MUST_CHECK enum la_err la_file_read(
    const char *path, size_t max_bytes, struct la_buf *out, struct la_error *error);

/*
 * Writes to a temporary file beside path, syncs, then puts it in place: never
 * half a file. replace=false: an existing path is LA_EUSAGE and stays as it is.
 */
LA_MUST_CHECK enum la_err la_file_write(const char *path, struct la_span bytes, mode_t mode, bool replace,
    struct la_error *error);

#endif
