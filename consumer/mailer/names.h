/*
 * The names that the templates of a mail may use (templates/README.md explains them).
 * The renderer fills them; a brand is compiled against them.
 */
#ifndef LA_MAILER_NAMES_H
#define LA_MAILER_NAMES_H

#include "mailer/template.h"

/* X(name, is_flag): texts first, then one flag per reason, in the order of LA_REASON_LIST */
#define LA_NAMES_LIST(X)      \
	X(member, false)      \
	X(date_time, false)   \
	X(device, false)      \
	X(browser, false)     \
	X(app, false)         \
	X(location, false)    \
	X(suppressed, false)  \
	X(first_login, true)  \
	X(new_device, true)   \
	X(new_browser, true)  \
	X(cookies_cleared, true) \
	X(third_party_link, true)

/* What help.html may use. */
#define LA_NAMES_HELP_LIST(X)    \
	X(sender, false)         \
	X(sample_subject, false) \
	X(sample_text, false)

#define LA_NAMES_ENUM(name, is_flag) LA_NAME_##name,
enum la_names_index { LA_NAMES_LIST(LA_NAMES_ENUM) LA_NAMES_COUNT };
enum la_names_help_index { LA_NAMES_HELP_LIST(LA_NAMES_ENUM) LA_NAMES_HELP_COUNT };
#undef LA_NAMES_ENUM

/* LA_NAMES_COUNT of them; the index of a name is LA_NAME_<name>. */
extern const struct la_template_name la_names_all[LA_NAMES_COUNT];
extern const struct la_template_name la_names_help[LA_NAMES_HELP_COUNT];

#endif
