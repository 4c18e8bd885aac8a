#include "common/parts_kafka.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "common/clock.h"
#include "common/log.h"

#define REPEAT_MS 30000
#define PROBE_EVERY_MS 1000
#define OLD_MS 90000 /* librdkafka says again every 30 s what keeps it from a broker */
#define PROBE_WAIT_MS 250

/* Said by librdkafka and of no use, or said again by la_link_kafka_note, which knows when it is enough. */
static bool
is_noise(const char *facility, const char *text)
{
	/* kafka.* goes to both clients: that a property is the other one's is no news. */
	if (strcmp(facility, "CONFWARN") == 0)
		return (strstr(text, "will be ignored by this") != NULL);
	/* Why a transaction failed, at each try: we say so with what waits for it (given_up_kafka.c). */
	if (strcmp(facility, "TXNERR") == 0 || strcmp(facility, "FATAL") == 0 || strcmp(facility, "ADDPARTS") == 0 ||
	    strcmp(facility, "ADDOFFSETS") == 0)
		return (true);
	/* A certificate that is not trusted: comes with a FAIL. */
	if (strcmp(facility, "SSLCERTVRFY") == 0)
		return (true);
	/* A connection that was lost or refused; a broker without an option, with every request. */
	return (strcmp(facility, "FAIL") == 0 || strcmp(facility, "ERROR") == 0 || strcmp(facility, "AUTOCREATE") == 0);
}

static enum la_log_level
level_of(int syslog_level, const char *facility, const char *text)
{
	if (syslog_level > 6 || is_noise(facility, text))
		return (LA_LOG_DEBUG);
	if (syslog_level <= 3)
		return (LA_LOG_ERROR);
	return (syslog_level == 4 ? LA_LOG_WARN : LA_LOG_INFO);
}

/* Lost, not only late: librdkafka goes on from where the log begins, and thinks no more of it. */
static bool
is_loss(const char *facility, const char *text)
{
	return (strcmp(facility, "OFFSET") == 0 && strstr(text, "offset reset") != NULL &&
		strstr(text, rd_kafka_err2str(RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE)) != NULL);
}

void
la_link_kafka_log(const rd_kafka_t *rk, int level, const char *facility, const char *text)
{
	if (is_loss(facility, text))
		la_log(LA_LOG_ERROR, la_msg("records are gone that were not read: by retention, or with a topic made anew"),
		    la_str("client", rk == NULL ? "" : rd_kafka_name(rk)), la_str("text", text));
	else
		la_log(level_of(level, facility, text), la_msg("librdkafka"),
		    la_str("client", rk == NULL ? "" : rd_kafka_name(rk)), la_str("facility", facility), la_str("text", text));
}

/* ALL_BROKERS_DOWN follows a reason of its own, if there is one. */
static enum la_link_cause
kind_of(const struct la_link_kafka *link, rd_kafka_resp_err_t cause, const char *reason)
{
	if (cause == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN)
		return (link->why[0] == '\0' ? LA_LINK_ABSENT : link->last);
	if (cause == RD_KAFKA_RESP_ERR__AUTHENTICATION)
		return (LA_LINK_LOGIN);
	if (cause == RD_KAFKA_RESP_ERR__SSL || strstr(reason, "SSL routines") != NULL)
		return (LA_LINK_TLS);
	if (cause == RD_KAFKA_RESP_ERR__TRANSPORT || cause == RD_KAFKA_RESP_ERR__RESOLVE)
		return (LA_LINK_ABSENT);
	return (LA_LINK_OTHER);
}

/* What one broker had long ago, while others answered, is not why none does now. */
static void
forget_old(struct la_link_kafka *link)
{
	if (!link->down && la_clock_now_ms(NULL) - link->why_at_ms > OLD_MS)
		link->why[0] = '\0';
}

/* Once, then every 30 s with a count; one broker after the other being away is one thing. */
static void
say(struct la_link_kafka *link, enum la_link_cause kind, rd_kafka_resp_err_t cause, const char *text)
{
	int64_t now_ms = la_clock_now_ms(NULL);
	bool is_same = kind != LA_LINK_OTHER || cause == link->last_other;

	if (is_same && link->said[kind].at_ms != 0 && now_ms - link->said[kind].at_ms < REPEAT_MS) {
		link->said[kind].repeated++;
		return;
	}
	la_log(kind == LA_LINK_ABSENT ? LA_LOG_WARN : LA_LOG_ERROR, la_msg("kafka error"), la_str("client", link->side),
	    la_str("error", rd_kafka_err2name(cause)), la_str("reason", text), la_int("repeated", link->said[kind].repeated));
	link->said[kind].at_ms = now_ms;
	link->said[kind].repeated = 0;
	if (kind == LA_LINK_OTHER)
		link->last_other = cause;
}

void
la_link_kafka_note(struct la_link_kafka *link, rd_kafka_t *rk, rd_kafka_resp_err_t cause, const char *reason)
{
	char text[sizeof(link->why)] = "";
	enum la_link_cause kind;

	if (cause == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) {
		forget_old(link);
		link->down = true;
	}
	kind = kind_of(link, cause, reason);
	if (cause == RD_KAFKA_RESP_ERR__FATAL) {
		link->fatal = true;
		(void)rd_kafka_fatal_error(rk, text, sizeof(text)); /* the first cause */
	}
	if (text[0] == '\0')
		la_reason_kafka_print(text, sizeof(text), cause, reason, atomic_load(&link->certificate));
	if (cause != RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN && kind != LA_LINK_OTHER) {
		(void)snprintf(link->why, sizeof(link->why), "%s", text);
		link->why_at_ms = la_clock_now_ms(NULL);
	}
	link->last = kind;
	say(link, kind, cause, text);
}

enum la_err
la_link_kafka_absent(const struct la_link_kafka *link, struct la_error *error)
{
	return (la_error_set(error, LA_EUNAVAILABLE, "no kafka broker answers%s%s", link->why[0] == '\0' ? "" : ": ", link->why));
}

/* In a thread of librdkafka's. Refuses what OpenSSL refuses, and remembers why. */
static int
on_certificate(rd_kafka_t *rk, const char *broker, int32_t id, int *error, int depth, const char *der, size_t size,
    char *reason, size_t reason_cap, void *opaque)
{
	struct la_link_kafka *link = opaque;

	(void)rk, (void)broker, (void)id, (void)depth, (void)der, (void)size;
	if (*error == 0)
		return (1);
	atomic_store(&link->certificate, *error);
	(void)snprintf(reason, reason_cap, "X.509 error %d", *error);
	return (0);
}

void
la_link_kafka_watch(rd_kafka_conf_t *conf, void *owner)
{
	rd_kafka_conf_set_opaque(conf, owner);
	(void)rd_kafka_conf_set_ssl_cert_verify_cb(conf, on_certificate); /* refused: a librdkafka without TLS */
}

void
la_link_kafka_probe(struct la_link_kafka *link, rd_kafka_t *rk)
{
	const struct rd_kafka_metadata *metadata = NULL;
	int64_t now_ms = la_clock_now_ms(NULL);

	if (!link->down || now_ms < link->probe_at_ms)
		return;
	link->probe_at_ms = now_ms + PROBE_EVERY_MS;
	if (rd_kafka_metadata(rk, 0, NULL, &metadata, PROBE_WAIT_MS) != RD_KAFKA_RESP_ERR_NO_ERROR)
		return;
	rd_kafka_metadata_destroy(metadata);
	link->down = false;
	link->why[0] = '\0';
	memset(link->said, 0, sizeof(link->said));
	la_log(LA_LOG_INFO, la_msg("kafka brokers answer again"), la_str("client", link->side));
}

bool
la_link_kafka_cluster_id(rd_kafka_t *rk, char *out, size_t cap)
{
	char *id = rd_kafka_clusterid(rk, 0);

	if (id == NULL)
		return (false);
	(void)snprintf(out, cap, "%s", id);
	rd_kafka_mem_free(rk, id);
	return (true);
}
