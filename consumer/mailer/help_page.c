#include "mailer/help_page.h"

#include "mailer/names.h"
#include "mailer/sample.h"

enum la_err
la_help_page(struct la_renderer *renderer, const struct la_brand *brand, struct la_buf *out, struct la_error *error)
{
	struct la_template_value values[LA_NAMES_HELP_COUNT] = {{.flag = false}};
	struct la_alert_job job = la_sample_job(LA_REASON_NEW_DEVICE);
	struct la_mail mail;
	enum la_err err;

	if (brand->help == NULL)
		return (la_error_set(error, LA_ECONFIG, "the brand %s has no help.html", brand->name));
	la_mail_init(&mail);
	if ((err = la_renderer_mail(renderer, brand, &job, &mail, error)) == LA_OK) {
		values[LA_NAME_sender].text = la_span_text(brand->from.text);
		values[LA_NAME_sample_subject].text = la_buf_span(&mail.subject);
		values[LA_NAME_sample_text].text = la_buf_span(&mail.text);
		if (la_template_render(brand->help, values, out) != LA_OK)
			err = la_error_set(error, LA_ENOMEM, "out of memory");
	}
	la_mail_clear(&mail);
	return (err);
}
