/*
 * Which partitions are ours, under which lease. Each assigned partition's
 * records are forwarded to one queue of our own, so that reading (or not
 * reading: a pause) has nothing to do with serving rebalances.
 */
#include "common/assignment_kafka.h"

#include <stdlib.h>
#include <string.h>

struct part {
	rd_kafka_queue_t *queue; /* of the partition; kept so that the forwarding can be undone */
	uint64_t lease;          /* 0: not ours, or being rewound */
	int64_t first;           /* the first offset taken under the lease; -1: none */
	bool rewinding;
};

struct la_assignment_kafka {
	char *topic;
	size_t topic_size;
	rd_kafka_queue_t *records; /* borrowed */
	struct part *parts;        /* by partition number; never shrinks */
	size_t part_count;
	uint64_t last_lease;
	uint64_t voided;
	size_t rewinding; /* how many parts are */
};

enum la_err
la_assignment_kafka_new(struct la_assignment_kafka **out, const char *topic, rd_kafka_queue_t *records)
{
	struct la_assignment_kafka *assignment = calloc(1, sizeof(*assignment));

	if (assignment == NULL)
		return (LA_ENOMEM);
	assignment->topic = strdup(topic);
	if (assignment->topic == NULL) {
		free(assignment);
		return (LA_ENOMEM);
	}
	assignment->topic_size = strlen(topic);
	assignment->records = records;
	*out = assignment;
	return (LA_OK);
}

static void
forget_queue(struct part *part)
{
	if (part->queue == NULL)
		return;
	/* The queues refer to each other: without this, librdkafka frees neither. */
	rd_kafka_queue_forward(part->queue, NULL);
	rd_kafka_queue_destroy(part->queue);
	part->queue = NULL;
}

void
la_assignment_kafka_free(struct la_assignment_kafka *assignment)
{
	if (assignment == NULL)
		return;
	for (size_t i = 0; i < assignment->part_count; i++)
		forget_queue(&assignment->parts[i]);
	free(assignment->parts);
	free(assignment->topic);
	free(assignment);
}

static struct part *
part_at(struct la_assignment_kafka *assignment, int32_t partition)
{
	size_t wanted = (size_t)partition + 1, i;
	struct part *parts;

	if (wanted > assignment->part_count) {
		parts = realloc(assignment->parts, wanted * sizeof(*parts));
		if (parts == NULL)
			return (NULL);
		for (i = assignment->part_count; i < wanted; i++)
			parts[i] = (struct part){NULL, 0, -1, false};
		assignment->parts = parts;
		assignment->part_count = wanted;
	}
	return (&assignment->parts[partition]);
}

static void
end_rewinding(struct la_assignment_kafka *assignment, struct part *part)
{
	assignment->rewinding -= part->rewinding;
	part->rewinding = false;
}

static void
void_lease(struct la_assignment_kafka *assignment, struct part *part)
{
	assignment->voided += part->lease != 0;
	part->lease = 0;
	end_rewinding(assignment, part);
}

static void
new_lease(struct la_assignment_kafka *assignment, struct part *part)
{
	void_lease(assignment, part);
	part->lease = ++assignment->last_lease;
	part->first = -1;
}

static bool
assign_one(struct la_assignment_kafka *assignment, rd_kafka_t *rk, const rd_kafka_topic_partition_t *which)
{
	struct part *part;

	if (strcmp(which->topic, assignment->topic) != 0 || which->partition < 0)
		return (false);
	part = part_at(assignment, which->partition);
	if (part == NULL)
		return (false);
	/*
	 * Before the assign: librdkafka leaves a forwarding of ours alone when it
	 * starts to fetch, and ends it when it stops, so each assignment needs it anew.
	 * The queue too: a topic that was deleted and made again has other ones.
	 */
	forget_queue(part);
	part->queue = rd_kafka_queue_get_partition(rk, which->topic, which->partition);
	if (part->queue == NULL)
		return (false);
	rd_kafka_queue_forward(part->queue, assignment->records);
	new_lease(assignment, part);
	return (true);
}

bool
la_assignment_kafka_add(
    struct la_assignment_kafka *assignment, rd_kafka_t *rk, const rd_kafka_topic_partition_list_t *partitions)
{
	int i;

	for (i = 0; i < partitions->cnt; i++) {
		if (!assign_one(assignment, rk, &partitions->elems[i]))
			return (false);
	}
	return (true);
}

void
la_assignment_kafka_remove(struct la_assignment_kafka *assignment, const rd_kafka_topic_partition_list_t *partitions)
{
	int i;

	for (i = 0; i < partitions->cnt; i++) {
		if (partitions->elems[i].partition >= 0 &&
		    (size_t)partitions->elems[i].partition < assignment->part_count)
			void_lease(assignment, &assignment->parts[partitions->elems[i].partition]);
	}
}

void
la_assignment_kafka_remove_all(struct la_assignment_kafka *assignment)
{
	size_t i;

	for (i = 0; i < assignment->part_count; i++)
		void_lease(assignment, &assignment->parts[i]);
}

struct la_span
la_assignment_kafka_topic(const struct la_assignment_kafka *assignment)
{
	return (la_span_of(assignment->topic, assignment->topic_size));
}

uint64_t
la_assignment_kafka_lease(const struct la_assignment_kafka *assignment, int32_t partition)
{
	if (partition < 0 || (size_t)partition >= assignment->part_count)
		return (0);
	return (assignment->parts[partition].lease);
}

uint64_t
la_assignment_kafka_take(struct la_assignment_kafka *assignment, int32_t partition, int64_t offset)
{
	struct part *part;

	if (partition < 0 || (size_t)partition >= assignment->part_count)
		return (0);
	part = &assignment->parts[partition];
	if (part->first < 0)
		part->first = offset;
	return (part->lease);
}

uint64_t
la_assignment_kafka_voided(const struct la_assignment_kafka *assignment)
{
	return (assignment->voided);
}

void
la_assignment_kafka_rewind(struct la_assignment_kafka *assignment)
{
	size_t i;

	for (i = 0; i < assignment->part_count; i++) {
		if (assignment->parts[i].lease == 0 || assignment->parts[i].first < 0)
			continue;
		void_lease(assignment, &assignment->parts[i]);
		assignment->parts[i].rewinding = true;
		assignment->rewinding++;
	}
}

rd_kafka_topic_partition_list_t *
la_assignment_kafka_rewinding(const struct la_assignment_kafka *assignment)
{
	rd_kafka_topic_partition_list_t *list;
	size_t i;

	if (assignment->rewinding == 0)
		return (NULL);
	list = rd_kafka_topic_partition_list_new((int)assignment->rewinding);
	for (i = 0; list != NULL && i < assignment->part_count; i++) {
		if (assignment->parts[i].rewinding)
			rd_kafka_topic_partition_list_add(list, assignment->topic, (int32_t)i)->offset =
			    assignment->parts[i].first;
	}
	return (list);
}

void
la_assignment_kafka_rewound(struct la_assignment_kafka *assignment, int32_t partition)
{
	new_lease(assignment, &assignment->parts[partition]);
}

bool
la_assignment_kafka_holds(
    const struct la_assignment_kafka *assignment, struct la_span topic, int32_t partition, uint64_t lease)
{
	return (lease != 0 && la_assignment_kafka_lease(assignment, partition) == lease &&
		la_span_equal(topic, la_assignment_kafka_topic(assignment)));
}
