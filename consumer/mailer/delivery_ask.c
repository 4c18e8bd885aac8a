#include "mailer/delivery_internal.h"

#define ANSWERS 32 /* taken at a time */
#define FAILED_IN_A_ROW 3 /* not the members are at fault */
#define RETRY_AFTER_MAX_MS 60000
#define SLOW_MS 1000 /* without a word of any member: those who bring their address do not wait behind it */

static bool
is_resting(const struct la_delivery_loop *loop)
{
	return (loop->directory.rests_until_ms > la_delivery_now(loop));
}

/* So many slots may hold jobs whose address is not asked for yet; the others are for mails. */
static size_t
most_to_ask(const struct la_delivery_loop *loop)
{
	return (loop->slot_count / 2);
}

static bool
is_slow(const struct la_delivery_loop *loop)
{
	return (loop->directory.rest_ms > 0 || la_delivery_now(loop) - loop->directory_heard_ms > SLOW_MS);
}

size_t
la_delivery_room_to_ask(const struct la_delivery_loop *loop)
{
	size_t waiting = loop->lists[LA_SLOT_TO_ASK].count, most = most_to_ask(loop);

	if (loop->options.directory == NULL)
		return (SIZE_MAX);
	if (loop->directory_refuses_us && (is_resting(loop) || waiting + loop->lists[LA_SLOT_ASKING].count > 0))
		return (0);
	if (is_slow(loop))
		return (SIZE_MAX);
	return (waiting < most ? most - waiting : 0);
}

/* It was asked for lately. */
static bool
recall(struct la_delivery_loop *loop, struct la_slot *slot)
{
	struct la_alert_job *job = &slot->job;
	struct la_text locale;

	if (!la_recipients_get(loop->recipients, la_text_span(&job->tenant), la_text_span(&job->recipient_member_id),
	        la_delivery_now(loop), &job->recipient_email, &locale))
		return (false);
	if (job->locale.size == 0)
		job->locale = locale;
	return (true);
}

/* While the directory does not answer, a slot is for others; by and by each one's turn comes. */
static enum la_err
wait_to_be_asked(struct la_delivery_loop *loop, struct la_slot *slot, struct la_error *error)
{
	static const struct la_later_why crowded = {.wait_ms = SLOW_MS, .side = LA_LATER_DIRECTORY};
	bool gone;
	enum la_err err;

	if (loop->lists[LA_SLOT_TO_ASK].count < most_to_ask(loop)) {
		la_slot_move(loop, slot, LA_SLOT_TO_ASK);
		return (LA_OK);
	}
	if ((err = la_delivery_put_away(loop, slot, &gone, error)) != LA_OK || gone)
		return (err);
	return (la_delivery_put_off(loop, slot, &crowded, error));
}

enum la_err
la_delivery_address(struct la_delivery_loop *loop, struct la_slot *slot, struct la_error *error)
{
	struct la_recipient recipient;
	enum la_err err = la_renderer_recipient(loop->options.renderer, &slot->job, &recipient, error);

	if (err != LA_OK)
		return (err);
	slot->job.has_recipient = true;
	slot->job.recipient_email = recipient.email;
	slot->job.recipient_member_id = recipient.member_id;
	if (recipient.email.present)
		return (la_delivery_render(loop, slot, error));
	if (loop->options.directory == NULL)
		return (la_error_set(error, LA_EDATA, "the job has no address, and recipient.url is not set"));
	slot->is_asked = true;
	return (recall(loop, slot) ? la_delivery_render(loop, slot, error) : wait_to_be_asked(loop, slot, error));
}

/* It stays without an address that mail can go to. One that may have been sent is not refused any more. */
static enum la_err
refuse(struct la_delivery_loop *loop, struct la_slot *slot, struct la_error *why)
{
	if (slot->cut_once)
		return (la_delivery_mark(loop, slot, LA_DELIVERED_UNKNOWN, why));
	la_delivery_refuse(loop, slot, why);
	return (LA_OK);
}

static enum la_err
render(struct la_delivery_loop *loop, struct la_slot *slot, struct la_error *error)
{
	enum la_err err = la_delivery_render(loop, slot, error);

	return (err == LA_OK || err == LA_ENOMEM ? err : refuse(loop, slot, error));
}

/* What an answer says of the directory. */
static void
judge_directory(struct la_delivery_loop *loop, const struct la_directory_answer *answer)
{
	struct la_server_state *state = &loop->directory;
	int64_t now_ms = la_delivery_now(loop), retry_ms = answer->retry_after_ms;

	loop->directory_refuses_us = answer->verdict == LA_DIRECTORY_AT_FAULT;
	if (answer->verdict == LA_DIRECTORY_FOUND || answer->verdict == LA_DIRECTORY_NONE) {
		loop->directory_heard_ms = now_ms;
		state->refused_in_a_row = 0;
		if (la_delivery_is_well(loop, state))
			la_later_wake(loop->later, LA_LATER_DIRECTORY, now_ms);
		return;
	}
	if (++state->refused_in_a_row < FAILED_IN_A_ROW && state->rest_ms == 0 && retry_ms == 0 &&
	    !loop->directory_refuses_us)
		return;
	la_delivery_rest(loop, state, "directory", answer->detail);
	if (retry_ms > RETRY_AFTER_MAX_MS)
		retry_ms = RETRY_AFTER_MAX_MS;
	if (state->rests_until_ms < now_ms + retry_ms)
		state->rests_until_ms = now_ms + retry_ms;
}

static enum la_err
use(struct la_delivery_loop *loop, struct la_slot *slot, const struct la_directory_answer *answer, struct la_error *error)
{
	struct la_alert_job *job = &slot->job;

	la_recipients_put(loop->recipients, la_text_span(&job->tenant), la_text_span(&job->recipient_member_id),
	    &answer->email, &answer->locale, la_delivery_now(loop));
	job->recipient_email = answer->email;
	if (job->locale.size == 0)
		job->locale = answer->locale;
	return (render(loop, slot, error));
}

static enum la_err
settle(struct la_delivery_loop *loop, const struct la_directory_answer *answer, struct la_error *error)
{
	struct la_slot *slot = &loop->slots[answer->token];
	bool gone;
	enum la_err err;

	judge_directory(loop, answer);
	if ((err = la_delivery_put_away(loop, slot, &gone, error)) != LA_OK || gone)
		return (err);
	switch (answer->verdict) {
	case LA_DIRECTORY_FOUND:
		LA_CRASH_POINT("address-known");
		return (use(loop, slot, answer, error));
	case LA_DIRECTORY_NONE:
		(void)la_error_set(error, LA_EDATA, "%s", answer->detail);
		return (refuse(loop, slot, error));
	case LA_DIRECTORY_LATER:
	case LA_DIRECTORY_AT_FAULT:
		break;
	}
	la_delivery_say_of(loop, &loop->deferrals, "mail deferred", slot, answer->detail);
	return (la_delivery_defer(loop, slot, is_resting(loop) ? LA_LATER_DIRECTORY : LA_LATER_NOBODY, error));
}

/* One that is not well is asked one question at a time; while it rests, none. */
static size_t
room(const struct la_delivery_loop *loop)
{
	const struct la_directory *directory = loop->options.directory;

	if (is_resting(loop))
		return (0);
	if (loop->directory.rest_ms > 0)
		return (loop->lists[LA_SLOT_ASKING].count == 0 ? 1 : 0);
	return (directory->room(directory->self));
}

static enum la_err
ask_one(struct la_delivery_loop *loop, struct la_slot *slot, struct la_error *error)
{
	const struct la_directory *directory = loop->options.directory;
	bool gone;
	enum la_err err = la_delivery_put_away(loop, slot, &gone, error);

	if (err != LA_OK || gone)
		return (err);
	if (recall(loop, slot))
		return (render(loop, slot, error));
	err = directory->ask(directory->self, (uint64_t)(slot - loop->slots), la_text_span(&slot->job.tenant),
	    la_text_span(&slot->job.recipient_member_id), error);
	if (err == LA_EDATA)
		return (refuse(loop, slot, error));
	if (err == LA_OK)
		la_slot_move(loop, slot, LA_SLOT_ASKING);
	return (err);
}

static enum la_err
take_answers(struct la_delivery_loop *loop, struct la_error *error)
{
	const struct la_directory *directory = loop->options.directory;
	struct la_directory_answer answers[ANSWERS];
	size_t count;
	enum la_err err;

	do {
		if ((err = directory->work(directory->self, answers, ANSWERS, &count, error)) != LA_OK)
			return (err);
		for (size_t i = 0; i < count && err == LA_OK; i++)
			err = settle(loop, &answers[i], error);
	} while (err == LA_OK && count == ANSWERS);
	return (err);
}

enum la_err
la_delivery_ask(struct la_delivery_loop *loop, struct la_error *error)
{
	struct la_slot *slot;
	enum la_err err;

	if (loop->options.directory == NULL)
		return (LA_OK);
	if ((err = take_answers(loop, error)) != LA_OK)
		return (err);
	if (loop->lists[LA_SLOT_ASKING].count == 0)
		loop->directory_heard_ms = la_delivery_now(loop); /* nothing was waited for */
	while (err == LA_OK && !*loop->options.stopping && (slot = loop->lists[LA_SLOT_TO_ASK].first) != NULL &&
	    room(loop) > 0)
		err = ask_one(loop, slot, error);
	return (err == LA_EUNAVAILABLE ? LA_OK : err);
}

int64_t
la_delivery_ask_wait_ms(const struct la_delivery_loop *loop)
{
	const struct la_directory *directory = loop->options.directory;
	int64_t wait, rest = loop->directory.rests_until_ms - la_delivery_now(loop);

	if (directory == NULL)
		return (INT64_MAX);
	wait = directory->wait_ms(directory->self);
	return (loop->lists[LA_SLOT_TO_ASK].count > 0 && rest > 0 && rest < wait ? rest : wait);
}
