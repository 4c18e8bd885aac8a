#include <stdatomic.h>
#include <string.h>

#include "common/bus_kafka.h"
#include "common/parts_kafka.h"

const char *
la_bus_kafka_library_version(void)
{
	return (rd_kafka_version_str());
}

bool
la_bus_kafka_fetches_small(void)
{
	return (la_conf_kafka_has_fetch_backoff());
}

enum la_err
la_bus_kafka_check_conf(const struct la_conf *conf, struct la_error *error)
{
	rd_kafka_conf_t *consuming = NULL, *producing = NULL;
	enum la_err err;

	err = la_conf_kafka_make(&consuming, conf, LA_CONF_KAFKA_CONSUMER, "check", error);
	if (err == LA_OK)
		err = la_conf_kafka_make(&producing, conf, LA_CONF_KAFKA_PRODUCER, "check", error);
	if (consuming != NULL)
		rd_kafka_conf_destroy(consuming);
	if (producing != NULL)
		rd_kafka_conf_destroy(producing);
	return (err);
}

/* "bootstrap.servers" as configured, for the message. */
static void
servers_of(const rd_kafka_conf_t *conf, char *out, size_t cap)
{
	size_t size = cap;

	if (rd_kafka_conf_get(conf, "bootstrap.servers", out, &size) != RD_KAFKA_CONF_OK || out[0] == '\0')
		(void)snprintf(out, cap, "kafka.bootstrap.servers"); /* too long to be printed */
	out[cap - 1] = '\0';
}

/* What librdkafka said last of a broker, so that "refused" and "unknown host" can be told apart. */
static void
remember_reason(rd_kafka_t *rk, int err, const char *reason, void *opaque)
{
	struct la_link_kafka *link = opaque;

	(void)rk;
	if (err != RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN)
		la_reason_kafka_print(
		    link->why, sizeof(link->why), (rd_kafka_resp_err_t)err, reason, atomic_load(&link->certificate));
}

static enum la_err
check_topic(rd_kafka_t *rk, const char *topic, int timeout_ms, struct la_error *error)
{
	const struct rd_kafka_metadata *metadata = NULL;
	rd_kafka_topic_t *handle = rd_kafka_topic_new(rk, topic, NULL);
	rd_kafka_resp_err_t cause;

	if (handle == NULL)
		return (
		    la_error_set(error, LA_ECONFIG, "topic %s: %s", topic, rd_kafka_err2str(rd_kafka_last_error())));
	cause = rd_kafka_metadata(rk, 0, handle, &metadata, timeout_ms);
	rd_kafka_topic_destroy(handle);
	if (cause != RD_KAFKA_RESP_ERR_NO_ERROR)
		return (la_error_set(error, LA_EUNAVAILABLE, "%s", rd_kafka_err2str(cause)));
	cause = metadata->topic_cnt == 1 ? metadata->topics[0].err : RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
	if (cause == RD_KAFKA_RESP_ERR_NO_ERROR && metadata->topics[0].partition_cnt == 0)
		cause = RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
	rd_kafka_metadata_destroy(metadata);
	if (cause == RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE)
		return (la_error_set(error, LA_EUNAVAILABLE, "topic %s: %s", topic, rd_kafka_err2str(cause)));
	if (cause != RD_KAFKA_RESP_ERR_NO_ERROR)
		return (la_error_set(error, LA_ECONFIG, "topic %s: %s", topic, rd_kafka_err2str(cause)));
	return (LA_OK);
}

/* An init_transactions says all: the right to the id, a coordinator, the time-out that the broker allows. */
static enum la_err
try_transactions(rd_kafka_conf_t *producing, int timeout_ms, struct la_error *error)
{
	rd_kafka_error_t *said;
	rd_kafka_t *rk = NULL;
	enum la_err err = la_conf_kafka_client(&rk, RD_KAFKA_PRODUCER, producing, error);

	if (err != LA_OK)
		return (err);
	said = rd_kafka_init_transactions(rk, timeout_ms);
	if (said != NULL) {
		err = rd_kafka_error_is_retriable(said) ? LA_EUNAVAILABLE : LA_ECONFIG;
		(void)la_error_set(error, err, "%s", rd_kafka_error_string(said));
		rd_kafka_error_destroy(said);
	}
	rd_kafka_destroy(rk);
	return (err);
}

static void
see_transactional_id(void *cookie, const struct la_conf_kafka_property *property)
{
	bool *is_given = cookie;

	*is_given = *is_given || strcmp(property->name, "transactional.id") == 0;
}

enum la_err
la_bus_kafka_check_transactions(
    const struct la_conf *conf, const char *group_id, int timeout_ms, bool *asked, struct la_error *error)
{
	rd_kafka_conf_t *consuming = NULL, *producing = NULL;
	bool is_given = false;
	enum la_err err;

	la_conf_each_kafka(conf, LA_CONF_KAFKA_PRODUCER, see_transactional_id, &is_given);
	*asked = !is_given;
	if (is_given)
		return (LA_OK);
	if ((err = la_conf_kafka_make(&consuming, conf, LA_CONF_KAFKA_CONSUMER, group_id, error)) != LA_OK ||
	    (err = la_conf_kafka_make(&producing, conf, LA_CONF_KAFKA_PRODUCER, group_id, error)) != LA_OK)
		goto out;
	(void)rd_kafka_conf_set(consuming, "group.instance.id", NULL, NULL, 0); /* that name may be in use as well */
	if ((err = la_conf_kafka_transactional(producing, consuming, conf, error)) == LA_OK)
		err = try_transactions(producing, timeout_ms, error);

out:
	if (consuming != NULL)
		rd_kafka_conf_destroy(consuming);
	if (producing != NULL)
		rd_kafka_conf_destroy(producing);
	return (err);
}

enum la_err
la_bus_kafka_check(
    const struct la_conf *conf, enum la_conf_kafka which, const char *topic, int timeout_ms, struct la_error *error)
{
	struct la_link_kafka link = {.side = "check"};
	rd_kafka_conf_t *asking = NULL;
	rd_kafka_t *rk = NULL;
	char servers[256];
	enum la_err err;

	if ((err = la_conf_kafka_make(&asking, conf, which, "check", error)) != LA_OK)
		return (err);
	servers_of(asking, servers, sizeof(servers));
	la_link_kafka_watch(asking, &link);
	rd_kafka_conf_set_error_cb(asking, remember_reason);
	/* a producer for either side: it joins no group */
	if ((err = la_conf_kafka_client(&rk, RD_KAFKA_PRODUCER, asking, error)) != LA_OK)
		goto out;
	err = check_topic(rk, topic, timeout_ms, error);
	(void)rd_kafka_poll(rk, 0); /* serves remember_reason */
	if (err == LA_EUNAVAILABLE) {
		if (link.why[0] != '\0')
			(void)la_error_set(error, err, "%s", link.why);
		la_error_prefix(error, "kafka at %s", servers);
	}

out:
	rd_kafka_conf_destroy(asking);
	if (rk != NULL)
		rd_kafka_destroy(rk);
	return (err);
}
