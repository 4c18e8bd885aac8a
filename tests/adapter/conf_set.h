/* A setting in a test's configuration; a bad one fails the test. */
#ifndef LA_TESTS_CONF_SET_H
#define LA_TESTS_CONF_SET_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "common/conf.h"

static inline void
set(struct la_conf *conf, const char *format, ...)
{
	char text[256];
	va_list list;

	va_start(list, format);
	(void)vsnprintf(text, sizeof(text), format, list);
	va_end(list);
	assert_int_equal(la_conf_set(conf, text), LA_OK);
	assert_int_equal(la_conf_problem_count(conf), 0);
}

#endif
