/* Rules 2-6 of consumer/detector/RULES.md, clause by clause. Each story is named after the clause that it checks. */
#include "story.h"

struct story {
	const char *clause;
	const char *text;
};

#include "stories.h"

/* How a story is run: which epochs there are, and which is active from which event on. */
struct setting {
	const char *name;
	size_t epochs;
	uint16_t first_active, later_active;
	int change_at; /* event number */
	bool stored;   /* the state goes through its record after each event */
	bool strict;   /* "applied" is checked: rotation writes more often */
};

static const struct setting settings[] = {
    {"one epoch", 1, 1, 1, 0, false, true},
    {"one epoch, through the record", 1, 1, 1, 0, true, true},
    {"the same a second time", 1, 1, 1, 0, true, true},
    {"a newer epoch is only read", 2, 1, 1, 0, true, true},
    {"the second epoch is active", 2, 2, 2, 0, true, true},
    {"rotation after the first event", 2, 1, 2, 1, true, false},
    {"rotation after the second event", 3, 1, 3, 2, true, false},
    {"an instance that rotates back", 2, 2, 1, 2, true, false},
};

static void
run_story(const struct story *story, const struct setting *setting)
{
	struct la_decider *decider = NULL;
	struct la_member_state state;
	struct la_policy policy;
	struct la_keys keys;
	struct story_line line;
	int number = 0;

	story_default_policy(&policy);
	la_state_init(&state);
	for (const char *at = story->text; *at != '\0'; at += strcspn(at, "\n"), at += *at == '\n') {
		struct la_error error = LA_ERROR_INIT;
		struct la_login_event event;
		struct la_source source;
		struct la_facts facts;
		struct la_verdict verdict;
		int arrow;

		story_cut(&line, at, strcspn(at, "\n"));
		if (line.count == 0)
			continue;
		if (strcmp(line.word[0], "policy") == 0) {
			story_policy(&line, &policy);
			la_decider_free(decider); /* a change of policy in the middle of a story is a restart */
			decider = NULL;
			continue;
		}
		if (decider == NULL || number == setting->change_at) {
			la_decider_free(decider);
			story_keys(&keys, setting->epochs,
			    number >= setting->change_at ? setting->later_active : setting->first_active);
			decider = story_decider(&policy, &keys);
		}
		for (arrow = 0; arrow < line.count && strcmp(line.word[arrow], "->") != 0; arrow++)
			;
		assert_true(arrow < line.count);
		story_event(&line, arrow, number++, &event, &source);
		assert_int_equal(la_decider_facts(decider, &event, &source, &facts, &error), LA_OK);
		la_policy_decide(la_decider_policy(decider), &facts, &state, &verdict);
		if (!setting->strict) {
			for (int i = arrow; i < line.count; i++) {
				if (strcmp(line.word[i], "unapplied") == 0)
					line.word[i][0] = '\0';
			}
		}
		story_expect(&line, arrow, &verdict, &state);
		if (setting->stored)
			story_store_and_load(&state);
	}
	la_decider_free(decider);
}

static void
clause_holds(void **state)
{
	const struct story *story = *state;

	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
		story_setting = settings[i].name;
		run_story(story, &settings[i]);
	}
}

int
main(void)
{
	enum { COUNT = sizeof(stories) / sizeof(stories[0]) };
	static struct CMUnitTest tests[COUNT];

	for (size_t i = 0; i < COUNT; i++)
		tests[i] = (struct CMUnitTest){stories[i].clause, clause_holds, NULL, NULL, (void *)(uintptr_t)&stories[i]};
	return (_cmocka_run_group_tests("rules 2-6", tests, COUNT, NULL, NULL));
}
