/* A compiled template, as compiling leaves it and rendering walks it. Only template*.c include this. */
#ifndef LA_MAILER_TEMPLATE_STEPS_H
#define LA_MAILER_TEMPLATE_STEPS_H

#include "mailer/template.h"

enum la_template_step_type { STEP_LITERAL, STEP_VARIABLE, STEP_SECTION, STEP_INVERTED };

struct la_template_step {
	enum la_template_step_type type;
	size_t index; /* LITERAL: where it starts in literals; else the name */
	size_t end;   /* LITERAL: its size; sections: the step behind them */
};

struct la_template {
	enum la_template_kind kind;
	struct la_template_step *steps;
	size_t step_count, step_cap;
	size_t partial_count;
	struct la_buf literals;
};

#endif
