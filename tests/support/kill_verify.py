"""What a kill storm wrote, against what had to be written."""
from collections import Counter

from records import decode, job_id, member_ref

CANDIDATES = ("ALERTED", "SEEDED", "SUPPRESSED_COOLDOWN", "SUPPRESSED_CAP")
NEVER_TWICE = ("repeated alerts", "repeated decisions", "repeated dead letters", "late KNOWN")  # with exactly_once
CONNECT = "__connect.errors."


class Verifier:
    """feed: what was sent to `source`; each check fails at the first wrong record and fills `counts`."""

    def __init__(self, feed, source):
        self.expected = feed.expected
        self.sent = feed.sent
        self.source = source
        self.counts = Counter()
        self.at = None  # the event that is being looked at
        self.doubles = {}  # of an event that was sent more than once: place -> what is expected at the later ones
        later = {}
        for place, want in sorted(self.expected.items(), reverse=True):
            if want.event is not None:
                same = later.setdefault((place[0], want.event["event_id"]), [])
                self.doubles[place] = list(same)
                same.append(want)

    def admitted(self, place, found):
        """What is expected at `place`, or at a later one of the same event when that is what was found.

        A candidate is in the memo by its event. When the event was sent twice, known first and new again after a
        revocation, and both are read again after a crash, the first finds the second there: the same job.
        """
        want = self.expected[place]
        if found == (want.outcome, want.reason):
            return want
        for double in self.doubles.get(place, ()):
            if double.outcome in CANDIDATES and found == (double.outcome, double.reason):
                self.counts["as its double"] += 1
                return double
        return want

    def story(self, decisions, place):
        """What was to be decided of the member of the event at `place`, and what was, for whoever has to find out why."""
        event = self.expected[place].event
        member = event and event["member_id"]
        lines = []
        for at, want in sorted(self.expected.items()):
            if want.event is None or want.event["member_id"] != member:
                continue
            found = [(record.partition, record.offset, decision["outcome"]) for record, decision in decisions
                     if self.place(decision) == at]
            lines.append(f"{at} {want.event['event_id']} {want.event['kind']} {want.event['occurred_at']} "
                         f"{want.event['browser']} {want.event['device_token']}: {want.outcome} {want.reason}; {found}")
        return "\n".join(lines)

    def place(self, record):
        assert record["source_topic"] == self.source
        return record["source_partition"], record["source_offset"]

    def jobs(self, records):
        """Every expected alert, no other one, repeats byte for byte equal; in the order of the member's events."""
        values, ids = {}, {}
        for record in records:
            job = decode(record.value, "AlertJob")
            place = self.at = self.place(job)
            want = self.admitted(place, ("ALERTED", job["reason"]))
            self.counts["alert records"] += 1
            if place in values:
                self.counts["repeated alerts"] += 1
                assert record.value == values[place], f"another job for {place}: {job}, {want}"
                continue
            values[place] = record.value
            assert want.outcome == "ALERTED", f"unexpected alert at {place}: {job}, {want}"
            event = want.event
            assert job["job_id"] == job_id(event["event_id"], event["occurred_at"])
            assert record.key.decode() == job["member_ref"] == member_ref(event["member_id"])
            found = {name: job[name] for name in ("event_id", "occurred_at", "reason", "suppressed_before", "mode")}
            assert found == {"event_id": event["event_id"], "occurred_at": event["occurred_at"], "reason": want.reason,
                             "suppressed_before": want.suppressed_before, "mode": "LIVE"}, f"at {place}"
            assert job["recipient"] == {"email": event["email"], "member_id": event["member_id"]}
            same = {key: value for key, value in job.items() if key != "source_offset"}  # of an event sent twice
            assert ids.setdefault(job["job_id"], same) == same
        missing = [place for place, want in self.expected.items() if want.outcome == "ALERTED" and place not in values]
        assert not missing, f"{len(missing)} alerts are missing: {[(p, self.expected[p]) for p in missing[:3]]}"
        self.counts["alerts"] = len(values)

    def decisions(self, records):
        """The expected decision of every event. A zombie may say KNOWN of a candidate later, nothing else."""
        right = Counter()
        for record in records:
            decision = decode(record.value, "Decision")
            place = self.at = self.place(decision)
            found = (decision["outcome"], decision["reason"])
            want = self.admitted(place, found)
            if found == (want.outcome, want.reason):
                right[place] += 1
                if want.outcome == "ALERTED":
                    assert decision["job_id"] == job_id(want.event["event_id"], want.event["occurred_at"])
            else:
                assert want.outcome in CANDIDATES and found == ("KNOWN", None), f"at {place}: {decision}, {want}"
                self.counts["late KNOWN"] += 1
            if want.outcome != "ALERTED":
                assert decision["job_id"] is None
            if want.event is not None:
                assert decision["event_id"] == want.event["event_id"]
        missing = self.expected.keys() - right.keys()
        assert not missing, f"{len(missing)} decisions are missing: {sorted(missing)[:5]}"
        for place, count in right.items():
            outcome = self.expected[place].outcome
            self.counts[outcome] += 1
            self.counts["repeated decisions"] += count - 1
            if outcome in CANDIDATES:  # decided again from the memo: with the state after it, it would be KNOWN
                self.counts["found in the memo"] += count - 1

    def dead_letters(self, records):
        """Every rejected record, no other one."""
        found = set()
        for record in records:
            headers = dict(record.headers)
            assert headers[CONNECT + "topic"] == self.source.encode()
            place = int(headers[CONNECT + "partition"]), int(headers[CONNECT + "offset"])
            self.counts["repeated dead letters"] += place in found
            found.add(place)
        assert found == {place for place, want in self.expected.items() if want.outcome == "REJECTED"}
