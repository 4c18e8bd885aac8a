/*
 * A Kafka for one machine and one hour: librdkafka's mock cluster with the
 * topics made. Groups, commits and several client processes work; what it does
 * not do is in --help.
 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include "common/err.h"
#include "common/file.h"

#define TOPIC_NAME_MAX 249 /* Kafka's limit */
#define PARTITIONS_MAX 1024

static const char usage[] = "usage: devbroker [options]\n"
			    "\n"
			    "Runs a Kafka broker for demos and tests (librdkafka's mock cluster) on a free\n"
			    "port of 127.0.0.1, prints \"bootstrap.servers=HOST:PORT\" and runs until SIGTERM,\n"
			    "SIGINT or the end of its parent (with --die-with-parent). Exit status 0.\n"
			    "\n"
			    "  --topic NAME[:PARTITIONS]  make a topic; may be repeated; 4 partitions unless given\n"
			    "  --port-file FILE           write HOST:PORT to FILE once it is ready\n"
			    "  --die-with-parent          stop when the process that started it is gone\n"
			    "  --help                     this text\n"
			    "\n"
			    "It keeps records in memory, at most 5 MiB a partition (then the oldest go), knows\n"
			    "no transactions and no look-up by time, and a new group waits 3 s for members.\n"
			    "Topics that nobody made are made with 4 partitions by whoever asks for them.\n";

struct options {
	char *const *topics; /* NAME[:PARTITIONS] as given */
	size_t topic_count;
	const char *port_file;
	bool die_with_parent;
};

static bool
make_topic(rd_kafka_mock_cluster_t *cluster, const char *given)
{
	const char *colon = strrchr(given, ':');
	size_t size = colon == NULL ? strlen(given) : (size_t)(colon - given);
	char name[TOPIC_NAME_MAX + 1], *end = NULL;
	long partitions = colon == NULL ? 4 : strtol(colon + 1, &end, 10);
	rd_kafka_resp_err_t cause;

	if (size == 0 || size > TOPIC_NAME_MAX || (end != NULL && (*end != '\0' || end == colon + 1)) ||
	    partitions < 1 || partitions > PARTITIONS_MAX) {
		(void)fprintf(
		    stderr, "devbroker: --topic %s: want NAME or NAME:PARTITIONS (1 to %d)\n", given, PARTITIONS_MAX);
		return (false);
	}
	memcpy(name, given, size);
	name[size] = '\0';
	cause = rd_kafka_mock_topic_create(cluster, name, (int)partitions, 1);
	if (cause != RD_KAFKA_RESP_ERR_NO_ERROR) {
		(void)fprintf(stderr, "devbroker: topic %s: %s\n", name, rd_kafka_err2str(cause));
		return (false);
	}
	return (true);
}

static bool
announce(const char *servers, const char *port_file)
{
	struct la_error error = LA_ERROR_INIT;

	if (port_file != NULL && la_file_write(port_file, la_span_text(servers), 0644, true, &error) != LA_OK) {
		(void)fprintf(stderr, "devbroker: %s\n", error.text);
		return (false);
	}
	(void)printf("bootstrap.servers=%s\n", servers);
	return (fflush(stdout) == 0);
}

/* Blocks the signals that end us, in every thread to come; sigwait then takes them one by one. */
static void
hold_signals(sigset_t *ending, bool die_with_parent)
{
	(void)sigemptyset(ending);
	(void)sigaddset(ending, SIGTERM);
	(void)sigaddset(ending, SIGINT);
	(void)sigaddset(ending, SIGHUP);
	(void)pthread_sigmask(SIG_BLOCK, ending, NULL);
	if (die_with_parent)
		(void)prctl(PR_SET_PDEATHSIG, SIGTERM);
}

static int
serve(const struct options *options)
{
	pid_t parent = getppid();
	rd_kafka_t *rk = NULL;
	rd_kafka_mock_cluster_t *cluster = NULL;
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	char reason[256];
	sigset_t ending;
	int signal_number, status = EXIT_FAILURE;
	size_t i;

	hold_signals(&ending, options->die_with_parent);
	rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, reason, sizeof(reason));
	if (rk == NULL) {
		rd_kafka_conf_destroy(conf);
		(void)fprintf(stderr, "devbroker: %s\n", reason);
		return (EXIT_FAILURE);
	}
	cluster = rd_kafka_mock_cluster_new(rk, 1);
	if (cluster == NULL) {
		(void)fprintf(stderr, "devbroker: the mock cluster did not start\n");
		goto out;
	}
	for (i = 0; i < options->topic_count; i++) {
		if (!make_topic(cluster, options->topics[i])) {
			status = 64;
			goto out;
		}
	}
	if (!announce(rd_kafka_mock_cluster_bootstraps(cluster), options->port_file))
		goto out;
	/* The parent may have gone before prctl took effect. */
	if (!options->die_with_parent || getppid() == parent)
		(void)sigwait(&ending, &signal_number);
	if (options->port_file != NULL)
		(void)unlink(options->port_file);
	status = EXIT_SUCCESS;

out:
	if (cluster != NULL)
		rd_kafka_mock_cluster_destroy(cluster);
	rd_kafka_destroy(rk);
	return (status);
}

int
main(int argc, char **argv)
{
	static const struct option long_options[] = {{"topic", required_argument, NULL, 't'},
	    {"port-file", required_argument, NULL, 'p'}, {"die-with-parent", no_argument, NULL, 'd'},
	    {"help", no_argument, NULL, 'h'}, {NULL, 0, NULL, 0}};
	struct options options = {NULL, 0, NULL, false};
	char **topics = calloc((size_t)argc, sizeof(*topics));
	int option, status = 64;

	if (topics == NULL)
		return (EXIT_FAILURE);
	while ((option = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
		switch (option) {
		case 't':
			topics[options.topic_count++] = optarg;
			break;
		case 'p':
			options.port_file = optarg;
			break;
		case 'd':
			options.die_with_parent = true;
			break;
		case 'h':
			(void)fputs(usage, stdout);
			status = EXIT_SUCCESS;
			goto out;
		default:
			(void)fputs(usage, stderr);
			goto out;
		}
	}
	if (optind < argc) {
		(void)fprintf(stderr, "devbroker: unexpected \"%s\"; see --help\n", argv[optind]);
		goto out;
	}
	options.topics = topics;
	status = serve(&options);

out:
	free(topics);
	return (status);
}
