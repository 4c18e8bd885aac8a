/* Between conf_kafka.c, which makes librdkafka's configuration, and the files that know a part of it. */
#ifndef LA_COMMON_CONF_PARTS_KAFKA_H
#define LA_COMMON_CONF_PARTS_KAFKA_H

#include "common/conf_store.h"
#include "common/parts_kafka.h"

struct la_property_kafka {
	const char *name;
	const char *value;
};

/* A configuration that is being made: once something was refused, err is set and error says what; the rest does nothing. */
struct la_maker_kafka {
	rd_kafka_conf_t *conf;
	enum la_err err;
	struct la_error *error;
	struct la_conf_kafka_property heartbeat; /* as the user set it; key NULL: not */
};

/* value NULL: as if it was never set. */
void la_maker_kafka_set(struct la_maker_kafka *maker, const char *name, const char *value);
/* Its value as it is set; "" without. */
void la_maker_kafka_get(const rd_kafka_conf_t *conf, const char *name, char *out, size_t cap);
/* What the user has for that side, cut to cap; "" without. */
void la_maker_kafka_users(const struct la_conf *conf, enum la_conf_kafka which, const char *name, char *out, size_t cap);

/* ---- conf_defaults_kafka.c ---- */

void la_defaults_kafka_set(struct la_maker_kafka *maker, enum la_conf_kafka which, enum la_program program);
/* Those of a transaction, where the user has none. */
void la_defaults_kafka_set_transactional(struct la_maker_kafka *maker, const struct la_conf *conf);
/* What the promises rest on, over everything. */
void la_defaults_kafka_force(struct la_maker_kafka *maker, enum la_conf_kafka which);

/* ---- conf_login_kafka.c ---- */

/* Refuses what librdkafka takes and can then never log in with. */
void la_login_kafka_require(struct la_maker_kafka *maker);

#endif
