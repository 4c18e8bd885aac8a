/*
 * Templates: byte 0 is the kind, then main file and partials p0, p1, ... with NUL between.
 * No value adds markup to HTML or a control byte to a header, or is expanded again.
 */
#include "fuzz.h"
#include "mailer/names.h"
#include "mailer/template.h"

#define PARTIALS 8

struct files {
	struct la_span partial[PARTIALS];
};

static bool
find(void *cookie, struct la_span name, struct la_span *text)
{
	struct files *files = cookie;

	if (name.size != 2 || name.data[0] != 'p' || name.data[1] < '0' || name.data[1] >= '0' + PARTIALS)
		return (false);
	*text = files->partial[name.data[1] - '0'];
	return (true);
}

static void
render(const struct la_template *t, const char *text, struct la_buf *out)
{
	struct la_template_value values[LA_NAMES_COUNT];

	for (size_t i = 0; i < LA_NAMES_COUNT; i++)
		values[i] = (struct la_template_value){la_span_text(text), i % 2 == 0};
	fuzz_must(la_template_render(t, values, out), NULL);
}

static size_t
count(const struct la_buf *buf, const char *bytes)
{
	size_t n = 0;

	for (size_t i = 0; i < buf->size; i++)
		n += buf->data[i] != '\0' && strchr(bytes, buf->data[i]) != NULL;
	return (n);
}

static void
check_output(enum la_template_kind kind, const struct la_template *t)
{
	struct la_buf plain = LA_BUF_INIT, hostile = LA_BUF_INIT;

	render(t, "x", &plain);
	render(t, "<a href='//x'>{{member}}\"\r\nhttps:", &hostile);
	if (kind == LA_TEMPLATE_HTML)
		REQUIRE(count(&plain, "<>'\"") == count(&hostile, "<>'\""));
	for (size_t i = 0; kind == LA_TEMPLATE_HEADER && i < hostile.size; i++)
		REQUIRE(hostile.data[i] >= 0x20 && hostile.data[i] != 0x7f);
	REQUIRE(plain.size <= LA_TEMPLATE_BYTES_MAX + LA_TEMPLATE_STEPS_MAX * 8);
	la_buf_clear(&plain);
	la_buf_clear(&hostile);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct la_span input = fuzz_copy(la_span_of(data, size)), rest = input;
	struct files files;
	const struct la_template_partials partials = {find, &files};
	struct la_template_source source = {.kind = (enum la_template_kind)(fuzz_byte(&rest) % 3),
	    .file = "f", .names = la_names_all, .name_count = LA_NAMES_COUNT, .partials = &partials};
	struct la_template *t = NULL;
	struct la_error error = LA_ERROR_INIT;

	source.text = fuzz_field(&rest);
	for (size_t i = 0; i < PARTIALS; i++)
		files.partial[i] = fuzz_field(&rest);
	if (la_template_compile(&t, &source, &error) == LA_OK)
		check_output(source.kind, t);
	else
		fuzz_require_line(error.text);
	la_template_free(t);
	fuzz_free(input);
	return (0);
}
