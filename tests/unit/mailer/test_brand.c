/* A brand from its files: what meta.conf may say, what is missing, what the revision covers. */
#include "unit/mailer/support.h"

#include "mailer/names.h"

#define META "from=a@example.jp\nlanguages=en\ntime-zone=Etc/UTC\n"

struct file {
	const char *name, *text;
};

struct fixture {
	struct file files[16]; /* name NULL: end */
	struct la_brand_options options;
	struct la_brand *brand;
	struct la_error error;
};

static enum la_err
read_file(void *cookie, const char *name, struct la_buf *out, bool *found, struct la_error *error)
{
	(void)error;
	*found = false;
	for (const struct file *file = cookie; file->name != NULL; file++) {
		if (strcmp(file->name, name) != 0)
			continue;
		*found = true;
		return (la_buf_add_text(out, file->text));
	}
	return (LA_OK);
}

static struct fixture
plain_brand(void)
{
	return ((struct fixture){
	    .files = {{"meta.conf", META}, {"subject.txt", "Login\n"}, {"body.txt", "{{device}}\n"}, {"body.html", "<p>{{device}}"}},
	    .options = {.name = "acme"}});
}

static void
set_file(struct fixture *f, const char *name, const char *text)
{
	struct file *file = f->files;

	while (file->name != NULL && strcmp(file->name, name) != 0)
		file++;
	*file = (struct file){name, text};
}

static enum la_err
compile(struct fixture *f)
{
	size_t asked = 0;
	struct la_zone_source zones = {support_zone, &asked};
	struct la_brand_files files = {read_file, f->files};

	return (la_brand_compile(&f->brand, &f->options, &files, &zones, &f->error));
}

static void
assert_compiles(struct fixture *f)
{
	if (compile(f) != LA_OK)
		fail_msg("%s", f->error.text);
}

static void
assert_fails(struct fixture *f, const char *want)
{
	assert_int_equal(compile(f), LA_ECONFIG);
	assert_int_equal(f->error.code, LA_ECONFIG);
	assert_null(f->brand);
	if (strstr(f->error.text, want) == NULL)
		fail_msg("not \"%s\" but: %s", want, f->error.text);
}

static void
meta_conf_gives_sender_languages_and_zone(void **state)
{
	struct fixture f = plain_brand();

	(void)state;
	set_file(&f, "meta.conf", "# a comment\r\n\n from = A@Example.JP \nfrom.name= JALマイレージバンク \n"
	    "envelope-from=bounce@example.jp\nlanguages=ja, en-GB\ntime-zone=Asia/Tokyo");
	assert_compiles(&f);
	assert_string_equal(f.brand->name, "acme");
	assert_string_equal(f.brand->from.text, "A@Example.JP");
	assert_string_equal(f.brand->from_name, "JALマイレージバンク");
	assert_string_equal(f.brand->envelope_from.text, "bounce@example.jp");
	assert_string_equal(f.brand->orders[0].languages, "ja, en-GB");
	assert_string_equal(f.brand->time_zone, "Asia/Tokyo");
	la_brand_free(f.brand);
}

static void
locale_chooses_an_order_or_one_language(void **state)
{
	static const struct {
		const char *locale, *languages;
	} rows[] = {{NULL, "ja, en"}, {"ja-JP", "ja, en"}, {"en-US", "en, ja"}, {"EN", "en, ja"}, {"en-GB", "en"}, {"en-GB-oxendict", "en"},
	    {"fr", "en"}, {"zh-Hant-TW", "ja, en"}, {"en_US", "ja, en"}, {"", "ja, en"}, {"en\r\nBcc: x", "ja, en"}};
	struct fixture f = plain_brand();
	char name[LA_LANGUAGES_BYTES];

	(void)state;
	set_file(&f, "meta.conf", "order.en=en,ja\nfrom=a@example.jp\nlanguages=ja,en\norder.fr=en\norder.en-GB=en\ntime-zone=Etc/UTC\n");
	set_file(&f, "subject.en-ja.txt", "{{>subject}}");
	set_file(&f, "body.en-ja.txt", "en, ja\n");
	set_file(&f, "body.en-ja.html", "<p>en, ja\n");
	assert_fails(&f, "acme/subject.en.txt: missing");
	set_file(&f, "subject.en.txt", "{{>subject}}");
	set_file(&f, "body.en.txt", "en\n");
	set_file(&f, "body.en.html", "<p>en\n");
	assert_compiles(&f);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_string_equal(la_brand_order_of(f.brand, la_span_text(rows[i].locale))->languages, rows[i].languages);
	la_brand_order_name(&f.brand->orders[1], name);
	assert_string_equal(name, "en-ja");
	la_brand_free(f.brand);
}

static void
configuration_overrides_sender_and_zone(void **state)
{
	struct fixture f = plain_brand();

	(void)state;
	f.options.mail_from = "b@example.jp";
	f.options.time_zone = "Asia/Tokyo";
	assert_compiles(&f);
	assert_string_equal(f.brand->from.text, "b@example.jp");
	assert_string_equal(f.brand->envelope_from.text, "b@example.jp"); /* follows From */
	assert_string_equal(f.brand->time_zone, "Asia/Tokyo");
	la_brand_free(f.brand);
	f = plain_brand();
	f.options.envelope_from = "bounce@example.jp";
	assert_compiles(&f);
	assert_string_equal(f.brand->from.text, "a@example.jp");
	assert_string_equal(f.brand->envelope_from.text, "bounce@example.jp");
	la_brand_free(f.brand);
}

static void
mistakes_name_file_line_and_what_is_allowed(void **state)
{
	static const struct {
		const char *file, *text, *want;
	} rows[] = {
	    {"meta.conf", "\nfrom\n", "acme/meta.conf:2: not key=value"},
	    {"meta.conf", META "sender=x\n", "acme/meta.conf:4: unknown key; allowed are"},
	    {"meta.conf", "from=nobody\n", "acme/meta.conf:1: bad address"},
	    {"meta.conf", META "envelope-from=\n", "acme/meta.conf:4: bad address"},
	    {"meta.conf", "languages=ja en\n", "acme/meta.conf:1: languages is a list"},
	    {"meta.conf", "languages=ja\xc2\xa0\n", "acme/meta.conf:1: languages"},
	    {"meta.conf", "languages=\n", "acme/meta.conf:1: languages"},
	    {"meta.conf", META "order.en=fr\n", "acme/meta.conf: order: \"fr\" is not within languages"},
	    {"meta.conf", META "order.e=en\n", "acme/meta.conf:4: an order is"},
	    {"meta.conf", META "order.=en\n", "acme/meta.conf:4: unknown key"},
	    {"meta.conf", META "order.fr=en, en\n", "acme/meta.conf:4: an order is"},
	    {"meta.conf", META "mask=3\n", "acme/meta.conf:4: mask is keep-last:<0..64>"},
	    {"meta.conf", META "mask=keep-last:65\n", "acme/meta.conf:4: mask is"},
	    {"meta.conf", META "mask=keep-last:\n", "acme/meta.conf:4: mask is"},
	    {"help.html", "{{member}}", "acme/help.html:1: unknown name member"},
	    {"meta.conf", "time-zone=../x\n", "acme/meta.conf:1: time-zone"},
	    {"meta.conf", "from=a@b.jp\nlanguages=ja\ntime-zone=No/Such\n", "acme/meta.conf: time-zone: "},
	    {"meta.conf", "languages=ja\ntime-zone=Etc/UTC\n", "acme/meta.conf: from is missing"},
	    {"meta.conf", "from=a@b.jp\ntime-zone=Etc/UTC\n", "acme/meta.conf: languages is missing"},
	    {"meta.conf", "from=a@b.jp\nlanguages=ja\n", "acme/meta.conf: time-zone is missing"},
	    {"meta.conf", "from=a@b.jp\x01\n", "acme/meta.conf:1: a control byte"},
	    {"subject.txt", "", "acme/subject.txt: empty"},
	    {"subject.txt", "{{#app}}Login{{/app}}\n", "acme/subject.txt: empty when no name has a value"},
	    {"body.txt", "a\n{{nobody}}", "acme/body.txt:2: unknown name nobody"},
	    {"body.txt", "\xff", "acme/body.txt: not UTF-8"},
	    {"body.txt", "a\nb\rc", "acme/body.txt:2: a control byte"},
	    {"body.html", "{{{device}}}", "acme/body.html:1: HTML has no unescaped form: device"},
	    {"body.html", "{{>foot}}", "acme/body.html:1: missing partial foot"},
	    {"body.txt", "{{>../x}}", "acme/body.txt:1: a name has"},
	    {"body.txt", "{{>meta.conf}}", "acme/body.txt:1: missing partial"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct fixture f = plain_brand();

		set_file(&f, rows[i].file, rows[i].text);
		assert_fails(&f, rows[i].want);
	}
}

static void
missing_files_are_named(void **state)
{
	static const char *const files[] = {"meta.conf", "subject.txt", "body.txt", "body.html"};

	(void)state;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		struct fixture f = plain_brand();
		char want[64];

		f.files[i].name = "elsewhere";
		(void)snprintf(want, sizeof(want), "acme/%s: missing", files[i]);
		assert_fails(&f, want);
	}
}

static void
brand_name_is_no_path(void **state)
{
	static const char *const bad[] = {"", ".", "..", "../jmb", "a/b", "a b", "\xe6\x97\xa5"};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct fixture f = plain_brand();

		f.options.name = bad[i];
		assert_fails(&f, "mail.brand: a name has");
	}
}

static void
bad_overrides_name_their_key(void **state)
{
	struct fixture f = plain_brand();

	(void)state;
	f.options.mail_from = "nobody";
	assert_fails(&f, "mail.from: bad address");
	f = plain_brand();
	f.options.envelope_from = "nobody";
	assert_fails(&f, "mail.envelope-from: bad address");
	f = plain_brand();
	f.options.time_zone = "../x";
	assert_fails(&f, "mail.time-zone is a zoneinfo name");
	f = plain_brand();
	f.options.time_zone = "No/Such";
	assert_fails(&f, "mail.time-zone: ");
}

static void
revision_changes_with_any_file(void **state)
{
	static const struct file changed[] = {{"meta.conf", META "#\n"}, {"subject.txt", "login\n"}, {"body.txt", "{{device}}"},
	    {"body.html", "<p>{{device}}\n"}};
	char first[17];

	(void)state;
	for (size_t i = 0; i <= sizeof(changed) / sizeof(changed[0]); i++) {
		struct fixture f = plain_brand();

		if (i > 0)
			set_file(&f, changed[i - 1].name, changed[i - 1].text);
		assert_compiles(&f);
		assert_int_equal(strspn(f.brand->template_rev, "0123456789abcdef"), 16);
		if (i == 0)
			memcpy(first, f.brand->template_rev, sizeof(first));
		else
			assert_string_not_equal(f.brand->template_rev, first);
		la_brand_free(f.brand);
	}
}

static void
partials_are_files_of_the_same_kind(void **state)
{
	static const struct la_template_value nothing[LA_NAMES_COUNT];
	struct fixture f = plain_brand();
	struct la_buf out = LA_BUF_INIT;
	char without[17];

	(void)state;
	set_file(&f, "body.txt", "{{>foot}}{{>foot}}");
	set_file(&f, "body.html", "{{>foot}}");
	set_file(&f, "foot.txt", "text\r\n");
	set_file(&f, "foot.html", "<hr>\n");
	assert_compiles(&f);
	assert_int_equal(la_template_render(f.brand->orders[0].text, nothing, &out), LA_OK);
	assert_int_equal(la_template_render(f.brand->orders[0].html, nothing, &out), LA_OK);
	assert_true(la_span_is(la_buf_span(&out), "text\ntext\n<hr>\n"));
	memcpy(without, f.brand->template_rev, sizeof(without));
	la_brand_free(f.brand);
	f.brand = NULL;
	set_file(&f, "foot.html", "<hr >\n"); /* the revision covers partials */
	assert_compiles(&f);
	assert_string_not_equal(f.brand->template_rev, without);
	la_brand_free(f.brand);
	la_buf_clear(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(meta_conf_gives_sender_languages_and_zone),
	    cmocka_unit_test(locale_chooses_an_order_or_one_language),
	    cmocka_unit_test(configuration_overrides_sender_and_zone),
	    cmocka_unit_test(mistakes_name_file_line_and_what_is_allowed),
	    cmocka_unit_test(missing_files_are_named),
	    cmocka_unit_test(brand_name_is_no_path),
	    cmocka_unit_test(bad_overrides_name_their_key),
	    cmocka_unit_test(revision_changes_with_any_file),
	    cmocka_unit_test(partials_are_files_of_the_same_kind),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
