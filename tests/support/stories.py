"""The demo's events, and what must become of each."""
import json
from datetime import datetime

from services import SOURCE

EVENTS = SOURCE / "tests" / "data" / "demo-events.jsonl"

# event -> outcome, reason, (device label, device class, browser label) of its mail
EXPECTED = {
    "demo-01": ("ALERTED", "FIRST_LOGIN", ("iPhone", "MOBILE", "chrome")),
    "demo-02": ("KNOWN", None, None),
    "demo-03": ("ALERTED", "FIRST_LOGIN", ("windows", "PC", "edge")),
    "demo-04": ("ALERTED", "NEW_BROWSER", ("iPhone", "MOBILE", "safari")),
    "demo-05": ("IGNORED_RESULT", None, None),
    "demo-06": ("IGNORED_KIND", None, None),
    "demo-07": ("ALERTED", "COOKIES_CLEARED", ("iPhone", "MOBILE", "chrome")),
    "demo-08": ("KNOWN", None, None),
    "demo-09": ("ALERTED", "THIRD_PARTY_LINK", ("windows", "PC", "edge")),
    "demo-10": ("ALERTED", "FIRST_LOGIN", ("iPad", "TABLET", "app")),
    "demo-11": ("KNOWN", None, None),
    "demo-12": ("IGNORED_RESULT", None, None),
    "demo-13": ("IGNORED_ACTOR", None, None),
    "demo-14": ("ALERTED", "NEW_DEVICE", ("Pixel 9", "MOBILE", "chrome")),
    "demo-15": ("KNOWN", None, None),
    "demo-16": ("ALERTED", "NEW_DEVICE", ("macos", "PC", "firefox")),
    "demo-17": ("IGNORED_KIND", None, None),
    "demo-18": ("FORGOTTEN", None, None),
    "demo-19": ("ALERTED", "THIRD_PARTY_LINK", ("windows", "PC", "edge")),
    "demo-20": ("ALERTED", "THIRD_PARTY_LINK", ("macos", "PC", "firefox")),
    "demo-21": ("FORGOTTEN", None, None),
    "demo-22": ("ALERTED", "NEW_DEVICE", ("windows", "PC", "edge")),
}


def demo_events():
    """The events as dicts for records.encode(): times in ms, notes left out."""
    events = [json.loads(line) for line in EVENTS.read_text().splitlines()]
    for event in events:
        event["occurred_at"] = round(datetime.fromisoformat(event["occurred_at"]).timestamp() * 1000)
        event.pop("_note")
    return events
