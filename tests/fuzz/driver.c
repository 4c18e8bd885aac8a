/*
 * In builds without libFuzzer: runs the target over each file of the folders (or files) that
 * are named, as a unit test.
 */
#include <dirent.h>
#include <sys/stat.h>

#include "fuzz.h"

#define INPUT_BYTES_MAX (1u << 20)

static size_t inputs;

static void
run_file(const char *path)
{
	FILE *file = fopen(path, "rb");
	unsigned char *bytes = malloc(INPUT_BYTES_MAX);
	struct la_span exact;
	size_t size;

	if (file == NULL || bytes == NULL) {
		perror(path);
		exit(1);
	}
	size = fread(bytes, 1, INPUT_BYTES_MAX, file);
	(void)fclose(file);
	exact = fuzz_copy(la_span_of(bytes, size));
	free(bytes);
	(void)LLVMFuzzerTestOneInput(exact.data, exact.size);
	fuzz_free(exact);
	inputs++;
}

static void
run_folder(const char *folder)
{
	struct dirent **entries = NULL;
	int count = scandir(folder, &entries, NULL, alphasort);
	char path[1024];

	if (count < 0) {
		perror(folder);
		exit(1);
	}
	for (int i = 0; i < count; i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", folder, entries[i]->d_name);
		if (entries[i]->d_name[0] != '.') {
			(void)fprintf(stderr, "%s\n", path);
			run_file(path);
		}
		free(entries[i]);
	}
	free(entries);
}

int
main(int argc, char **argv)
{
	struct stat st;

	for (int i = 1; i < argc; i++) {
		if (stat(argv[i], &st) == 0 && S_ISDIR(st.st_mode))
			run_folder(argv[i]);
		else
			run_file(argv[i]);
	}
	(void)printf("%zu inputs\n", inputs);
	return (inputs > 0 ? 0 : 1);
}
