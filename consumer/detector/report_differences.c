#include <stdio.h>

#include "detector/html.h"
#include "detector/replay_time.h"
#include "detector/report_parts.h"

#define LISTED_MAX 1000 /* differences on the page; summary.json has LA_DIFFERENCES_MAX */

void
la_report_time(const struct la_replay_report *report, int64_t ms, char out[LA_REPLAY_TIME_BYTES])
{
	la_replay_time_print(ms, report->offset_ms, out);
}

void
la_report_begin_table(struct la_html *html, const char *label)
{
	la_html_raw(html, "<div class=scroll tabindex=0 role=region aria-label=\"");
	la_html_text(html, la_span_text(label));
	la_html_raw(html, "\"><table>");
}

void
la_report_end_table(struct la_html *html)
{
	la_html_raw(html, "</tbody></table></div>");
}

static void
compared(struct la_html *html, const struct la_compare_result *result)
{
	la_report_begin_table(html, "Compared records");
	la_html_raw(html, "<thead><tr><th scope=col>record</th><th scope=col class=n>compared</th>");
	for (int kind = 0; kind < LA_DIFFERENCE_KINDS; kind++)
		la_html_element(html, "th scope=col class=n", la_difference_kind_name((enum la_difference_kind)kind));
	la_html_raw(html, "</tr></thead><tbody>");
	for (int of = 0; of < LA_DIFFERENCE_OF; of++) {
		la_html_raw(html, "<tr>");
		la_html_element(html, "th scope=row", la_difference_of_name((enum la_difference_of)of));
		la_html_count(html, "td class=n", result->compared[of]);
		for (int kind = 0; kind < LA_DIFFERENCE_KINDS; kind++)
			la_html_count(html, result->counts[of][kind] > 0 ? "td class='n bad'" : "td class=n",
			    result->counts[of][kind]);
		la_html_raw(html, "</tr>");
	}
	la_report_end_table(html);
}

static void
note(struct la_html *html, uint64_t count, const char *what)
{
	if (count == 0)
		return;
	la_html_raw(html, "<li>");
	la_html_count(html, "b", count);
	la_html_raw(html, " ");
	la_html_text(html, la_span_text(what));
	la_html_raw(html, "</li>");
}

static void
notes(struct la_html *html, const struct la_compare_result *result)
{
	la_html_raw(html, "<ul>");
	for (int i = 0; i <= LA_DELIVERED_OTHER; i++) {
		char what[64];

		(void)snprintf(what, sizeof(what), "alerts: the mail is %s", la_delivered_name((enum la_delivered)i));
		note(html, result->delivered[i], what);
	}
	note(html, result->repeats, "records once more, byte for byte: redelivered after a crash or a rebalance");
	note(html, result->late_known, "late decisions KNOWN beside the first one, by an instance that had lost its partition");
	note(html, result->as_double, "records of an event that was sent twice, decided at its other place");
	note(html, result->other_policy, "records under another policy_rev than the one in force");
	note(html, result->other_agent, "records under another table of labels");
	note(html, result->gone, "records whose events are no longer in the topic: not compared");
	note(html, result->later, "records whose events came more than a day after the range: not compared");
	note(html, result->unreadable, "recorded values that cannot be read: not compared");
	la_html_raw(html, "</ul>");
}

static void
difference(struct la_html *html, const struct la_replay_report *report, const struct la_difference *d)
{
	char at[LA_REPLAY_TIME_BYTES];

	la_report_time(report, d->occurred_at_ms, at);
	la_html_raw(html, "<tr><td>");
	la_html_printf(html, "%s %s", la_difference_kind_name(d->kind), la_difference_of_name(d->of));
	la_html_raw(html, "</td><td class=id><code>");
	la_html_text(html, la_text_span(&d->event_id));
	la_html_raw(html, "</code></td>");
	la_html_element(html, "td class=t", at);
	la_html_element(html, "td", d->replayed);
	la_html_raw(html, "<td>");
	la_html_text(html, la_span_text(d->recorded));
	if (d->fields[0] != '\0') {
		la_html_raw(html, "<br><span class=dim>differs: ");
		la_html_text(html, la_span_text(d->fields));
		la_html_raw(html, "</span>");
	}
	la_html_raw(html, "</td><td class=id><code>");
	la_html_text(html, la_span_text(d->job_id));
	la_html_raw(html, "</code></td>");
	la_html_raw(html, "<td class=n>");
	la_html_printf(html, "%d / %lld", (int)d->partition, (long long)d->offset);
	la_html_raw(html, "</td></tr>");
}

void
la_report_differences(struct la_html *html, const struct la_replay_report *report)
{
	const struct la_compare_result *result = report->compare;

	la_html_element(html, "h2", "Against what was recorded");
	compared(html, result);
	notes(html, result);
	if (result->count == 0) {
		la_html_element(html, "p", "Everything that was recorded is what the replay decides, and nothing is missing.");
		return;
	}
	la_html_element(html, "h2", "Differences");
	if (result->count > LISTED_MAX) {
		la_html_raw(html, "<p>");
		la_html_printf(html, "The first %d; summary.json has up to %d.", LISTED_MAX, LA_DIFFERENCES_MAX);
		la_html_raw(html, "</p>");
	}
	la_report_begin_table(html, "Differences");
	la_html_raw(html, "<thead><tr><th scope=col>what</th><th scope=col>event</th><th scope=col>occurred</th><th scope=col>"
			  "replayed</th><th scope=col>recorded</th><th scope=col>job</th><th scope=col class=n>partition / "
			  "offset</th></tr></thead><tbody>");
	for (size_t i = 0; i < result->count && i < LISTED_MAX; i++)
		difference(html, report, &result->list[i]);
	la_report_end_table(html);
}
