/*
 * The parts of a link: link_options_curl.c (how it is made), link_opening_curl.c (libcurl connects and logs in; ours is
 * what that came to), link_curl.c (the mail, and the connection between mails).
 */
#ifndef LA_MAILER_LINK_INTERNAL_CURL_H
#define LA_MAILER_LINK_INTERNAL_CURL_H

#include "mailer/link_curl.h"

/* ---- link_opening_curl.c ---- */

/* A new connection, for the task. Done at once, unreachable, when libcurl takes no more. */
void la_link_curl_connect(struct la_link_curl *link);
/* The opening came to this end: closed, and the task is done. */
void la_link_curl_fail_opening(struct la_link_curl *link, enum la_smtp_end end);
/* The deadline is over while it is LA_LINK_OPENING: of the connection, or of all of it. */
void la_link_curl_opening_late(struct la_link_curl *link);

/* ---- link_curl.c ---- */

/* The connection is open: the mail goes. Errors: LA_ENOMEM. */
LA_MUST_CHECK enum la_err la_link_curl_begin_mail(struct la_link_curl *link);
/* The task is done, and this is what it came to. */
void la_link_curl_finish(struct la_link_curl *link, const struct la_smtp_verdict *verdict);
void la_link_curl_close(struct la_link_curl *link);
/* Closes it politely, but without waiting for the answer. */
void la_link_curl_quit(struct la_link_curl *link);

#endif
