/*
 * The floor of the mailer: what libcurl's own SMTP transfer costs when nothing else is done.
 *
 *   bench_smtp MAIL.eml --port N --connections N --mails N
 *
 * Sends one constant message so often, over so many connections of one multi handle, which are kept; a transfer that
 * is done is added again at once. Prints JSON: seconds, CPU of the whole process in us.
 */
#include <curl/curl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench/lib/bench.h"
#include "bench/lib/workload.h"
#include "common/buf.h"
#include "common/file.h"

#define CONNECTIONS_MAX 256
#define WAIT_MS 1000

struct transfer {
	CURL *easy;
	struct la_span data;
	size_t read;
};

struct floor {
	CURLM *multi;
	struct la_buf mail;
	struct curl_slist *to;
	uint64_t connections, mails, begun, done, failed;
	struct transfer transfers[CONNECTIONS_MAX];
};

static size_t
read_mail(char *out, size_t size, size_t count, void *cookie)
{
	struct transfer *transfer = cookie;
	size_t left = transfer->data.size - transfer->read, want = size * count;

	if (want > left)
		want = left;
	memcpy(out, transfer->data.data + transfer->read, want);
	transfer->read += want;
	return (want);
}

static enum la_err
init_transfer(struct floor *floor, struct transfer *transfer, const char *url)
{
	CURL *easy = curl_easy_init();

	if (easy == NULL)
		return (LA_ENOMEM);
	transfer->easy = easy;
	transfer->data = la_buf_span(&floor->mail);
	if (curl_easy_setopt(easy, CURLOPT_URL, url) != CURLE_OK ||
	    curl_easy_setopt(easy, CURLOPT_MAIL_FROM, "bench@example.jp") != CURLE_OK ||
	    curl_easy_setopt(easy, CURLOPT_MAIL_RCPT, floor->to) != CURLE_OK ||
	    curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L) != CURLE_OK ||
	    curl_easy_setopt(easy, CURLOPT_INFILESIZE_LARGE, (curl_off_t)floor->mail.size) != CURLE_OK ||
	    curl_easy_setopt(easy, CURLOPT_READFUNCTION, read_mail) != CURLE_OK ||
	    curl_easy_setopt(easy, CURLOPT_READDATA, transfer) != CURLE_OK ||
	    curl_easy_setopt(easy, CURLOPT_PRIVATE, transfer) != CURLE_OK ||
	    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L) != CURLE_OK)
		return (LA_EINTERNAL);
	return (LA_OK);
}

static void
begin(struct floor *floor, struct transfer *transfer)
{
	if (floor->begun == floor->mails)
		return;
	floor->begun++;
	transfer->read = 0;
	(void)curl_multi_add_handle(floor->multi, transfer->easy);
}

static void
take_done(struct floor *floor)
{
	struct transfer *transfer;
	CURLMsg *message;
	int left;

	while ((message = curl_multi_info_read(floor->multi, &left)) != NULL) {
		floor->failed += message->data.result != CURLE_OK;
		floor->done++;
		(void)curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&transfer);
		(void)curl_multi_remove_handle(floor->multi, transfer->easy);
		begin(floor, transfer);
	}
}

static enum la_err
send_all(struct floor *floor, struct la_error *error)
{
	int64_t start_ns = la_bench_ns(CLOCK_MONOTONIC);
	CURLMcode code = CURLM_OK;
	int running;

	for (uint64_t i = 0; i < floor->connections; i++)
		begin(floor, &floor->transfers[i]);
	while (floor->done < floor->mails && code == CURLM_OK) {
		code = curl_multi_perform(floor->multi, &running);
		take_done(floor);
		if (code == CURLM_OK && running > 0)
			code = curl_multi_poll(floor->multi, NULL, 0, WAIT_MS, NULL);
	}
	if (code != CURLM_OK || floor->failed > 0)
		return (la_error_set(error, LA_EUNAVAILABLE, "%" PRIu64 " mails were not sent", floor->failed));
	(void)printf("{\"mails\": %" PRIu64 ", \"seconds\": %.6f, \"cpu_us\": %.0f}\n", floor->done,
	    (double)(la_bench_ns(CLOCK_MONOTONIC) - start_ns) / 1e9,
	    (double)la_bench_ns(CLOCK_PROCESS_CPUTIME_ID) / 1e3);
	return (LA_OK);
}

static enum la_err
open_all(struct floor *floor, const char *path, uint64_t port, struct la_error *error)
{
	char url[64];
	enum la_err err = la_file_read(path, 1 << 20, &floor->mail, error);

	if (err != LA_OK)
		return (err);
	if (floor->connections == 0 || floor->connections > CONNECTIONS_MAX)
		return (la_error_set(error, LA_EUSAGE, "--connections: 1 to %d", CONNECTIONS_MAX));
	(void)snprintf(url, sizeof(url), "smtp://127.0.0.1:%" PRIu64 "/bench.test", port);
	floor->multi = curl_multi_init();
	floor->to = curl_slist_append(NULL, "member@example.jp");
	if (floor->multi == NULL || floor->to == NULL)
		return (LA_ENOMEM);
	(void)curl_multi_setopt(floor->multi, CURLMOPT_MAXCONNECTS, (long)floor->connections);
	for (uint64_t i = 0; i < floor->connections && err == LA_OK; i++)
		err = init_transfer(floor, &floor->transfers[i], url);
	return (err);
}

static void
close_all(struct floor *floor)
{
	for (size_t i = 0; i < CONNECTIONS_MAX; i++)
		curl_easy_cleanup(floor->transfers[i].easy);
	curl_multi_cleanup(floor->multi);
	curl_slist_free_all(floor->to);
	la_buf_clear(&floor->mail);
	free(floor);
}

static enum la_err
run(struct la_tool *tool, struct la_error *error)
{
	struct floor *floor = calloc(1, sizeof(*floor));
	uint64_t port = 0;
	const char *path;
	enum la_err err;

	if (floor == NULL)
		return (LA_ENOMEM);
	floor->connections = 10;
	floor->mails = 20000;
	if ((err = la_workload_number(&tool->args, "--port", &port, error)) == LA_OK &&
	    (err = la_workload_number(&tool->args, "--connections", &floor->connections, error)) == LA_OK &&
	    (err = la_workload_number(&tool->args, "--mails", &floor->mails, error)) == LA_OK &&
	    (err = la_tool_need(path = la_cli_operand(&tool->args), "MAIL.eml", error)) == LA_OK &&
	    (err = la_cli_args_end(&tool->args, error)) == LA_OK && (err = open_all(floor, path, port, error)) == LA_OK)
		err = send_all(floor, error);
	close_all(floor);
	return (err);
}

int
main(int argc, char **argv)
{
	return (la_bench_main("bench_smtp", argc, argv, run));
}
