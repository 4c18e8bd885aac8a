/*
 * One SMTP connection over libcurl. libcurl connects, speaks TLS and logs in
 * (CURLOPT_CONNECT_ONLY), then sends and receives our bytes without waiting.
 *
 * Its own SMTP transfer is not used: after the final dot, libcurl 7.88 (and 8.14) waits for
 * the answer inside of curl_multi_perform, all other connections with it. Measured with
 * 20 ms before each reply: 11 mails/s over one connection, 37 over 32.
 */
#ifndef LA_MAILER_LINK_CURL_H
#define LA_MAILER_LINK_CURL_H

#include <curl/curl.h>

#include "mailer/smtp_mail.h"
#include "mailer/smtp_opening.h"

/* How long what may take. After a piece of an answer the time starts anew; total is for all of a mail. */
struct la_patience {
	int64_t connect_ms, opening_ms, reply_ms, final_reply_ms, total_ms, idle_ms;
};

struct la_link_curl_options {
	CURLM *multi;
	const char *url;
	bool requires_tls;
	const char *user, *password, *ca_file; /* NULL: none */
	uint32_t mails_max;                    /* over one connection */
	const struct la_patience *patience;    /* as all texts, borrowed: they live as long as the link */
	const int64_t *until_ms;               /* a mail whose final dot is not out by then is withdrawn (monotonic) */
};

enum la_link_state { LA_LINK_CLOSED, LA_LINK_OPENING, LA_LINK_OPEN };

struct la_link_curl {
	struct la_link_curl_options options;
	CURL *easy;
	enum la_link_state state;
	curl_socket_t socket;
	struct la_smtp_opening opening;
	struct la_smtp_mail mail;
	struct la_smtp_verdict verdict; /* is_done: of the mail, or of the probe */
	const char *why; /* LA_SMTP_UNREACHABLE: libcurl's word for it, static */
	bool has_task, is_probe, is_done;
	bool is_garbage; /* the relay's opening */
	uint32_t mails;  /* over this connection, the current one too */
	uint64_t token;
	const char *from, *to;
	struct la_span data;
	int64_t started_ms, deadline_ms;
};

/*
 * Errors: LA_ENOMEM, LA_EINTERNAL (an option that libcurl refuses). The link needs la_link_curl_clear after any
 * result. link_options_curl.c.
 */
LA_MUST_CHECK enum la_err la_link_curl_init(
    struct la_link_curl *link, const struct la_link_curl_options *options, struct la_error *error);
void la_link_curl_clear(struct la_link_curl *link); /* with QUIT if it is idle */

/*
 * A mail to carry; the link has no task. from, to and data must live until it is done.
 * Errors: LA_ENOMEM, LA_EINTERNAL; the link has no task then.
 */
LA_MUST_CHECK enum la_err la_link_curl_give(struct la_link_curl *link, uint64_t token, const char *from,
    const char *to, struct la_span data, struct la_error *error);
/* Only the opening, then QUIT. */
LA_MUST_CHECK enum la_err la_link_curl_probe(struct la_link_curl *link, struct la_error *error);

/* libcurl is through with the opening. */
void la_link_curl_opened(struct la_link_curl *link, CURLcode code);
/* The socket is ready. */
void la_link_curl_ready(struct la_link_curl *link);
/* The deadline is over. */
void la_link_curl_late(struct la_link_curl *link);
/* The mail is not to be sent any more: unless its final dot is out, it is done. */
void la_link_curl_withdraw(struct la_link_curl *link);
/* Once is_done: the link is free for another task. */
void la_link_curl_take(struct la_link_curl *link);

/* What to poll the socket for, 0: do not (libcurl does it itself during the opening). */
short la_link_curl_events(const struct la_link_curl *link);

#endif
