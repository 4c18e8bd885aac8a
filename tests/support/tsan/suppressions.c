/* What ThreadSanitizer reads at the start of a program: its suppressions, in the form of TSAN_OPTIONS=suppressions=FILE. */

const char *__tsan_default_suppressions(void);

/*
 * librdkafka is not compiled with ThreadSanitizer, which so does not see its atomics, by which it knows when memory is nobody's.
 * Its mutexes are seen (c11_threads.c), and all that our code does in its threads.
 */
const char *
__tsan_default_suppressions(void)
{
	return ("called_from_lib:librdkafka.so\n");
}
