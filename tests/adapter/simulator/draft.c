#include "simulator/draft.h"

#include <stdio.h>

int
sim_draft_device(struct sim_draft *d, int device)
{
	(void)snprintf(d->token, sizeof(d->token), "t%d", device);
	(void)snprintf(d->model, sizeof(d->model), "model%d", device);
	d->event.device_token = la_span_text(d->token);
	d->event.device_model = la_span_text(d->model);
	d->event.browser = la_span_text("chrome");
	return (device);
}

static enum la_event_kind
any_kind(struct sim_random *random)
{
	static const enum la_event_kind rare[] = {LA_KIND_THIRD_PARTY_LINK, LA_KIND_THIRD_PARTY_LINK, LA_KIND_THIRD_PARTY_LINK,
	    LA_KIND_THIRD_PARTY_UNLINK, LA_KIND_REAUTH, LA_KIND_TOKEN_REFRESH, LA_KIND_DEVICE_REVOKED, LA_KIND_DEVICE_REVOKED,
	    LA_KIND_PASSWORD_CHANGED, LA_KIND_ACCOUNT_ERASED};

	return (sim_below(random, 3) > 0 ? LA_KIND_LOGIN : rare[sim_below(random, 10)]);
}

void
sim_draft_any(struct sim_draft *d)
{
	static const char *const models[] = {"iPhone", "Pixel", "Xperia"}, *const browsers[] = {"chrome", "safari"};
	struct sim_random *random = &d->random;
	struct la_login_event *e = &d->event;
	int token = sim_below(random, 4), app = sim_below(random, 3);

	(void)snprintf(d->token, sizeof(d->token), "t%d", token);
	(void)snprintf(d->app, sizeof(d->app), "a%d", app);
	(void)snprintf(d->ip, sizeof(d->ip), "10.0.%d.1", sim_below(random, 3));
	e->kind = any_kind(random);
	e->result = sim_chance(random, 60) ? LA_RESULT_FAILURE : LA_RESULT_SUCCESS;
	e->actor = sim_chance(random, 40) ? LA_ACTOR_SYSTEM : LA_ACTOR_SELF;
	e->channel = sim_chance(random, 40) ? LA_CHANNEL_API : LA_CHANNEL_WEB;
	e->device_token = la_span_text(token == 0 ? NULL : d->token);
	e->device_model = la_span_text(models[sim_below(random, 3)]);
	e->browser = la_span_text(browsers[sim_below(random, 2)]);
	e->client_app_id = la_span_text(app == 0 ? NULL : d->app);
	e->ip = la_span_text(d->ip);
	e->has_account_created_at = sim_below(random, 2) == 0;
	e->account_created_at_ms = d->clock_ms - sim_below(random, 3) * SIM_DAY;
}

void
sim_draft_start(struct sim_draft *d, int member, bool hasty)
{
	static const int64_t steps[] = {0, 1, 60000, SIM_HOUR, SIM_HOUR, SIM_DAY, 11 * SIM_DAY};

	d->clock_ms += steps[sim_below(&d->random, hasty ? 4 : 7)];
	if (!hasty && sim_chance(&d->random, 20))
		d->clock_ms += 200 * SIM_DAY;
	(void)snprintf(d->id, sizeof(d->id), "e%d", d->ids++);
	(void)snprintf(d->member, sizeof(d->member), "m%d", member);
	d->event = (struct la_login_event){.event_id = la_span_text(d->id),
	    .occurred_at_ms = d->clock_ms - (sim_chance(&d->random, 100) ? sim_below(&d->random, 3) * SIM_DAY : 0),
	    .tenant = la_span_text("default"),
	    .member_id = la_span_text(d->member),
	    .os = la_span_text("os"),
	    .device_class = LA_CLASS_MOBILE,
	    .email = la_span_text("member@example.jp")};
}
