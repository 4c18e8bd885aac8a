#include <stdio.h>

#include "detector/html.h"
#include "detector/replay_time.h"
#include "detector/report_parts.h"

static const char style[] =
    ":root{color-scheme:light dark;--bg:#fff;--fg:#1b1b1b;--dim:#555;--line:#ccc;--bar:#2f6fb0;--other:#8a5a00;"
    "--bad:#a4000f;--card:#f3f4f6}"
    "@media(prefers-color-scheme:dark){:root{--bg:#16181b;--fg:#e8e8e8;--dim:#b0b0b0;--line:#444;--bar:#7fb2e5;"
    "--other:#e0b060;--bad:#ff9a9a;--card:#22262b}}"
    "*{box-sizing:border-box}body{margin:0;background:var(--bg);color:var(--fg);font:16px/1.5 system-ui,sans-serif}"
    "main{max-width:60rem;margin:0 auto;padding:1rem}h1{font-size:1.5rem;margin:.5rem 0}h2{font-size:1.15rem;"
    "margin:2rem 0 .5rem}p{margin:.5rem 0}.dim{color:var(--dim)}.bad{color:var(--bad);font-weight:600}"
    ".cards{display:flex;flex-wrap:wrap;gap:.75rem;margin:1rem 0;padding:0;list-style:none}"
    ".cards li{background:var(--card);border-radius:.5rem;padding:.6rem .9rem;min-width:7.5rem;flex:1}"
    ".cards b{display:block;font-size:1.4rem}"
    ".scroll{overflow-x:auto;border:1px solid var(--line);border-radius:.5rem}"
    "table{border-collapse:collapse;width:100%;font-size:.92rem}"
    "th,td{text-align:left;padding:.35rem .6rem;border-bottom:1px solid var(--line);vertical-align:top}"
    "tbody tr:last-child>*{border-bottom:0}.t{white-space:nowrap}th{font-weight:600}td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}"
    "td.bar{width:45%;min-width:6rem}td.bar i{display:block;height:.55rem;margin:.3rem 0;background:var(--bar);border-radius:.2rem;"
    "min-width:1px}td.bar i.o{background:var(--other)}code{font:.88em ui-monospace,monospace;overflow-wrap:anywhere}"
    ".id{min-width:9rem;overflow-wrap:anywhere}dl{display:grid;grid-template-columns:max-content 1fr;gap:.2rem 1rem;margin:.5rem 0}"
    "dt{color:var(--dim)}dd{margin:0;overflow-wrap:anywhere}"
    "@media(max-width:30rem){dl{grid-template-columns:1fr;gap:0}dd{margin-bottom:.5rem}}";

static void
pair(struct la_html *html, const char *name, const char *value)
{
	la_html_element(html, "dt", name);
	la_html_element(html, "dd", value);
}

static void
card(struct la_html *html, uint64_t count, const char *what, bool is_bad)
{
	la_html_raw(html, "<li>");
	la_html_count(html, is_bad ? "b class=bad" : "b", count);
	la_html_text(html, la_span_text(what));
	la_html_raw(html, "</li>");
}

static void
head(struct la_html *html, const struct la_replay_report *report)
{
	char from[LA_REPLAY_TIME_BYTES], to[LA_REPLAY_TIME_BYTES], days[40];

	la_report_time(report, report->from_ms, from);
	la_report_time(report, report->to_ms, to);
	(void)snprintf(days, sizeof(days), "%.4g days", (double)report->warm_up_ms / 86400000);
	la_html_raw(html, "<!DOCTYPE html>\n<html lang=en><head><meta charset=utf-8>"
			  "<meta name=viewport content=\"width=device-width,initial-scale=1\"><title>Login Alert replay, ");
	la_html_printf(html, "%.10s", from);
	la_html_raw(html, "</title><style>");
	la_html_raw(html, style);
	la_html_raw(html, "</style></head><body><main><h1>Login Alert: replay</h1><dl>");
	pair(html, "From", from);
	pair(html, "To", to);
	pair(html, "Topic", report->topic);
	pair(html, "Cluster", report->cluster_id);
	pair(html, "Read before", days);
	pair(html, "Label table", report->agent_rev);
	la_html_raw(html, "</dl><p class=dim>An event is counted when it occurred, or its record came, from the first time on and "
			  "before the second. Nothing was written to Kafka or Redis.</p>");
	if (la_replay_report_cut(report) > 0) {
		la_html_raw(html, "<p class=bad>");
		la_html_printf(html, "%d of %d partitions have lost records that the warm-up asks for: devices that were seen "
		    "only there look new here.", (int)la_replay_report_cut(report), (int)report->partitions);
		la_html_raw(html, "</p>");
	}
}

static void
cards(struct la_html *html, const struct la_replay_report *report)
{
	const struct la_compare_result *compare = report->compare;

	la_html_raw(html, "<ul class=cards>");
	card(html, report->tally->in_range, "events", false);
	card(html, report->tally->mails[0], "mails", false);
	if (report->sides == 2)
		card(html, report->tally->mails[1], "mails by the other policy", false);
	if (compare != NULL) {
		for (int kind = 0; kind < LA_DIFFERENCE_KINDS; kind++) {
			uint64_t count = la_replay_report_count(compare, (enum la_difference_kind)kind);

			card(html, count, la_difference_kind_name((enum la_difference_kind)kind), count > 0);
		}
	}
	la_html_raw(html, "</ul>");
}

static void
count_heads(struct la_html *html, const struct la_replay_report *report, const char *first, const char *what)
{
	la_html_raw(html, "<thead><tr>");
	la_html_element(html, "th scope=col", first);
	la_html_element(html, "th scope=col class=n", what);
	if (report->sides == 2)
		la_html_element(html, "th scope=col class=n", "other policy");
}

static void
count_row(struct la_html *html, const struct la_replay_report *report, const char *name, const uint64_t counts[2])
{
	la_html_raw(html, "<tr>");
	la_html_element(html, "th scope=row", name);
	for (size_t s = 0; s < report->sides; s++)
		la_html_count(html, "td class=n", counts[s]);
	la_html_raw(html, "</tr>");
}

static void
outcomes(struct la_html *html, const struct la_replay_report *report)
{
	const struct la_replay_tally *tally = report->tally;

	la_html_element(html, "h2", "What became of them");
	la_report_begin_table(html, "Outcomes");
	count_heads(html, report, "outcome", "events");
	la_html_raw(html, "</tr></thead><tbody>");
	for (int i = 0; i < LA_REPLAY_OUTCOMES; i++) {
		const uint64_t counts[2] = {tally->outcomes[0][i], tally->outcomes[1][i]};

		if (counts[0] + counts[1] > 0)
			count_row(html, report, la_outcome_name((enum la_outcome)i), counts);
	}
	for (int i = 0; i < LA_REPLAY_REASONS; i++) {
		const uint64_t counts[2] = {tally->alerts[0][i], tally->alerts[1][i]};
		char name[64];

		(void)snprintf(name, sizeof(name), "ALERTED: %s", la_reason_name((enum la_reason)i));
		if (counts[0] + counts[1] > 0)
			count_row(html, report, name, counts);
	}
	if (tally->repeats[0] + tally->repeats[1] > 0)
		count_row(html, report, "ALERTED again: the event was sent twice, no second mail", tally->repeats);
	if (tally->late[0] + tally->late[1] > 0)
		count_row(html, report, "ALERTED, but it came after alert.max-age: no mail", tally->late);
	la_report_end_table(html);
}

static void
bar(struct la_html *html, const char *class_name, uint64_t count, uint64_t most)
{
	if (most > 0) {
		la_html_raw(html, "<i ");
		la_html_raw(html, class_name);
		la_html_printf(html, " style=width:%.1f%%", 100.0 * (double)count / (double)most);
		la_html_raw(html, "></i>");
	}
}

static void
days(struct la_html *html, const struct la_replay_report *report)
{
	const struct la_replay_tally *tally = report->tally;
	uint64_t most = 0;

	for (size_t i = 0; i < tally->day_count; i++) {
		for (size_t s = 0; s < report->sides; s++)
			most = tally->days[i].mails[s] > most ? tally->days[i].mails[s] : most;
	}
	la_html_element(html, "h2", "Mails per day");
	if (tally->day_count == 0) {
		la_html_element(html, "p", "No event.");
		return;
	}
	la_report_begin_table(html, "Mails per day");
	count_heads(html, report, "day", "mails");
	la_html_raw(html, "<th scope=col class=n>events</th><td></td></tr></thead><tbody>");
	for (size_t i = 0; i < tally->day_count; i++) {
		const struct la_replay_day *day = &tally->days[i];
		char text[LA_REPLAY_TIME_BYTES];

		la_replay_time_day(day->day, text);
		la_html_raw(html, "<tr>");
		la_html_element(html, "th scope=row class=t", text);
		for (size_t s = 0; s < report->sides; s++)
			la_html_count(html, "td class=n", day->mails[s]);
		la_html_count(html, "td class=n", day->events);
		la_html_raw(html, "<td class=bar>");
		for (size_t s = 0; s < report->sides; s++)
			bar(html, s == 0 ? "class=b" : "class=o", day->mails[s], most);
		la_html_raw(html, "</td></tr>");
	}
	la_report_end_table(html);
}

static void
policies(struct la_html *html, const struct la_replay_report *report)
{
	la_html_element(html, "h2", report->sides == 2 ? "The two policies" : "The policy");
	if (report->sides == 2) {
		la_html_raw(html, "<p>The other policy is that of <code>");
		la_html_text(html, la_span_text(report->policy_name));
		la_html_raw(html, "</code>. ");
		la_html_printf(html, "Events that it decides otherwise: %llu.",
		    (unsigned long long)report->tally->changed);
		la_html_raw(html, "</p>");
	}
	la_report_begin_table(html, "Policies");
	la_html_raw(html, "<thead><tr><th scope=col>key</th>");
	for (size_t s = 0; s < report->sides; s++) {
		la_html_raw(html, "<th scope=col>");
		la_html_raw(html, s == 0 ? "in force, rev <code>" : "other, rev <code>");
		la_html_text(html, la_span_text(report->policy_rev[s]));
		la_html_raw(html, "</code></th>");
	}
	la_html_raw(html, "</tr></thead><tbody>");
	for (size_t i = 0; i < LA_REPLAY_SETTINGS; i++) {
		const char *first = report->settings[0][i], *name = first != NULL ? first : report->settings[1][i];

		if (name == NULL)
			break;
		la_html_raw(html, "<tr><th scope=row>");
		la_html_printf(html, "%.*s", (int)strcspn(name, "="), name);
		la_html_raw(html, "</th>");
		for (size_t s = 0; s < report->sides; s++) {
			const char *setting = report->settings[s][i], *value = setting == NULL ? NULL : strchr(setting, '=');

			la_html_element(html, "td", value == NULL ? "" : value + 1);
		}
		la_html_raw(html, "</tr>");
	}
	la_report_end_table(html);
}

enum la_err
la_report_html(const struct la_replay_report *report, struct la_buf *out)
{
	struct la_html html = {out, false};

	head(&html, report);
	cards(&html, report);
	if (report->compare != NULL)
		la_report_differences(&html, report);
	days(&html, report);
	outcomes(&html, report);
	policies(&html, report);
	la_html_raw(&html, "</main></body></html>\n");
	return (html.failed ? LA_ENOMEM : LA_OK);
}
