#include "mailer/rate.h"

#define MAIL 1000 /* in thousandths */

static int64_t
most(const struct la_rate *rate)
{
	return (rate->per_s < 10 ? MAIL : rate->per_s * (MAIL / 10));
}

void
la_rate_init(struct la_rate *rate, int64_t per_s, int64_t now_ms)
{
	*rate = (struct la_rate){.per_s = per_s, .allowed = MAIL, .seen_ms = now_ms};
}

int64_t
la_rate_room(struct la_rate *rate, int64_t now_ms)
{
	int64_t passed_ms = now_ms - rate->seen_ms;

	if (rate->per_s == 0)
		return (INT64_MAX);
	rate->seen_ms = now_ms;
	if (passed_ms > 10000)
		passed_ms = 10000; /* more than fills it, and cannot overflow */
	rate->allowed += passed_ms * rate->per_s; /* a mail a second is a thousandth a millisecond */
	if (rate->allowed > most(rate))
		rate->allowed = most(rate);
	return (rate->allowed / MAIL);
}

void
la_rate_take(struct la_rate *rate)
{
	if (rate->per_s != 0)
		rate->allowed -= MAIL;
}

int64_t
la_rate_wait_ms(const struct la_rate *rate)
{
	if (rate->per_s == 0 || rate->allowed >= MAIL)
		return (0);
	return ((MAIL - rate->allowed + rate->per_s - 1) / rate->per_s);
}
