/*
 * Labels of a login's environment (RULES.md, "Labels"): a closed list of words
 * from agent_table.c, or a producer-given name that passes the check.
 */
#ifndef LA_DETECTOR_AGENT_H
#define LA_DETECTOR_AGENT_H

#include "common/event.h"

#define LA_REV_HEX 17 /* 16 hex digits and a NUL */
#define LA_USER_AGENT_READ 512 /* bytes; what follows is not looked at */

#define LA_LABEL_BYTES 32 /* of every label */

struct la_labels {
	char browser[LA_LABEL_BYTES + 1]; /* "chrome", "unknown", … */
	char os[LA_LABEL_BYTES + 1];
	char model[LA_LABEL_BYTES + 1];
	enum la_device_class device_class;
};

/* [A-Za-z0-9 ._-]{1,32}: a name from the producer that counts as given. */
bool la_agent_name_passes(struct la_span name);

/* Fills *labels from the event's fields, user agent (its first 512 bytes) and channel. Never fails. */
void la_agent_labels(const struct la_login_event *event, struct la_labels *labels);

/* device model, else OS family, else "unknown"; points into labels. */
const char *la_agent_device_label(const struct la_labels *labels);

/* agent_rev: 16 hex digits over the table and the version of the rules that read it. */
void la_agent_rev(char out[LA_REV_HEX]);

#endif
