#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/file.h"
#include "mailer/directory_request_curl.h"

#define BEARER "Authorization: Bearer "

static enum la_err
append(struct curl_slist **headers, const char *line, struct la_error *error)
{
	struct curl_slist *longer = line == NULL ? NULL : curl_slist_append(*headers, line);

	if (longer == NULL)
		return (la_error_set(error, LA_ENOMEM, "out of memory for a question's headers"));
	*headers = longer;
	return (LA_OK);
}

/* The token goes into a header line: nothing that could end it. */
static bool
is_one_word(struct la_span token)
{
	for (size_t i = 0; i < token.size; i++) {
		if (token.data[i] <= 0x20 || token.data[i] >= 0x7f)
			return (false);
	}
	return (true);
}

static enum la_err
append_token(struct curl_slist **headers, const char *path, struct la_error *error)
{
	struct la_buf token = LA_BUF_INIT;
	size_t size;
	char *line;
	enum la_err err = la_file_read_secret(path, &token, error);

	if (err == LA_OK && !is_one_word(la_buf_span(&token)))
		err = la_error_set(error, LA_ECONFIG, "%s: one word of ASCII is wanted", path);
	if (err != LA_OK) {
		la_error_prefix(error, "recipient.token.file");
		la_file_wipe(&token);
		return (err);
	}
	size = sizeof(BEARER) + token.size;
	line = malloc(size);
	if (line != NULL)
		(void)snprintf(line, size, "%s%s", BEARER, (const char *)token.data);
	err = append(headers, line, error);
	if (line != NULL)
		sodium_memzero(line, size);
	free(line);
	la_file_wipe(&token);
	return (err);
}

enum la_err
la_directory_headers_make(struct curl_slist **headers, const char *token_path, struct la_error *error)
{
	enum la_err err = append(headers, "Accept: application/json", error);

	return (err != LA_OK || token_path == NULL ? err : append_token(headers, token_path, error));
}

void
la_directory_headers_free(struct curl_slist *headers)
{
	for (struct curl_slist *header = headers; header != NULL; header = header->next)
		sodium_memzero(header->data, strlen(header->data));
	curl_slist_free_all(headers);
}
