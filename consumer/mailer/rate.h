/* smtp.rate: so many mails a second, evenly. Pure. */
#ifndef LA_MAILER_RATE_H
#define LA_MAILER_RATE_H

#include <stdint.h>

struct la_rate {
	int64_t per_s;       /* 0: no limit */
	int64_t allowed;     /* thousandths of a mail; at most a tenth of a second's, and never less than one mail */
	int64_t seen_ms;
};

void la_rate_init(struct la_rate *rate, int64_t per_s, int64_t now_ms);
/* How many mails may go now; INT64_MAX without limit. */
int64_t la_rate_room(struct la_rate *rate, int64_t now_ms);
void la_rate_take(struct la_rate *rate); /* one goes */
/* How long until the next may go; 0: one may. After la_rate_room. */
int64_t la_rate_wait_ms(const struct la_rate *rate);

#endif
