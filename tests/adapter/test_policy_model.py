"""`decide` against an independent model of the rules, over random streams of a few members.

LA_MODEL_EVENTS sets the events per policy (default 4000), LA_MODEL_SEED the seed, LA_MODEL_POLICIES how many policies
of random keys there are beside the named ones (default 3).
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
from policy_stream import START, Stream, random_policy  # noqa: E402

EVENTS = int(os.environ.get("LA_MODEL_EVENTS", "4000"))
SEED = int(os.environ.get("LA_MODEL_SEED", "20250701"))
RANDOM = int(os.environ.get("LA_MODEL_POLICIES", "3"))

POLICIES = {
    "defaults": (Policy(), {}),
    "short_ttl": (Policy(device_ttl=3 * DAY, cap=(0, 0)), {"policy.device-ttl": "3d", "policy.cap": "0"}),
    "cap_of_two": (Policy(device_ttl=40 * DAY, cap=(2, 6 * HOUR)),
                   {"policy.device-ttl": "40d", "policy.cap": "2/6h"}),
    "cooldown": (Policy(cooldown=20 * DAY, cap=(3, 2 * HOUR)), {"policy.cooldown": "20d", "policy.cap": "3/2h"}),
    "no_token_environment": (Policy(no_token="environment", device_ttl=16 * HOUR, cap=(0, 0)),
                             {"policy.no-token": "environment", "policy.device-ttl": "16h", "policy.cap": "0"}),
    "silent": (Policy(first_login="silent", device_ttl=2 * DAY),
               {"policy.first-login": "silent", "policy.device-ttl": "2d"}),
    "grace": (Policy(first_login="grace", grace=10 * MINUTE, device_ttl=2 * DAY),
              {"policy.first-login": "grace:10m", "policy.device-ttl": "2d"}),
    "seeding": (Policy(seed_until=START + 20 * DAY), {"policy.seed-until": str(START + 20 * DAY)}),
}
POLICIES |= {f"random_{number}": random_policy(random.Random(f"{SEED}/policy/{number}")) for number in range(RANDOM)}
SHOWS = {"cap_of_two": "SUPPRESSED_CAP", "cooldown": "SUPPRESSED_COOLDOWN", "silent": "SEEDED", "grace": "SEEDED",
         "seeding": "SEEDED"}


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
    stream = Stream(random.Random(f"{SEED}/{name}"), policy)
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
