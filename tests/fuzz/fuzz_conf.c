/*
 * Configuration: byte 0 says whose, and whether the rest is a file, variables of the environment, or --set
 * (the last two with NUL between). What a file gave can be written as a file and read again; the others may bring
 * line ends to a property of Kafka's, as PEM texts have them.
 */
#include "common/conf.h"
#include "fuzz.h"

static struct la_conf *
read_input(unsigned mode, struct la_span rest)
{
	struct la_conf *conf = NULL;

	fuzz_must(la_conf_new(&conf, mode & 1 ? LA_PROGRAM_MAILER : LA_PROGRAM_DETECTOR), NULL);
	if ((mode & 6) == 0)
		fuzz_must(la_conf_read_text(conf, "f", (const char *)rest.data, rest.size), NULL);
	while ((mode & 6) != 0 && rest.size > 0) {
		char *text = fuzz_text(fuzz_field(&rest));

		if ((mode & 6) == 2)
			fuzz_must(la_conf_read_environment(conf, (char *[]){text, NULL}), NULL);
		else
			fuzz_must(la_conf_set(conf, text), NULL);
		free(text);
	}
	return (conf);
}

static void
print(const struct la_conf *conf, char **text, size_t *size)
{
	FILE *out = open_memstream(text, size);

	REQUIRE(out != NULL);
	la_conf_print(conf, out);
	REQUIRE(fclose(out) == 0);
}

/* Every line that says something is one that a file may have. */
static void
check_printed(unsigned mode, const struct la_conf *conf)
{
	struct la_conf *again;
	char *once = NULL, *twice = NULL;
	size_t once_size = 0, twice_size = 0;

	print(conf, &once, &once_size);
	again = read_input(mode & 1, la_span_of(once, once_size));
	for (size_t i = 0; i < la_conf_problem_count(again); i++)
		(void)fprintf(stderr, "%s\n", la_conf_problem(again, i));
	REQUIRE(la_conf_problem_count(again) == 0);
	print(again, &twice, &twice_size);
	REQUIRE(once_size == twice_size && memcmp(once, twice, once_size) == 0);
	la_conf_free(again);
	free(once);
	free(twice);
}

static void
check_property(void *cookie, const struct la_conf_kafka_property *property)
{
	(void)cookie;
	REQUIRE(property->name[0] != '\0' && property->value != NULL && property->key != NULL);
	fuzz_require_line(property->where);
}

static void
check_brand(void *cookie, const char *tenant, const char *brand)
{
	(void)cookie;
	REQUIRE(tenant[0] != '\0' && brand[0] != '\0');
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct la_span input = fuzz_copy(la_span_of(data, size)), rest = input;
	unsigned mode = fuzz_byte(&rest);
	struct la_conf *conf = read_input(mode, rest);

	for (size_t i = 0; i < la_conf_warning_count(conf); i++)
		fuzz_require_line(la_conf_warning(conf, i));
	for (size_t i = 0; i < la_conf_problem_count(conf); i++)
		fuzz_require_line(la_conf_problem(conf, i));
	if (la_conf_problem_count(conf) == 0 && (mode & 6) == 0)
		check_printed(mode, conf);
	la_conf_each_kafka(conf, LA_CONF_KAFKA_CONSUMER, check_property, NULL);
	la_conf_each_for(conf, "mail.brand.", check_brand, NULL);
	la_conf_finish(conf, (const char *[]){"redis.url"}, 1);
	la_conf_free(conf);
	fuzz_free(input);
	return (0);
}
