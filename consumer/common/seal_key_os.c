#include "common/file.h"
#include "common/seal_key.h"

enum la_err
la_seal_key_read(
    const char *path, enum la_seal_half half, unsigned char key[LA_SEAL_KEY_BYTES], struct la_error *error)
{
	struct la_buf text = LA_BUF_INIT;
	enum la_err err = la_file_read_secret(path, &text, error);

	if (err == LA_OK)
		err = la_seal_key_parse(la_buf_span(&text), path, half, key, error);
	la_file_wipe(&text);
	return (err);
}
