/*
 * The ledger's commands in every order, early, late and twice, for one job and two or three mailers, within bounds: the mail is
 * given to the relay twice only if it was not known what became of the first, and it is given by somebody in the end.
 */
#include "ledger_model.h"

#include <stdlib.h>

#define SEEN_MIN (1u << 18)
#define NOBODY UINT32_MAX

/* A state, and how it came to be. */
struct node {
	struct model model;
	uint32_t from;
	uint8_t event, who;
};

struct search {
	uint64_t *seen; /* hashes of states */
	size_t seen_cap;
	struct node *nodes;
	uint32_t count, cap;
	unsigned mailers;
	const char *wrong;
};

static uint64_t
hash_of(const struct model *model)
{
	const unsigned char *at = (const unsigned char *)model;
	uint64_t hash = UINT64_C(14695981039346656037);

	for (size_t i = 0; i < sizeof(*model); i++)
		hash = (hash ^ at[i]) * UINT64_C(1099511628211);
	hash ^= hash >> 29;
	hash *= UINT64_C(0xbf58476d1ce4e5b9);
	hash ^= hash >> 32;
	return (hash == 0 ? 1 : hash);
}

static bool
put(uint64_t *seen, size_t cap, uint64_t hash)
{
	size_t at = hash & (cap - 1);

	while (seen[at] != 0 && seen[at] != hash)
		at = (at + 1) & (cap - 1);
	if (seen[at] == hash)
		return (false);
	seen[at] = hash;
	return (true);
}

static void
grow_seen(struct search *search)
{
	size_t cap = search->seen_cap == 0 ? SEEN_MIN : search->seen_cap * 4;
	uint64_t *larger = calloc(cap, sizeof(larger[0]));

	assert_non_null(larger);
	for (size_t i = 0; i < search->seen_cap; i++) {
		if (search->seen[i] != 0)
			(void)put(larger, cap, search->seen[i]);
	}
	free(search->seen);
	search->seen = larger;
	search->seen_cap = cap;
}

/* If it is a new one. */
static void
add(struct search *search, const struct node *node)
{
	if ((size_t)search->count * 2 >= search->seen_cap)
		grow_seen(search);
	if (!put(search->seen, search->seen_cap, hash_of(&node->model)))
		return;
	if (search->count == search->cap) {
		search->cap = search->cap == 0 ? SEEN_MIN : search->cap * 2;
		search->nodes = realloc(search->nodes, search->cap * sizeof(search->nodes[0]));
		assert_non_null(search->nodes);
	}
	search->nodes[search->count++] = *node;
}

/* No more misfortune: does somebody mail it? */
static bool
ends_well(struct model model, unsigned mailers)
{
	static const enum model_event course[] = {EVENT_NOTICE, EVENT_CONNECT, EVENT_ARRIVE, EVENT_READ, EVENT_STEP};
	struct model_verdict verdict = {.wrong = NULL};

	memset(model.left, 0, sizeof(model.left));
	model.is_calm = true;
	for (unsigned who = 0; model.owner == MODEL_MAILERS && who < mailers; who++) {
		if (!model.mailer[who].is_dead)
			model_move(&model, who);
	}
	for (int round = 0; round < 60 && !model_is_marked(model.entry); round++) {
		for (unsigned who = 0; who < mailers; who++) {
			if (model.mailer[who].is_dead)
				model.mailer[who].is_alive = false;
			for (size_t i = 0; i < sizeof(course) / sizeof(course[0]); i++)
				(void)model_happen(&model, course[i], who, &verdict);
		}
	}
	return (model_is_marked(model.entry));
}

/* All that may happen next. */
static void
go_on(struct search *search, uint32_t from)
{
	for (unsigned event = 0; event < EVENT_COUNT && search->wrong == NULL; event++) {
		for (unsigned who = 0; who < search->mailers && search->wrong == NULL; who++) {
			struct node next = {search->nodes[from].model, from, (uint8_t)event, (uint8_t)who};
			struct model_verdict verdict = {.wrong = NULL};

			if (!model_happen(&next.model, event, who, &verdict))
				continue;
			add(search, &next);
			search->wrong = verdict.wrong;
			if (search->wrong == NULL && next.model.late_count == 0 && !ends_well(next.model, search->mailers))
				search->wrong = "a mail is lost: nobody mails it, as somebody holds it who does not know";
		}
	}
}

static void
tell(const struct search *search, uint32_t last)
{
	static const char *const names[EVENT_COUNT] = {"crash", "lapse", "connection lost", "partition comes", "deferred",
	    "cut", "expires", "notices", "connects", "arrives", "reads", "step", "step of second", "late 0", "late 1", "late 2"};
	const struct node *node = &search->nodes[last];
	const struct model_mailer *mailer = &node->model.mailer[node->who];

	if (node->from == NOBODY)
		return;
	tell(search, node->from);
	print_message("%c %-16s slot %u %s%s %s%s entry %s, %u late\n", (int)('a' + node->who), names[node->event],
	    mailer->slot, mailer->is_valid ? "valid " : "", mailer->is_alive ? "alive" : "", mailer->is_void ? "void " : "",
	    mailer->is_kept ? "kept " : "", model_entries[node->model.entry], node->model.late_count);
}

static void
search_all(unsigned mailers, const uint8_t *left)
{
	struct search search = {.mailers = mailers};
	struct node first = {.model = {.mailer = {{.slot = SLOT_READY}}}, .from = NOBODY};

	memcpy(first.model.left, left, EVENT_EXPIRE);
	add(&search, &first);
	for (uint32_t next = 0; next < search.count && search.wrong == NULL; next++)
		go_on(&search, next);
	print_message("%u states\n", search.count);
	if (search.wrong != NULL)
		tell(&search, search.count - 1);
	free(search.seen);
	free(search.nodes);
	if (search.wrong != NULL)
		fail_msg("%s", search.wrong);
}

/* How many crashes, lapses, lost connections, moves, deferrals, cuts; and mailers. */
static void
search_within(const char *bounds)
{
	uint8_t left[EVENT_EXPIRE];

	assert_int_equal(strspn(bounds, "0123456789"), EVENT_EXPIRE + 1);
	for (size_t i = 0; i < EVENT_EXPIRE; i++)
		left[i] = (uint8_t)(bounds[i] - '0');
	print_message("%s: ", bounds);
	search_all(bounds[EVENT_EXPIRE] == '3' ? 3 : 2, left);
}

static void
a_job_is_mailed_once_and_never_lost_in_whatever_order_commands_arrive(void **state)
{
	static const char *const bounds[] = {"0011102", "0101102", "0101012", "1101002", "1001103"};
	const char *given = getenv("LA_LEDGER_MODEL");

	(void)state;
	for (size_t i = 0; given == NULL && i < sizeof(bounds) / sizeof(bounds[0]); i++)
		search_within(bounds[i]);
	if (given != NULL)
		search_within(given);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_job_is_mailed_once_and_never_lost_in_whatever_order_commands_arrive),
	};
	int failed;

	model_redis_start();
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	model_redis_stop();
	return (failed);
}
