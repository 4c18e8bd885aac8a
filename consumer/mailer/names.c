#include "mailer/names.h"

const struct la_template_name la_names_all[LA_NAMES_COUNT] = {
#define LA_NAMES_ROW(name, is_flag) {#name, is_flag},
    LA_NAMES_LIST(LA_NAMES_ROW)
#undef LA_NAMES_ROW
};
