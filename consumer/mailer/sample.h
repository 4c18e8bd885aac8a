/* The login of the sample mail (tests/data/sample.txt), for looking at templates without a job. */
#ifndef LA_MAILER_SAMPLE_H
#define LA_MAILER_SAMPLE_H

#include "common/job.h"

/* Without a locale: the brand's own order. A third-party link has an app. */
struct la_alert_job la_sample_job(enum la_reason reason);

#endif
