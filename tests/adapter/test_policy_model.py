"""`decide` against an independent model of the rules, over random streams of a few members.

LA_MODEL_EVENTS sets the events per policy (default 4000), LA_MODEL_SEED the seed.
"""

import json
import os
import pathlib
import random
import subprocess
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "support"))
from policy_model import DAY, HOUR, MINUTE, Model, Policy  # noqa: E402

EVENTS = int(os.environ.get("LA_MODEL_EVENTS", "4000"))
SEED = int(os.environ.get("LA_MODEL_SEED", "20250701"))
START = 1_751_295_600_000  # 2025-07-01T00:00:00+09:00

POLICIES = {
    "defaults": (Policy(), {}),
    "short_ttl": (Policy(device_ttl=3 * DAY, cap=(0, 0)), {"policy.device-ttl": "3d", "policy.cap": "0"}),
    "cap_of_two": (Policy(device_ttl=40 * DAY, cap=(2, 6 * HOUR)),
                   {"policy.device-ttl": "40d", "policy.cap": "2/6h"}),
    "cooldown": (Policy(cooldown=20 * DAY, cap=(3, 2 * HOUR)), {"policy.cooldown": "20d", "policy.cap": "3/2h"}),
    "no_token_environment": (Policy(no_token="environment", cap=(0, 0)),
                             {"policy.no-token": "environment", "policy.cap": "0"}),
    "silent": (Policy(first_login="silent", device_ttl=2 * DAY),
               {"policy.first-login": "silent", "policy.device-ttl": "2d"}),
    "grace": (Policy(first_login="grace", grace=10 * MINUTE, device_ttl=2 * DAY),
              {"policy.first-login": "grace:10m", "policy.device-ttl": "2d"}),
    "seeding": (Policy(seed_until=START + 20 * DAY), {"policy.seed-until": str(START + 20 * DAY)}),
}
SHOWS = {"cap_of_two": "SUPPRESSED_CAP", "cooldown": "SUPPRESSED_COOLDOWN", "silent": "SEEDED", "grace": "SEEDED",
         "seeding": "SEEDED"}


class Stream:
    """Random events; small alphabets, so that every rule is met often."""

    def __init__(self, rng):
        self.rng = rng
        self.now = START
        self.made = []
        self.offsets = {}

    def next(self):
        if self.made and self.rng.random() < 0.15:  # a redelivery: the same record from the same place
            return dict(self.rng.choice(self.made[-60:]))
        if self.made and self.rng.random() < 0.05:  # the producer sends an event again: the same, at a new place
            event = dict(self.rng.choice(self.made[-60:]))
            self.place(event)
        else:
            event = self.fresh()
        self.made.append(event)
        return event

    def place(self, event):
        partition = self.rng.choice((0, 0, 0, 1, 2, 3, 4, 5))
        if self.rng.random() < 0.02:  # the topic was made anew: small offsets, later timestamps
            self.offsets[partition] = 0
        self.offsets[partition] = self.offsets.get(partition, 0) + 1
        event.update(_topic="login-events", _partition=partition, _offset=self.offsets[partition])
        event.pop("_timestamp", None)
        if self.rng.random() < 0.8:
            event["_timestamp"] = self.now + self.rng.choice((0, 5, -5, 2 * DAY))

    def fresh(self):
        rng = self.rng
        self.now += rng.choice((0, 1, 1000, MINUTE, HOUR, HOUR, 5 * HOUR, 12 * HOUR))
        if rng.random() < 0.01:
            self.now += 45 * DAY
        kinds = ["LOGIN"] * 12 + ["THIRD_PARTY_LINK"] * 2 + ["THIRD_PARTY_UNLINK", "REAUTH", "TOKEN_REFRESH",
                                                             "PASSWORD_CHANGED", "DEVICE_REVOKED", "OTHER"]
        event = {
            "event_id": f"e{len(self.made)}",
            "occurred_at": self.now - rng.choice((0, 0, 0, 0, 1, MINUTE, HOUR, 3 * DAY)),
            "member_id": rng.choice(("m1", "m2", "m3")),
            "kind": "ACCOUNT_ERASED" if rng.random() < 0.004 else rng.choice(kinds),
        }
        self.maybe(event, 0.05, "result", "FAILURE", "CHALLENGED", "OTHER")
        self.maybe(event, 0.2, "tenant", "default", "other")
        self.maybe(event, 0.05, "actor", "OPERATOR", "SYSTEM")
        self.maybe(event, 0.3, "channel", "WEB", "APP", "API", "OTHER")
        self.maybe(event, 0.8, "device_token", "t1", "t2", "t3", "t4", "", *[f"r{i}" for i in range(40)])
        self.maybe(event, 0.5, "device_token_origin", "PRESENTED", "ISSUED", "INVALID", "NONE")
        self.maybe(event, 0.9, "browser", "chrome", "Chrome", "safari", "firefox", "b\u00e4d", "")
        self.maybe(event, 0.9, "os", "ios", "iOS", "windows", "x" * 33)
        self.maybe(event, 0.7, "device_model", "iPhone", "IPHONE", "Pixel 8")
        self.maybe(event, 0.8, "device_class", "MOBILE", "PC", "UNKNOWN")
        self.maybe(event, 0.8, "ip", "192.0.2.1", "192.0.2.200", "::ffff:192.0.2.7", "198.51.100.1", "2001:db8::1",
                   "2001:db8:0:9::1", "2001:db9::1", "no ip", "192.0.2.1.", "")
        self.maybe(event, 0.1 if event["kind"] == "LOGIN" else 0.8, "client_app_id", "a1", "a2", "", *[f"c{i}" for i in range(20)])
        self.maybe(event, 0.5, "account_created_at", event["occurred_at"], event["occurred_at"] - 10 * MINUTE,
                   event["occurred_at"] - 10 * MINUTE - 1, event["occurred_at"] + 1)
        if rng.random() < 0.01:
            event[rng.choice(("event_id", "member_id", "tenant"))] = rng.choice(("", "x" * 257, "\u3042" * 86))
        if rng.random() < 0.005:
            event["occurred_at"] = rng.choice((946_684_799_999, 4_102_444_800_001, -1, 0))
        self.place(event)
        return event

    def maybe(self, event, probability, name, *choices):
        if self.rng.random() < probability:
            event[name] = self.rng.choice(choices)


def decide(program, keys, settings, events):
    command = [program, "--set", f"hash.keys.file={keys}"]
    for key, value in settings.items():
        command += ["--set", f"{key}={value}"]
    lines = "".join(json.dumps(e) + "\n" for e in events)
    done = subprocess.run(command + ["decide", "--jobs"], input=lines, capture_output=True, text=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.parametrize("name", POLICIES)
def test_decide_agrees_with_the_model(name, build_dir, tmp_path):
    program = str(pathlib.Path(build_dir) / "bin" / "login-alert-detector")
    keys = tmp_path / "keys"
    subprocess.run([program, "keygen", str(keys)], check=True)
    policy, settings = POLICIES[name]
    stream = Stream(random.Random(f"{SEED}/{name}"))
    events = [stream.next() for _ in range(EVENTS)]
    model = Model(policy)
    got = decide(program, keys, settings, events)
    assert len(got) == len(events)
    outcomes = set()
    for i, (event, line) in enumerate(zip(events, got)):
        want = model.decide(event)
        before = line["job"]["suppressed_before"] if line.get("job") else None
        found = (line["outcome"], line.get("reason"), before)
        assert found == want, f"event {i} of seed {SEED}: {json.dumps(event)}"
        outcomes.add(want[0])
    assert {"KNOWN", "ALERTED", "FORGOTTEN", "IGNORED_KIND", "IGNORED_ACTOR", "IGNORED_RESULT", "REJECTED"} <= outcomes
    assert name not in SHOWS or SHOWS[name] in outcomes
