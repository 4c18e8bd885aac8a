"""What the demo shows: report.py FOLDER INBOX.

FOLDER holds events.jsonl, decisions.jsonl, deliveries.jsonl and sink/; INBOX gets the mails, their parts and index.html.
Exit code 1 when an event has no decision, or an alert no mail. Only Python's own library is used.
"""
import email
import email.policy
import html
import json
import os
import shutil
import sys
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path

JST = timezone(timedelta(hours=9), "JST")
COLOURS = {"ALERTED": "1;31", "KNOWN": "32", "FORGOTTEN": "36"}


@dataclass
class Row:
    number: int
    at: datetime
    member: str  # the last digits of the number, as in the mail
    note: str
    outcome: str
    reason: str
    mail: str    # name in the inbox without suffix, or ""
    sent: str    # what became of the mail


def read_lines(path):
    return [json.loads(line) for line in path.read_text().splitlines() if line.strip()]


def by_event(path):
    """event_id -> record; a repeated one is the same again, save KNOWN, which says less than an alert."""
    found = {}
    for record in read_lines(path):
        known = found.get(record["event_id"])
        if known is None or record["outcome"] != "KNOWN":
            found[record["event_id"]] = record
    return found


def mails_by_id(folder):
    return {message["Message-ID"]: (path, message) for path, message in
            ((path, email.message_from_bytes(path.read_bytes(), policy=email.policy.SMTP))
             for path in sorted(folder.glob("*.eml")))}


def collect(folder, inbox):
    """Puts each mail into the inbox under its event's number; gives the rows and the messages by that name."""
    decisions, deliveries = by_event(folder / "decisions.jsonl"), by_event(folder / "deliveries.jsonl")
    mails = mails_by_id(folder / "sink")
    rows, messages = [], {}
    for number, event in enumerate(read_lines(folder / "events.jsonl"), 1):
        decision = decisions.get(event["event_id"], {})
        delivery = deliveries.get(event["event_id"], {})
        path, message = mails.get(delivery.get("message_id"), (None, None))
        name = f"{number:02}" if path else ""
        if path:
            shutil.copyfile(path, inbox / f"{name}.eml")
            for part, suffix in (("plain", "txt"), ("html", "html")):
                (inbox / f"{name}.{suffix}").write_text(message.get_body((part,)).get_content())
            messages[name] = message
        rows.append(Row(number, datetime.fromisoformat(event["occurred_at"]).astimezone(JST),
                        event.get("member_number", event["member_id"])[-3:], event.get("_note", ""),
                        decision.get("outcome", "MISSING"), decision.get("reason") or "", name,
                        delivery.get("outcome", "")))
    return rows, messages


def print_table(rows, colour):
    print(f"{'#':>2}  {'time (JST)':<11}  {'member':<6}  {'event':<33}  {'outcome':<14}  {'reason':<16}  mail")
    for row in rows:
        outcome = f"{row.outcome:<14}"
        if colour:
            outcome = f"\033[{COLOURS.get(row.outcome, '2')}m{outcome}\033[0m"
        print(f"{row.number:2}  {row.at:%m-%d %H:%M}  *{row.member:<5}  {row.note:<33.33}  {outcome}  "
              f"{row.reason:<16}  {f'{row.mail}.eml' if row.sent == 'SENT' else row.sent}".rstrip())


def print_first_mail(row, message, colour):
    rule = "\033[2m" + "-" * 100 + "\033[0m" if colour else "-" * 100
    print(rule)
    for name in ("From", "To", "Subject", "Date"):
        print(f"{name}: {message[name]}")
    print()
    print(message.get_body(("plain",)).get_content().rstrip("\n"))
    print(rule)


PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Login Alert: demo</title>
<style>
:root { color-scheme: light dark; --ink: #1d2129; --soft: #5d6675; --line: #dfe3ea; --page: #f4f5f8; --card: #fff;
  --alert: #b3001b; --known: #1c7a45; --gone: #16677a; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8eaef; --soft: #9aa3b2; --line: #333945; --page: #14171c;
  --card: #1d2128; --alert: #ff7f8c; --known: #6fcf97; --gone: #72c7db; } }
* { box-sizing: border-box; }
body { margin: 0; font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--page); }
header { padding: 20px 24px 12px; }
h1 { margin: 0; font-size: 20px; }
header p { margin: 4px 0 0; color: var(--soft); max-width: 70em; }
main { display: grid; grid-template-columns: minmax(0, 1fr) minmax(360px, 660px); gap: 20px; padding: 0 24px 24px;
  align-items: start; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 10px; overflow: hidden; }
table { width: 100%; border-collapse: collapse; }
th, td { padding: 8px 10px; text-align: left; vertical-align: top; border-bottom: 1px solid var(--line); }
th { font-size: 12px; color: var(--soft); font-weight: 600; }
tr:last-child td { border-bottom: 0; }
td small { display: block; color: var(--soft); font-size: 12px; font-weight: 400; font-variant-numeric: tabular-nums; }
.outcome { font-size: 13px; font-weight: 650; white-space: nowrap; color: var(--soft); }
.ALERTED { color: var(--alert); } .KNOWN { color: var(--known); } .FORGOTTEN { color: var(--gone); }
a { color: inherit; text-underline-offset: 2px; }
td.mail { font-size: 13px; width: 1%; }
td.mail span { display: flex; gap: 2px 10px; }
aside { position: sticky; top: 16px; }
aside p { margin: 0; padding: 10px 14px; border-bottom: 1px solid var(--line); color: var(--soft); font-size: 13px; }
iframe { display: block; width: 100%; height: calc(100vh - 90px); min-height: 520px; border: 0; background: var(--card); }
@media (max-width: 980px) { main { grid-template-columns: minmax(0, 1fr); } aside { position: static; } }
@media (max-width: 600px) { td.mail span { flex-wrap: wrap; } }
@media (max-width: 480px) { header { padding: 16px 12px 10px; } main { padding: 0 12px 12px; } th, td { padding: 8px; }
  .outcome { white-space: normal; } }
</style>
</head>
<body>
<header>
<h1>Login Alert: what became of each event</h1>
<p>@summary@ Choose a mail to read it.</p>
</header>
<main>
<div class="card">
<table>
<thead><tr><th>Event</th><th>Outcome</th><th>Mail</th></tr></thead>
<tbody>
@rows@
</tbody>
</table>
</div>
<aside class="card">
<p>The mail, as the member sees it</p>
<iframe name="mail" title="The chosen mail" src="@first@" sandbox="allow-same-origin"></iframe>
</aside>
</main>
</body>
</html>
"""


def page_row(row):
    outcome = f'<span class="outcome {row.outcome}">{row.outcome.replace("_", " ").lower()}'
    outcome += f"<small>{row.reason.replace('_', ' ').lower()}</small></span>" if row.reason else "</span>"
    links = ""
    if row.mail:
        links = (f'<a href="{row.mail}.html" target="mail">HTML</a> <a href="{row.mail}.txt" target="mail">text</a> '
                 f'<a href="{row.mail}.eml" download>.eml</a>')
    return (f"<tr><td>{html.escape(row.note)}<small>{row.at:%d %b %H:%M} JST, member *{html.escape(row.member)}</small></td>"
            f'<td>{outcome}</td><td class="mail"><span>{links}</span></td></tr>')


def write_page(rows, inbox):
    mails = [row for row in rows if row.mail]
    members = len({row.member for row in rows})
    page = PAGE.replace("@rows@", "\n".join(map(page_row, rows)))
    page = page.replace("@summary@", f"{len(rows)} events of {members} members made {len(mails)} mails.")
    (inbox / "index.html").write_text(page.replace("@first@", f"{mails[0].mail}.html" if mails else "about:blank"))


def main():
    folder, inbox = map(Path, sys.argv[1:])
    colour = sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    rows, messages = collect(folder, inbox)
    write_page(rows, inbox)
    print_table(rows, colour)
    first = next((row for row in rows if row.mail), None)
    if first:
        print(f"\nThe first of {len(messages)} mails:")
        print_first_mail(first, messages[first.mail], colour)
    complete = all(row.outcome != "MISSING" and (row.mail != "") == (row.outcome == "ALERTED") for row in rows)
    return 0 if complete and rows else 1


if __name__ == "__main__":
    sys.exit(main())
