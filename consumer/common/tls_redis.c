#include "common/tls_redis.h"

#ifdef LA_HAVE_HIREDIS_SSL

#include <arpa/inet.h>
#include <hiredis/hiredis_ssl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <stdlib.h>

struct la_tls_redis {
	const struct la_redis_url *url;
	SSL_CTX *context;
	SSL *ssl; /* the connection's, which owns it; NULL before the first step */
};

/* The oldest error of OpenSSL, in words; the others are dropped. */
static const char *
ssl_reason(void)
{
	unsigned long code = ERR_get_error();
	const char *reason = code == 0 ? NULL : ERR_reason_error_string(code);

	ERR_clear_error();
	return (reason == NULL ? "the connection was closed" : reason);
}

static enum la_err
trust(struct la_tls_redis *tls, const char *path, struct la_error *error)
{
	if (path == NULL) {
		if (SSL_CTX_set_default_verify_paths(tls->context) == 1)
			return (LA_OK);
		return (la_error_set(error, LA_ECONFIG, "redis.ca.file: not set, and the system's certificates: %s",
		    ssl_reason()));
	}
	if (SSL_CTX_load_verify_file(tls->context, path) == 1)
		return (LA_OK);
	return (la_error_set(error, LA_ECONFIG, "redis.ca.file: %s: %s", path, ssl_reason()));
}

enum la_err
la_tls_redis_new(struct la_tls_redis **out, const struct la_conf *conf, const struct la_redis_url *url,
    struct la_error *error)
{
	struct la_tls_redis *tls = calloc(1, sizeof(*tls));
	enum la_err err;

	if (tls == NULL || (tls->context = SSL_CTX_new(TLS_client_method())) == NULL) {
		err = la_error_set(error, LA_ENOMEM, "out of memory");
		goto out;
	}
	tls->url = url;
	(void)SSL_CTX_set_min_proto_version(tls->context, TLS1_2_VERSION);
	SSL_CTX_set_verify(tls->context, SSL_VERIFY_PEER, NULL);
	/* hiredis may have moved its buffer when it writes the rest of it */
	(void)SSL_CTX_set_mode(tls->context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	if ((err = trust(tls, la_conf_text(conf, "redis.ca.file"), error)) != LA_OK)
		goto out;
	*out = tls;
	tls = NULL;
out:
	la_tls_redis_free(tls);
	return (err);
}

enum la_err
la_tls_redis_share(struct la_tls_redis **tls, struct la_tls_redis *from, const struct la_redis_url *url)
{
	struct la_tls_redis *made = calloc(1, sizeof(*made));

	if (made == NULL)
		return (LA_ENOMEM);
	(void)SSL_CTX_up_ref(from->context);
	made->context = from->context;
	made->url = url;
	*tls = made;
	return (LA_OK);
}

void
la_tls_redis_free(struct la_tls_redis *tls)
{
	if (tls == NULL)
		return;
	SSL_CTX_free(tls->context);
	free(tls);
}

/* Whose certificate it must be: an address is looked for among addresses, a name is also sent (SNI). */
static bool
expect_host(SSL *ssl, const char *host)
{
	unsigned char address[sizeof(struct in6_addr)];

	if (inet_pton(AF_INET, host, address) == 1 || inet_pton(AF_INET6, host, address) == 1)
		return (X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host) == 1);
	SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	return (SSL_set1_host(ssl, host) == 1 && SSL_set_tlsext_host_name(ssl, host) == 1);
}

/* Why the handshake failed: what is wrong with the certificate, or else reason. */
static enum la_err
refused(const SSL *ssl, const char *reason, struct la_error *error)
{
	long verified = SSL_get_verify_result(ssl);

	return (la_error_set(error, LA_EUNAVAILABLE, "TLS: %s",
	    verified != X509_V_OK ? X509_verify_cert_error_string(verified) : reason));
}

static enum la_err
begin(struct la_tls_redis *tls, redisContext *redis, struct la_error *error)
{
	SSL *ssl = SSL_new(tls->context);
	enum la_err err;

	ERR_clear_error();
	if (ssl == NULL || !expect_host(ssl, tls->url->where)) {
		SSL_free(ssl);
		return (la_error_set(error, LA_ENOMEM, "TLS: %s", ssl_reason()));
	}
	(void)SSL_set_fd(ssl, redis->fd);
	SSL_set_connect_state(ssl);
	if (redisInitiateSSL(redis, ssl) != REDIS_OK) {
		err = refused(ssl, redis->errstr, error);
		SSL_free(ssl); /* from here on the connection would do it */
		return (err);
	}
	tls->ssl = ssl;
	return (LA_OK);
}

enum la_err
la_tls_redis_step(struct la_tls_redis *tls, redisContext *redis, short *events, struct la_error *error)
{
	enum la_err err;
	int done, why;

	if (tls->ssl == NULL && (err = begin(tls, redis, error)) != LA_OK)
		return (err);
	ERR_clear_error();
	done = SSL_do_handshake(tls->ssl);
	if (done == 1)
		return (LA_OK);
	why = SSL_get_error(tls->ssl, done);
	if (why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE) {
		*events = why == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT;
		return (LA_ETIMEOUT);
	}
	return (refused(tls->ssl, ssl_reason(), error));
}

void
la_tls_redis_forget(struct la_tls_redis *tls)
{
	if (tls != NULL)
		tls->ssl = NULL;
}

bool
la_tls_redis_is_built(void)
{
	return (true);
}

#else

enum la_err
la_tls_redis_new(struct la_tls_redis **tls, const struct la_conf *conf, const struct la_redis_url *url,
    struct la_error *error)
{
	(void)tls;
	(void)conf;
	(void)url;
	return (la_error_set(error, LA_ECONFIG,
	    "redis.url: rediss:// needs hiredis 1.0 or later with TLS, this program was built with %d.%d.%d%s; "
	    "use redis:// or unix:// (with a TLS proxy if need be)",
	    HIREDIS_MAJOR, HIREDIS_MINOR, HIREDIS_PATCH, HIREDIS_MAJOR < 1 ? "" : " without it"));
}

enum la_err
la_tls_redis_share(struct la_tls_redis **tls, struct la_tls_redis *from, const struct la_redis_url *url)
{
	(void)tls;
	(void)from;
	(void)url;
	return (LA_ENOMEM);
}

void
la_tls_redis_free(struct la_tls_redis *tls)
{
	(void)tls;
}

enum la_err
la_tls_redis_step(struct la_tls_redis *tls, redisContext *redis, short *events, struct la_error *error)
{
	(void)tls;
	(void)redis;
	(void)events;
	return (la_error_set(error, LA_EINTERNAL, "built without TLS to Redis"));
}

void
la_tls_redis_forget(struct la_tls_redis *tls)
{
	(void)tls;
}

bool
la_tls_redis_is_built(void)
{
	return (false);
}

#endif
