#include <stdio.h>
#include <string.h>

#include "common/parts_kafka.h"

/* OpenSSL's numbers (x509_vfy.h), which librdkafka hands on. */
static const struct {
	int number;
	const char *words;
} certificates[] = {
    {9, "the broker's certificate is not valid yet"},
    {10, "the broker's certificate has expired"},
    {18, "the broker's certificate is signed by itself, and kafka.ssl.ca.location does not have it"},
    {19, "who signed the broker's certificate is not in kafka.ssl.ca.location"},
    {20, "who signed the broker's certificate is not in kafka.ssl.ca.location"},
    {21, "who signed the broker's certificate is not in kafka.ssl.ca.location"},
    {62, "the broker's certificate is another host's"},
    {64, "the broker's certificate is another host's"},
};

static void
print_certificate(char *out, size_t cap, int number)
{
	for (size_t i = 0; i < sizeof(certificates) / sizeof(certificates[0]); i++) {
		if (certificates[i].number == number) {
			(void)snprintf(out, cap, "%s", certificates[i].words);
			return;
		}
	}
	(void)snprintf(out, cap, "the broker's certificate is not trusted (X.509 error %d)", number);
}

static const char *
hint_of(rd_kafka_resp_err_t cause, const char *reason)
{
	if (strstr(reason, "unexpected eof") != NULL || strstr(reason, "PLAINTEXT broker listener") != NULL)
		return ("; is it a listener without TLS? See kafka.security.protocol");
	if (strstr(reason, "SSL alert number") != NULL &&
	    (strstr(reason, "certificate") != NULL || strstr(reason, "unknown ca") != NULL))
		return ("; the broker wants a certificate of ours: see kafka.ssl.certificate.location, kafka.ssl.key.location");
	if (cause == RD_KAFKA_RESP_ERR__AUTHENTICATION && strstr(reason, "SCRAM") != NULL && !la_login_kafka_has_scram())
		return ("; or it is Kafka 4.0 or later, to which librdkafka cannot log in by SCRAM before 2.6.1");
	return ("");
}

/* OpenSSL's reason, "PEM lib", is the same for a wrong password, none, and a file that is no key. */
const char *
la_reason_kafka_hint(const rd_kafka_conf_t *conf, const char *reason)
{
	size_t size = 0;
	bool has_password = rd_kafka_conf_get(conf, "ssl.key.password", NULL, &size) == RD_KAFKA_CONF_OK && size > 1;

	if (strstr(reason, "PKCS#12") != NULL && strstr(reason, "mac verify") != NULL)
		return ("; the password in kafka.ssl.keystore.password.file is not this file's");
	if (strstr(reason, "ssl.key.") != NULL && strstr(reason, "system lib") != NULL)
		return ("; the file of kafka.ssl.key.location cannot be read");
	if (strstr(reason, "ssl.key.") == NULL || strstr(reason, " failed") == NULL)
		return ("");
	return (has_password ? "; either the password in kafka.ssl.key.password.file is not this key's, or it is no private key in PEM"
	                     : "; either the key is encrypted and needs kafka.ssl.key.password.file, or it is no private key in PEM");
}

void
la_reason_kafka_print(char *out, size_t cap, rd_kafka_resp_err_t cause, const char *reason, int certificate)
{
	/* how long it took, and how often, is of no use, and makes two of one */
	const char *end = strstr(reason, " (after "), *verify = strstr(reason, "error:0A000086");
	int size = (int)(end == NULL ? strlen(reason) : (size_t)(end - reason));
	char words[128];

	if (verify != NULL && certificate != 0) {
		print_certificate(words, sizeof(words), certificate);
		(void)snprintf(out, cap, "%.*s%s", (int)(verify - reason), reason, words);
		return;
	}
	(void)snprintf(out, cap, "%.*s%s", size, reason, hint_of(cause, reason));
}
