#include "common/job.h"

#define LA_NAME_ROW(s) #s,

const char *
la_mode_name(enum la_mode mode)
{
	static const char *const names[] = {LA_MODE_LIST(LA_NAME_ROW)};

	return (names[mode]);
}

const char *
la_reason_name(enum la_reason reason)
{
	static const char *const names[] = {LA_REASON_LIST(LA_NAME_ROW)};

	return (names[reason]);
}

const char *
la_outcome_name(enum la_outcome outcome)
{
	static const char *const names[] = {LA_OUTCOME_LIST(LA_NAME_ROW)};

	return (names[outcome]);
}

const char *
la_delivered_name(enum la_delivered delivered)
{
	static const char *const names[] = {LA_DELIVERED_LIST(LA_NAME_ROW)};

	return (names[delivered]);
}

const char *
la_device_class_name(enum la_device_class device_class)
{
	static const char *const names[] = {LA_DEVICE_CLASS_LIST(LA_NAME_ROW)};

	return (names[device_class]);
}
