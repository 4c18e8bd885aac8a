#include <string.h>

#include "common/bus_kafka.h"
#include "common/conf_parts_kafka.h"

#define SCRAM_WORKS 0x020601ff /* librdkafka 2.6.1 */

/*
 * Up to 2.6.0 librdkafka answers with the nonce that the broker gave and its own once more behind it. Kafka 3 did not look;
 * from 4.0 on a broker does, as RFC 5802 wants it, and says that the password is wrong (librdkafka issue 4895).
 */
bool
la_login_kafka_has_scram(void)
{
	return (rd_kafka_version() >= SCRAM_WORKS);
}

static bool
is_set(const struct la_maker_kafka *maker, const char *name)
{
	size_t size = 0;

	return (rd_kafka_conf_get(maker->conf, name, NULL, &size) == RD_KAFKA_CONF_OK && size > 1);
}

static void
refuse(struct la_maker_kafka *maker, const char *text)
{
	maker->err = la_error_set(maker->error, LA_ECONFIG, "%s", text);
}

static void
mechanism_of(const rd_kafka_conf_t *conf, char *out, size_t cap)
{
	char protocol[32];

	out[0] = '\0';
	la_maker_kafka_get(conf, "security.protocol", protocol, sizeof(protocol));
	if (strncmp(protocol, "sasl_", strlen("sasl_")) == 0)
		la_maker_kafka_get(conf, "sasl.mechanisms", out, cap);
}

/* librdkafka runs kinit, unless it is told that somebody else sees to the tickets. */
static bool
has_tickets(const struct la_maker_kafka *maker)
{
	char command[1024], every_ms[16];

	la_maker_kafka_get(maker->conf, "sasl.kerberos.kinit.cmd", command, sizeof(command));
	la_maker_kafka_get(maker->conf, "sasl.kerberos.min.time.before.relogin", every_ms, sizeof(every_ms));
	return (is_set(maker, "sasl.kerberos.keytab") || strcmp(every_ms, "0") == 0 ||
		strstr(command, "%{sasl.kerberos.keytab}") == NULL);
}

/* Debian 12's librdkafka, for one, was built without; builtin.features names it only in later versions. */
static bool
has_oidc(void)
{
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	bool has = conf != NULL && rd_kafka_conf_set(conf, "sasl.oauthbearer.method", "oidc", NULL, 0) == RD_KAFKA_CONF_OK;

	if (conf != NULL)
		rd_kafka_conf_destroy(conf);
	return (has);
}

static void
require_token(struct la_maker_kafka *maker)
{
	char method[32], unsecured[8];

	la_maker_kafka_get(maker->conf, "sasl.oauthbearer.method", method, sizeof(method));
	la_maker_kafka_get(maker->conf, "enable.sasl.oauthbearer.unsecure.jwt", unsecured, sizeof(unsecured));
	if (strcmp(method, "oidc") == 0 || strcmp(unsecured, "true") == 0)
		return;
	refuse(maker, has_oidc() ? "kafka.sasl.mechanism: OAUTHBEARER needs kafka.sasl.oauthbearer.method=oidc, as we have no other "
				   "way to a token"
				 : "kafka.sasl.mechanism: OAUTHBEARER needs kafka.sasl.oauthbearer.method=oidc, and this librdkafka was "
				   "built without it (Debian 12's is); it must be PLAIN, SCRAM-SHA-256, SCRAM-SHA-512 or GSSAPI");
}

void
la_login_kafka_require(struct la_maker_kafka *maker)
{
	char mechanism[64];

	if (maker->err != LA_OK)
		return;
	mechanism_of(maker->conf, mechanism, sizeof(mechanism));
	if (strcmp(mechanism, "GSSAPI") == 0 && !has_tickets(maker)) {
		refuse(maker, "kafka.sasl.mechanism: GSSAPI (which it is if it is not set) needs kafka.sasl.kerberos.keytab, "
			      "or kafka.sasl.kerberos.min.time.before.relogin=0 if something else renews its tickets; it "
			      "must be PLAIN, SCRAM-SHA-256, SCRAM-SHA-512, OAUTHBEARER or GSSAPI");
	} else if (strcmp(mechanism, "OAUTHBEARER") == 0) {
		require_token(maker);
	} else if (strcmp(mechanism, "PLAIN") == 0 || strncmp(mechanism, "SCRAM", strlen("SCRAM")) == 0) {
		if (!is_set(maker, "sasl.username"))
			refuse(maker, "kafka.sasl.username: required with this kafka.sasl.mechanism, and not set");
		else if (!is_set(maker, "sasl.password"))
			refuse(maker, "kafka.sasl.password.file: required with this kafka.sasl.mechanism, and not set, or not readable");
	}
}

/* Does this side log in by SCRAM? */
static bool
wants_scram(const struct la_conf *conf, enum la_conf_kafka which)
{
	struct la_error unused = LA_ERROR_INIT;
	rd_kafka_conf_t *made = NULL;
	char mechanism[64];

	if (la_conf_kafka_make(&made, conf, which, "check", &unused) != LA_OK)
		return (false);
	mechanism_of(made, mechanism, sizeof(mechanism));
	rd_kafka_conf_destroy(made);
	return (strncmp(mechanism, "SCRAM", strlen("SCRAM")) == 0);
}

bool
la_bus_kafka_warning(const struct la_conf *conf, char *out, size_t cap)
{
	if (la_login_kafka_has_scram() ||
	    (!wants_scram(conf, LA_CONF_KAFKA_CONSUMER) && !wants_scram(conf, LA_CONF_KAFKA_PRODUCER)))
		return (false);
	(void)snprintf(out, cap, "librdkafka %s cannot log in by SCRAM to Kafka 4.0 or later; 2.6.1 can", rd_kafka_version_str());
	return (true);
}
