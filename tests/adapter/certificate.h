/* A certificate for the loopback relay, and a password: made once for a group of tests. */
#ifndef LA_TESTS_CERTIFICATE_H
#define LA_TESTS_CERTIFICATE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define CERTIFICATE_PASSWORD "open sesame"

struct certificate {
	char folder[32], pem[64], key[64], password[64];
};
static struct certificate trusted;

static inline int
make_certificate(void **state)
{
	char command[512];
	FILE *file;

	(void)state;
	(void)snprintf(trusted.folder, sizeof(trusted.folder), "/tmp/la-cert-XXXXXX");
	assert_non_null(mkdtemp(trusted.folder));
	(void)snprintf(trusted.pem, sizeof(trusted.pem), "%s/c.pem", trusted.folder);
	(void)snprintf(trusted.key, sizeof(trusted.key), "%s/k.pem", trusted.folder);
	(void)snprintf(trusted.password, sizeof(trusted.password), "%s/password", trusted.folder);
	(void)snprintf(command, sizeof(command),
	    "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost"
	    " -addext subjectAltName=DNS:localhost,IP:127.0.0.1 -keyout %s -out %s 2>/dev/null",
	    trusted.key, trusted.pem);
	assert_int_equal(system(command), 0);
	file = fopen(trusted.password, "w");
	assert_non_null(file);
	assert_true(fputs(CERTIFICATE_PASSWORD "\n", file) >= 0);
	return (fclose(file));
}

static inline int
remove_certificate(void **state)
{
	char command[64];

	(void)state;
	(void)snprintf(command, sizeof(command), "rm -r %s", trusted.folder);
	return (system(command));
}

#endif
