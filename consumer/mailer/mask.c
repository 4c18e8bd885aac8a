#include "mailer/mask.h"

static size_t
count_characters(const struct la_text *text)
{
	size_t count = 0;

	for (size_t i = 0; i < text->size; i++)
		count += ((unsigned char)text->bytes[i] & 0xc0) != 0x80;
	return (count);
}

void
la_mask_text(struct la_text *text, int keep_last)
{
	size_t count = count_characters(text), keep = keep_last > 0 ? (size_t)keep_last : 0;
	size_t hide = count > keep ? count - keep : count, from = 0;

	if (keep_last == LA_MASK_OFF)
		return;
	for (size_t passed = 0; from < text->size; from++) {
		passed += ((unsigned char)text->bytes[from] & 0xc0) != 0x80;
		if (passed > hide)
			break;
	}
	memmove(text->bytes + hide, text->bytes + from, text->size - from + 1);
	memset(text->bytes, '*', hide);
	text->size = (uint16_t)(hide + text->size - from);
}
