/*
 * The table behind the labels (RULES.md, "Labels"): rows in order, and for
 * each of browser, OS, model and class the first row whose words are found wins.
 *
 * A row's words are alternatives, separated by '|', in lower case. One is found
 * where a word of the user agent starts with it, without case; a word starts
 * at a letter or digit that follows neither. '#' stands for any digit. After a
 * leading '*' it may be the end of a word: "*bot/" is found in "Googlebot/2.1".
 */
#ifndef LA_DETECTOR_AGENT_TABLE_H
#define LA_DETECTOR_AGENT_TABLE_H

#include <stddef.h>

#include "common/event.h"

struct la_agent_row {
	const char *words;
	const char *browser, *os, *model; /* NULL: says nothing of it */
	enum la_device_class device_class; /* LA_CLASS_UNKNOWN: says nothing of it */
};

extern const struct la_agent_row la_agent_table[];
extern const size_t la_agent_table_size;

#endif
