/*
 * Every key there is, one row each: name, owner, type, default, what is allowed
 * (the grammar stands in conf_keys.h beside each type; the checks and the error
 * messages both come from it), and, where this version does less, what works
 * today. Making a key work is: read it where it is needed, delete its last
 * column here. A key that the two programs have with different defaults has two
 * rows. The order is that of `check`.
 */
#include "common/conf_keys.h"

#include <string.h>

#define NOT_YET LA_CONF_NOT_YET
#define LONGEST "36525d" /* 100 years */

const struct la_conf_key la_conf_keys[] = {
    /* both programs */
    {"kafka.", LA_CONF_BOTH, LA_CONF_KAFKA, NULL, NULL, NULL},
    {"topic.events", LA_CONF_BOTH, LA_CONF_NAME, "login-events", "249", NULL},
    {"topic.alerts", LA_CONF_BOTH, LA_CONF_NAME, "login-alerts", "249", NULL},
    {"topic.decisions", LA_CONF_BOTH, LA_CONF_NAME, "login-decisions", "249", NULL},
    {"topic.deliveries", LA_CONF_BOTH, LA_CONF_NAME, "login-alert-deliveries", "249", NULL},
    {"topic.events-dlq", LA_CONF_BOTH, LA_CONF_NAME, "login-events-dlq", "249", NULL},
    {"topic.alerts-dlq", LA_CONF_BOTH, LA_CONF_NAME, "login-alerts-dlq", "249", NULL},
    {"topic.generation", LA_CONF_BOTH, LA_CONF_TEXT, "", "any text", NULL},
    {"avro.framing", LA_CONF_BOTH, LA_CONF_CHOICE, "none", "none|confluent|single-object", NULL},
    {"avro.output-framing", LA_CONF_BOTH, LA_CONF_CHOICE, "none", "none|confluent|single-object", NULL},
    {"schema.dir", LA_CONF_BOTH, LA_CONF_FOLDER, NULL, NULL, NULL},
    {"schema.registry.url", LA_CONF_BOTH, LA_CONF_URL, NULL, "http|https", NULL},
    {"schema.registry.user", LA_CONF_BOTH, LA_CONF_TEXT, NULL, "a user name", NULL},
    {"schema.registry.password.file", LA_CONF_BOTH, LA_CONF_FILE, NULL, NULL, NULL},
    {"schema.registry.ca.file", LA_CONF_BOTH, LA_CONF_FILE, NULL, NULL, NULL},
    {"redis.url", LA_CONF_BOTH, LA_CONF_URLS, "redis://127.0.0.1:6379", "redis|rediss|unix", NULL},
    {"redis.user", LA_CONF_BOTH, LA_CONF_TEXT, NULL, "a user name", NULL},
    {"redis.password.file", LA_CONF_BOTH, LA_CONF_FILE, NULL, NULL, NULL},
    {"redis.ca.file", LA_CONF_BOTH, LA_CONF_FILE, NULL, NULL, NULL},
    {"redis.prefix", LA_CONF_BOTH, LA_CONF_NAME, "la1", "64", NULL},
    {"http.listen", LA_CONF_DETECTOR, LA_CONF_LISTEN, "127.0.0.1:9464", NULL, NULL},
    {"http.listen", LA_CONF_MAILER, LA_CONF_LISTEN, "127.0.0.1:9465", NULL, NULL},
    {"log.format", LA_CONF_BOTH, LA_CONF_CHOICE, "logfmt", "logfmt|json", NULL},
    {"log.level", LA_CONF_BOTH, LA_CONF_CHOICE, "info", "debug|info|warn|error", NULL},
    {"seal.key.file", LA_CONF_BOTH, LA_CONF_FILE, NULL, NULL, NULL},
    {"shutdown.timeout", LA_CONF_BOTH, LA_CONF_DURATION, "10s", "0..1h", NULL},

    /* detector */
    {"hash.keys.file", LA_CONF_DETECTOR, LA_CONF_FILE, NULL, NULL, NULL},
    {"delivery.guarantee", LA_CONF_DETECTOR, LA_CONF_CHOICE, "at_least_once", "at_least_once|exactly_once",
        NULL},
    {"batch.max-events", LA_CONF_DETECTOR, LA_CONF_INT, "5000", "1..100000", NULL},
    {"batch.max-wait", LA_CONF_DETECTOR, LA_CONF_DURATION, "10ms", "0..60s", NULL},
    {"policy.device-ttl", LA_CONF_DETECTOR, LA_CONF_DURATION, "365d", "1ms.." LONGEST, NULL},
    {"policy.first-login", LA_CONF_DETECTOR, LA_CONF_CHOICE, "alert", "alert|silent|grace:<duration>", NULL},
    {"policy.no-token", LA_CONF_DETECTOR, LA_CONF_CHOICE, "alert", "alert|environment", NULL},
    {"policy.cooldown", LA_CONF_DETECTOR, LA_CONF_DURATION, "0", "0.." LONGEST, NULL},
    {"policy.cap", LA_CONF_DETECTOR, LA_CONF_CAP, "10/1h", NULL, NULL},
    {"policy.seed-until", LA_CONF_DETECTOR, LA_CONF_TIME, "none", NULL, NULL},
    {"policy.mode", LA_CONF_DETECTOR, LA_CONF_CHOICE, "live", "live|shadow", NULL},
    {"alert.max-age", LA_CONF_DETECTOR, LA_CONF_DURATION, "24h", "0.." LONGEST, NULL},
    {"storm.ratio", LA_CONF_DETECTOR, LA_CONF_RATIO, "0.5", "0..1", NULL},
    {"storm.window", LA_CONF_DETECTOR, LA_CONF_INT, "1000", "0..1000000", NULL},
    {"decisions.publish", LA_CONF_DETECTOR, LA_CONF_CHOICE, "notable", "notable|none|all", NULL},
    {"member.mask", LA_CONF_DETECTOR, LA_CONF_CHOICE, "keep-last:3", "keep-last:<0..64>", NULL},

    /* mailer; la_conf_set_host puts the host's name in the place of <fqdn> */
    {"smtp.url", LA_CONF_MAILER, LA_CONF_URLS, "smtp://127.0.0.1:25/<fqdn>", "smtp|smtps", NULL},
    {"smtp.starttls", LA_CONF_MAILER, LA_CONF_CHOICE, "required", "required|never", NULL},
    {"smtp.user", LA_CONF_MAILER, LA_CONF_TEXT, NULL, "a user name", NULL},
    {"smtp.password.file", LA_CONF_MAILER, LA_CONF_FILE, NULL, NULL, NULL},
    {"smtp.ca.file", LA_CONF_MAILER, LA_CONF_FILE, NULL, NULL, NULL},
    {"smtp.connections", LA_CONF_MAILER, LA_CONF_INT, "10", "1..1000", NULL},
    {"smtp.mails-per-connection", LA_CONF_MAILER, LA_CONF_INT, "100", "1..1000000", NULL},
    {"smtp.rate", LA_CONF_MAILER, LA_CONF_INT, "0", "0..1000000", NULL},
    {"mail.from", LA_CONF_MAILER, LA_CONF_TEXT, NULL, "a mail address", NULL},
    {"mail.envelope-from", LA_CONF_MAILER, LA_CONF_TEXT, NULL, "a mail address", NULL},
    {"mail.templates", LA_CONF_MAILER, LA_CONF_FOLDER, NULL, NULL, NULL},
    {"mail.brand", LA_CONF_MAILER, LA_CONF_NAME, "jmb", "64", NULL},
    {"mail.brand.", LA_CONF_MAILER, LA_CONF_BRAND, NULL, "64", NULL},
    {"mail.time-zone", LA_CONF_MAILER, LA_CONF_TEXT, "Asia/Tokyo", "a zoneinfo name, as Asia/Tokyo", NULL},
    {"retry.schedule", LA_CONF_MAILER, LA_CONF_SCHEDULE, "30s,2m,5m*2,15m,1h*4", NULL, NULL},
    {"recipient.url", LA_CONF_MAILER, LA_CONF_URL, NULL, "https", NULL},
    {"recipient.token.file", LA_CONF_MAILER, LA_CONF_FILE, NULL, NULL, NULL},
    {"recipient.ca.file", LA_CONF_MAILER, LA_CONF_FILE, NULL, NULL, NULL},
};

const size_t la_conf_key_count = sizeof(la_conf_keys) / sizeof(la_conf_keys[0]);

bool
la_conf_key_serves(const struct la_conf_key *key, enum la_program program)
{
	return (key->owner == LA_CONF_BOTH ||
	    (key->owner == LA_CONF_DETECTOR) == (program == LA_PROGRAM_DETECTOR));
}

static bool
matches(const struct la_conf_key *key, const char *name)
{
	size_t size = strlen(key->name);

	if (la_conf_key_is_family(key))
		return (strncmp(name, key->name, size) == 0 && name[size] != '\0');
	return (strcmp(name, key->name) == 0);
}

const struct la_conf_key *
la_conf_key_find(const char *name, enum la_program program)
{
	const struct la_conf_key *others = NULL;
	size_t i;

	for (i = 0; i < la_conf_key_count; i++) {
		if (!matches(&la_conf_keys[i], name))
			continue;
		if (la_conf_key_serves(&la_conf_keys[i], program))
			return (&la_conf_keys[i]);
		others = &la_conf_keys[i];
	}
	return (others);
}

#define NEAR_BYTES 64

/* Edits (insert, delete, replace) between two names, neither longer than NEAR_BYTES. */
static size_t
distance(const char *a, const char *b)
{
	size_t row[NEAR_BYTES + 1];
	size_t a_size = strlen(a), b_size = strlen(b), i, j;

	for (j = 0; j <= b_size; j++)
		row[j] = j;
	for (i = 1; i <= a_size; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (j = 1; j <= b_size; j++) {
			size_t best = diagonal + (a[i - 1] != b[j - 1]);

			diagonal = row[j];
			best = row[j] + 1 < best ? row[j] + 1 : best;
			row[j] = row[j - 1] + 1 < best ? row[j - 1] + 1 : best;
		}
	}
	return (row[b_size]);
}

/*
 * So many edits look like a mistake: one in three or four letters of what follows the groups that both begin with
 * ("policy."). With more, any short word could be meant by any.
 */
static size_t
edits_allowed(const char *name, const char *key)
{
	size_t same = 0, i;

	for (i = 0; name[i] != '\0' && name[i] == key[i]; i++) {
		if (name[i] == '.')
			same = i + 1;
	}
	return (strlen(name + same) < 4 ? 1 : strlen(name + same) / 3 + 1);
}

const char *
la_conf_key_nearest(const char *name, enum la_program program)
{
	const char *nearest = NULL;
	size_t size = strlen(name), least = size, i;

	if (size > NEAR_BYTES)
		return (NULL);
	for (i = 0; i < la_conf_key_count; i++) {
		const struct la_conf_key *key = &la_conf_keys[i];
		size_t key_size = strlen(key->name), edits;

		if (la_conf_key_is_family(key) || !la_conf_key_serves(key, program))
			continue;
		/* smtp.password: a secret is given as a file. */
		if (key_size == size + 5 && strncmp(key->name, name, size) == 0 &&
		    strcmp(key->name + size, ".file") == 0)
			return (key->name);
		edits = distance(name, key->name);
		if (edits < least && edits <= edits_allowed(name, key->name)) {
			least = edits;
			nearest = key->name;
		}
	}
	return (nearest);
}
