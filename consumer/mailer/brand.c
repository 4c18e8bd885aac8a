#include "mailer/brand.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/text.h"
#include "mailer/brand_meta.h"
#include "mailer/names.h"

#define PARTIALS_MAX 32

/* What is at hand while a brand is being compiled. */
struct compiler {
	struct la_brand *brand;
	const struct la_brand_files *files;
	crypto_generichash_state revision; /* over name, size and bytes of each file, in the order of reading */
	struct {
		char file[96];
		struct la_buf text;
	} partials[PARTIALS_MAX];
	size_t partial_count;
	const char *suffix; /* of the partials of the template that is being compiled */
	struct la_error *error;
};

static void
add_to_revision(struct compiler *c, const char *file, struct la_span bytes)
{
	char head[128];
	int size = snprintf(head, sizeof(head), "%s %zu\n", file, bytes.size);

	(void)crypto_generichash_update(&c->revision, (const unsigned char *)head, (unsigned long long)size);
	(void)crypto_generichash_update(&c->revision, bytes.data, bytes.size);
}

/* Files may have been saved with CRLF. */
static void
drop_carriage_returns(struct la_buf *text)
{
	size_t kept = 0;

	for (size_t i = 0; i < text->size; i++) {
		if (text->data[i] != '\r' || i + 1 == text->size || text->data[i + 1] != '\n')
			text->data[kept++] = text->data[i];
	}
	text->size = kept;
}

static enum la_err
check_text(struct compiler *c, const char *file, struct la_span text)
{
	int line = 1;

	if (!la_utf8_valid(text))
		return (la_error_set(c->error, LA_ECONFIG, "%s/%s: not UTF-8", c->brand->name, file));
	for (size_t i = 0; i < text.size; i++) {
		unsigned char byte = text.data[i];

		line += byte == '\n';
		if ((byte < 0x20 && byte != '\n' && byte != '\t') || byte == 0x7f)
			return (la_error_set(c->error, LA_ECONFIG, "%s/%s:%d: a control byte", c->brand->name, file, line));
	}
	return (LA_OK);
}

static enum la_err
read_file(struct compiler *c, const char *file, struct la_buf *out, bool *found)
{
	enum la_err err;

	if ((err = c->files->read(c->files->cookie, file, out, found, c->error)) != LA_OK || !*found)
		return (err);
	add_to_revision(c, file, la_buf_span(out));
	drop_carriage_returns(out);
	return (check_text(c, file, la_buf_span(out)));
}

static enum la_err
read_required(struct compiler *c, const char *file, struct la_buf *out)
{
	bool found = false;
	enum la_err err = read_file(c, file, out, &found);

	if (err == LA_OK && !found)
		err = la_error_set(c->error, LA_ECONFIG, "%s/%s: missing", c->brand->name, file);
	return (err);
}

static bool
is_partial_name(struct la_span name)
{
	return (name.size > 0 && name.size <= 64 && memchr(name.data, '.', name.size) == NULL);
}

/* {{> name}} in body.html is the file name.html, elsewhere name.txt. */
static bool
find_partial(void *cookie, struct la_span name, struct la_span *text)
{
	struct compiler *c = cookie;
	struct la_buf *buf;
	char file[96];
	bool found = false;
	size_t i;

	if (!is_partial_name(name))
		return (false);
	(void)snprintf(file, sizeof(file), "%.*s%s", (int)name.size, (const char *)name.data, c->suffix);
	for (i = 0; i < c->partial_count && strcmp(c->partials[i].file, file) != 0; i++)
		;
	if (i == PARTIALS_MAX)
		return (false);
	buf = &c->partials[i].text;
	if (i == c->partial_count) {
		if (read_file(c, file, buf, &found) != LA_OK || !found) {
			la_buf_reset(buf);
			return (false);
		}
		memcpy(c->partials[c->partial_count++].file, file, sizeof(file));
	}
	*text = la_buf_span(buf);
	return (true);
}

static enum la_err
compile_text(struct compiler *c, const char *file, struct la_span text, const struct la_template_source *kind,
    struct la_template **out)
{
	struct la_template_partials partials = {find_partial, c};
	struct la_template_source source = *kind;
	char label[192];

	(void)snprintf(label, sizeof(label), "%s/%s", c->brand->name, file);
	c->suffix = kind->kind == LA_TEMPLATE_HTML ? ".html" : ".txt";
	source.file = label;
	source.text = text;
	source.partials = &partials;
	return (la_template_compile(out, &source, c->error));
}

static enum la_err
compile_template(struct compiler *c, const char *file, enum la_template_kind kind, struct la_template **out)
{
	const struct la_template_source source = {.kind = kind, .names = la_names_all, .name_count = LA_NAMES_COUNT};
	struct la_buf text = LA_BUF_INIT;
	enum la_err err;

	if ((err = read_required(c, file, &text)) == LA_OK)
		err = compile_text(c, file, la_buf_span(&text), &source, out);
	la_buf_clear(&text);
	return (err);
}

static enum la_err
compile_help(struct compiler *c)
{
	static const struct la_template_source source = {
	    .kind = LA_TEMPLATE_HTML, .names = la_names_help, .name_count = LA_NAMES_HELP_COUNT};
	struct la_buf text = LA_BUF_INIT;
	bool found = false;
	enum la_err err;

	if ((err = read_file(c, "help.html", &text, &found)) == LA_OK && found)
		err = compile_text(c, "help.html", la_buf_span(&text), &source, &c->brand->help);
	la_buf_clear(&text);
	return (err);
}

/* A subject that needs a value to be there would be refused when the value is not. */
static enum la_err
compile_subject(struct compiler *c, const char *file, struct la_template **out)
{
	static const struct la_template_value nothing[LA_NAMES_COUNT];
	struct la_buf subject = LA_BUF_INIT;
	enum la_err err;

	if ((err = compile_template(c, file, LA_TEMPLATE_HEADER, out)) == LA_OK)
		err = la_template_render(*out, nothing, &subject);
	if (err == LA_OK && subject.size == 0)
		err = la_error_set(c->error, LA_ECONFIG, "%s/%s: empty when no name has a value", c->brand->name, file);
	la_buf_clear(&subject);
	return (err);
}

/* body.txt and the others; for orders but the first body.en-ja.txt and the others. */
static enum la_err
compile_order(struct compiler *c, struct la_brand_order *order)
{
	char dotted[LA_LANGUAGES_BYTES + 1] = "", subject[96], text[96], html[96];
	enum la_err err;

	if (order != &c->brand->orders[0]) {
		dotted[0] = '.';
		la_brand_order_name(order, dotted + 1);
	}
	(void)snprintf(subject, sizeof(subject), "subject%s.txt", dotted);
	(void)snprintf(text, sizeof(text), "body%s.txt", dotted);
	(void)snprintf(html, sizeof(html), "body%s.html", dotted);
	if ((err = compile_subject(c, subject, &order->subject)) != LA_OK ||
	    (err = compile_template(c, text, LA_TEMPLATE_TEXT, &order->text)) != LA_OK)
		return (err);
	return (compile_template(c, html, LA_TEMPLATE_HTML, &order->html));
}

static enum la_err
compile_orders(struct compiler *c)
{
	enum la_err err = LA_OK;

	for (size_t i = 0; i < c->brand->order_count && err == LA_OK; i++)
		err = compile_order(c, &c->brand->orders[i]);
	return (err);
}

/* Values of meta.conf and what overrides them. */
static enum la_err
take_meta(struct compiler *c, const struct la_brand_options *options, const struct la_zone_source *zones)
{
	struct la_buf text = LA_BUF_INIT;
	struct la_brand *brand = c->brand;
	struct la_brand_meta meta = {.brand = brand};
	enum la_err err;

	if ((err = read_required(c, "meta.conf", &text)) != LA_OK)
		goto out;
	if ((err = la_brand_meta_read(&meta, la_buf_span(&text), c->error)) != LA_OK)
		goto out;
	if ((err = la_brand_meta_override(&meta, options, c->error)) != LA_OK)
		goto out;
	err = zones->load(zones->cookie, &brand->zone, la_span_text(brand->time_zone), c->error);
	if (err == LA_EDATA && options->time_zone != NULL)
		err = la_error_set(c->error, LA_ECONFIG, "mail.time-zone: no such time zone");
	else if (err == LA_EDATA)
		err = la_error_set(c->error, LA_ECONFIG, "%s/meta.conf: time-zone: no such time zone", brand->name);
out:
	la_buf_clear(&text);
	return (err);
}

static bool
is_brand_name(const char *name)
{
	size_t size = strlen(name);

	return (size >= 1 && size <= 64 && name[0] != '.' &&
	    strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") == size);
}

static void
finish_revision(struct compiler *c)
{
	unsigned char digest[crypto_generichash_BYTES_MIN];

	(void)crypto_generichash_final(&c->revision, digest, sizeof(digest));
	la_hex(c->brand->template_rev, digest, (sizeof(c->brand->template_rev) - 1) / 2);
}

enum la_err
la_brand_compile(struct la_brand **brand, const struct la_brand_options *options, const struct la_brand_files *files,
    const struct la_zone_source *zones, struct la_error *error)
{
	struct compiler c = {.brand = NULL, .files = files, .error = error};
	enum la_err err;

	if (!is_brand_name(options->name))
		return (la_error_set(error, LA_ECONFIG, "mail.brand: a name has 1 to 64 of A-Z a-z 0-9 . _ - and no dot first"));
	if ((c.brand = calloc(1, sizeof(*c.brand))) == NULL)
		return (la_error_set(error, LA_ENOMEM, "out of memory"));
	(void)snprintf(c.brand->name, sizeof(c.brand->name), "%s", options->name);
	(void)crypto_generichash_init(&c.revision, NULL, 0, crypto_generichash_BYTES_MIN);
	c.brand->order_count = 1;
	c.brand->mask_keep_last = LA_MASK_OFF;
	if ((err = take_meta(&c, options, zones)) == LA_OK && (err = compile_orders(&c)) == LA_OK &&
	    (err = compile_help(&c)) == LA_OK) {
		finish_revision(&c);
		*brand = c.brand;
		c.brand = NULL;
	}
	for (size_t i = 0; i < PARTIALS_MAX; i++)
		la_buf_clear(&c.partials[i].text);
	la_brand_free(c.brand);
	return (err);
}

void
la_brand_free(struct la_brand *brand)
{
	if (brand == NULL)
		return;
	la_zone_free(brand->zone);
	la_template_free(brand->help);
	for (size_t i = 0; i < brand->order_count; i++) {
		la_template_free(brand->orders[i].subject);
		la_template_free(brand->orders[i].text);
		la_template_free(brand->orders[i].html);
	}
	free(brand);
}
