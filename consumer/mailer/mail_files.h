/* Where `render` puts what it made: files in a folder, or standard output. mail_files_os.c */
#ifndef LA_MAILER_MAIL_FILES_H
#define LA_MAILER_MAIL_FILES_H

#include "mailer/render.h"

/* folder/name. Errors: LA_EUSAGE (the path is too long, the folder cannot be made), those of la_file_write. */
LA_MUST_CHECK enum la_err la_mail_files_put(
    const char *folder, const char *name, struct la_span bytes, struct la_error *error);

/* folder/name.eml, .txt, .html. Errors: as above. */
LA_MUST_CHECK enum la_err la_mail_files_write(
    const char *folder, const char *name, const struct la_mail *mail, struct la_error *error);

/* Errors: LA_EINTERNAL. */
LA_MUST_CHECK enum la_err la_mail_files_print(struct la_span bytes, struct la_error *error);

#endif
