/* What a brand hides of a member's number, over what the detector has hidden already. */
#ifndef LA_MAILER_MASK_H
#define LA_MAILER_MASK_H

#include "common/text.h"

#define LA_MASK_OFF (-1)
#define LA_MASK_KEEP_MAX 64

/* All but the last keep_last characters become '*'; of a text that is not longer, all of them. LA_MASK_OFF: as it is. */
void la_mask_text(struct la_text *text, int keep_last);

#endif
