#include "mailer/names.h"

#define LA_NAMES_ROW(name, is_flag) {#name, is_flag},
const struct la_template_name la_names_all[LA_NAMES_COUNT] = {LA_NAMES_LIST(LA_NAMES_ROW)};
const struct la_template_name la_names_help[LA_NAMES_HELP_COUNT] = {LA_NAMES_HELP_LIST(LA_NAMES_ROW)};
#undef LA_NAMES_ROW
