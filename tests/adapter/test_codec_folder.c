/* Writers' schemas come from a folder, which may change while a program runs. */
#include <stdlib.h>
#include <unistd.h>

#include "codec_parts.h"

/* A folder of its own for a test; removed with what the test put there. */
struct folder {
	char path[64];
	char file[96];
};

static void
folder_open(struct folder *folder)
{
	strcpy(folder->path, "/tmp/la-codec-XXXXXX");
	assert_non_null(mkdtemp(folder->path));
	(void)snprintf(folder->file, sizeof(folder->file), "%s/future.avsc", folder->path);
}

static void
folder_put(const struct folder *folder, const char *text)
{
	FILE *f = fopen(folder->file, "w");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

static void
folder_close(const struct folder *folder)
{
	(void)unlink(folder->file);
	(void)rmdir(folder->path);
}

/* A LoginEvent of another version: other order, other fields, a kind that we do not know. */
static const char future[] =
    "{\"type\":\"record\",\"name\":\"LoginEvent\",\"namespace\":\"loginalert.v1\",\"fields\":["
    "{\"name\":\"added\",\"type\":{\"type\":\"array\",\"items\":\"string\"}},"
    "{\"name\":\"member_id\",\"type\":\"string\"},{\"name\":\"occurred_at\",\"type\":\"long\"},"
    "{\"name\":\"kind\",\"type\":{\"type\":\"enum\",\"name\":\"EventKind\",\"symbols\":[\"PASSKEY\",\"LOGIN\"]}},"
    "{\"name\":\"event_id\",\"type\":\"bytes\"}]}";
#define FUTURE_FINGERPRINT "\x9e\x0e\x59\x19\xd0\x5d\xb0\xe7"
#define FUTURE_VALUE "\x02\x02x\x00" "\x06m-1" "\x02" "\x00" "\x06" "e-1"

/* The value behind the header of that schema, whose fingerprint fastavro gives. */
static const unsigned char future_value[] = "\xc3\x01" FUTURE_FINGERPRINT FUTURE_VALUE;

static void
check_future(const struct la_login_event *event)
{
	assert_true(la_span_is(event->member_id, "m-1"));
	assert_true(la_span_is(event->event_id, "e-1"));
	assert_int_equal(event->occurred_at_ms, 1);
	assert_int_equal(event->kind, LA_KIND_OTHER);
	assert_true(la_span_is(event->tenant, "default"));
	assert_int_equal(event->device_class, LA_CLASS_UNKNOWN);
	assert_false(la_span_present(event->email));
	assert_false(event->has_account_created_at);
}

static void
a_schema_that_is_put_there_later_is_found(void **state)
{
	struct la_span value = la_span_of(future_value, sizeof(future_value) - 1);
	struct folder folder;
	struct la_decoder *decoder;
	struct la_login_event event;
	struct la_error error;

	(void)state;
	folder_open(&folder);
	decoder = decoder_of(LA_RECORD_LOGIN_EVENT, LA_FRAMING_SINGLE_OBJECT, folder.path);
	assert_int_equal(la_decoder_event(decoder, value, &event, &error), LA_ENOSCHEMA);
	assert_non_null(strstr(error.text, "fingerprint"));
	usleep(20000); /* more than a time stamp's step */
	folder_put(&folder, future);
	assert_int_equal(la_decoder_event(decoder, value, &event, &error), LA_OK);
	check_future(&event);
	la_decoder_free(decoder);
	folder_close(&folder);
}

static void
a_schema_file_that_was_read_half_written_is_read_again(void **state)
{
	struct la_span value = la_span_of(future_value, sizeof(future_value) - 1);
	struct folder folder;
	struct la_decoder *decoder;
	struct la_login_event event;

	(void)state;
	folder_open(&folder);
	decoder = decoder_of(LA_RECORD_LOGIN_EVENT, LA_FRAMING_SINGLE_OBJECT, folder.path);
	usleep(20000);
	folder_put(&folder, "{\"type\":");
	assert_int_equal(la_decoder_event(decoder, value, &event, NULL), LA_ENOSCHEMA);
	folder_put(&folder, future);
	usleep(1100000); /* at most one look a second while the folder's time stamp stays */
	assert_int_equal(la_decoder_event(decoder, value, &event, NULL), LA_OK);
	check_future(&event);
	la_decoder_free(decoder);
	folder_close(&folder);
}

/* What is written to stderr from now on goes to a file; gives what stderr was. */
static int
divert_stderr(FILE *to)
{
	int kept;

	(void)fflush(stderr);
	kept = dup(STDERR_FILENO);
	assert_true(kept >= 0 && dup2(fileno(to), STDERR_FILENO) >= 0);
	return (kept);
}

static void
a_later_schema_that_does_not_fit_is_said_once(void **state)
{
	static const char bad[] = "{\"type\":\"record\",\"name\":\"LoginEvent\",\"fields\":["
	                          "{\"name\":\"event_id\",\"type\":\"int\"}]}";
	struct la_span value = la_span_of(future_value, sizeof(future_value) - 1);
	FILE *log = tmpfile();
	char text[2048] = "", *first;
	struct folder folder;
	struct la_decoder *decoder;
	struct la_login_event event;
	int kept;

	(void)state;
	assert_non_null(log);
	folder_open(&folder);
	decoder = decoder_of(LA_RECORD_LOGIN_EVENT, LA_FRAMING_SINGLE_OBJECT, folder.path);
	usleep(20000); /* more than a time stamp's step */
	folder_put(&folder, bad);
	kept = divert_stderr(log);
	assert_int_equal(la_decoder_event(decoder, value, &event, NULL), LA_ENOSCHEMA);
	usleep(1100000); /* at most one look a second while the folder's time stamp stays */
	assert_int_equal(la_decoder_event(decoder, value, &event, NULL), LA_ENOSCHEMA);
	assert_true(dup2(kept, STDERR_FILENO) >= 0);
	(void)close(kept);
	rewind(log);
	text[fread(text, 1, sizeof(text) - 1, log)] = '\0';
	(void)fclose(log);
	assert_non_null(first = strstr(text, "future.avsc: field event_id: int does not fit string"));
	assert_null(strstr(first + 1, "future.avsc"));
	la_decoder_free(decoder);
	folder_close(&folder);
}

static void
a_schema_that_does_not_fit_stops_the_start_and_names_file_and_field(void **state)
{
	struct folder folder;
	struct la_decoder *decoder = NULL;
	struct la_error error;
	struct la_decoder_options options = {LA_RECORD_LOGIN_EVENT, LA_FRAMING_SINGLE_OBJECT, SCHEMAS, NULL};

	(void)state;
	folder_open(&folder);
	options.schema_dir = folder.path;
	folder_put(&folder, "{\"type\":\"record\",\"name\":\"LoginEvent\",\"fields\":["
	                    "{\"name\":\"event_id\",\"type\":\"int\"}]}");
	assert_int_equal(la_decoder_new(&decoder, &options, &error), LA_ECONFIG);
	assert_non_null(strstr(error.text, "/future.avsc: field event_id: int does not fit string"));
	assert_null(decoder);
	folder_close(&folder);
}

static void
a_record_of_another_name_is_refused_and_stops_nothing(void **state)
{
	struct la_encoder *encoder = encoder_of(LA_FRAMING_SINGLE_OBJECT);
	struct la_decoder *decoder = decoder_of(LA_RECORD_LOGIN_EVENT, LA_FRAMING_SINGLE_OBJECT, SCHEMAS);
	struct la_buf out = LA_BUF_INIT;
	struct la_alert_job job;
	struct la_login_event event;
	struct la_error error;

	(void)state;
	fill_job(&job);
	assert_int_equal(la_encoder_job(encoder, &job, &out, NULL), LA_OK);
	assert_int_equal(la_decoder_event(decoder, la_buf_span(&out), &event, &error), LA_EDATA);
	assert_string_equal(error.text, "byte 2: the schema is no LoginEvent");
	la_buf_clear(&out);
	la_encoder_free(encoder);
	la_decoder_free(decoder);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_schema_that_is_put_there_later_is_found),
	    cmocka_unit_test(a_schema_file_that_was_read_half_written_is_read_again),
	    cmocka_unit_test(a_later_schema_that_does_not_fit_is_said_once),
	    cmocka_unit_test(a_schema_that_does_not_fit_stops_the_start_and_names_file_and_field),
	    cmocka_unit_test(a_record_of_another_name_is_refused_and_stops_nothing),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
