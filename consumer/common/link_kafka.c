#include "common/parts_kafka.h"

#include <stdio.h>
#include <string.h>

#include "common/clock.h"
#include "common/log.h"

#define REPEAT_MS 30000
#define PROBE_EVERY_MS 1000
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

/* Errors that mean "nobody answers" rather than "something was answered". */
static bool
is_absence(rd_kafka_resp_err_t cause)
{
	return (cause == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN || cause == RD_KAFKA_RESP_ERR__TRANSPORT ||
		cause == RD_KAFKA_RESP_ERR__RESOLVE);
}

/* Once, then every 30 s with a count; one broker after the other being away is one thing. */
static void
say(struct la_link_kafka *link, rd_kafka_resp_err_t cause, const char *reason)
{
	int64_t now_ms = la_clock_now_ms(NULL);
	rd_kafka_resp_err_t kind = is_absence(cause) ? RD_KAFKA_RESP_ERR__TRANSPORT : cause;

	if (kind == link->last_error && now_ms - link->last_logged_ms < REPEAT_MS) {
		link->repeated++;
		return;
	}
	la_log(is_absence(cause) ? LA_LOG_WARN : LA_LOG_ERROR, la_msg("kafka error"), la_str("client", link->side),
	    la_str("error", rd_kafka_err2name(cause)), la_str("reason", reason), la_int("repeated", link->repeated));
	link->last_error = kind;
	link->last_logged_ms = now_ms;
	link->repeated = 0;
}

void
la_link_kafka_note(struct la_link_kafka *link, rd_kafka_t *rk, rd_kafka_resp_err_t cause, const char *reason)
{
	char text[512] = "";

	if (cause == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN)
		link->down = true;
	if (cause == RD_KAFKA_RESP_ERR__FATAL) {
		link->fatal = true;
		(void)rd_kafka_fatal_error(rk, text, sizeof(text)); /* the first cause */
	}
	say(link, cause, text[0] == '\0' ? reason : text);
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
	link->last_error = RD_KAFKA_RESP_ERR_NO_ERROR;
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
