"""Random events and random policies for the model of the rules (policy_model.py): every rule and every limit is met often."""
from policy_model import DAY, HOUR, MINUTE, Policy

START = 1_751_295_600_000  # 2025-07-01T00:00:00+09:00
DEVICE = ("device_token", "browser", "os", "device_model", "device_class", "channel", "ip", "client_app_id")
MOODS = ("plain", "plain", "links", "cookies", "same moment", "replay", "networks", "twins")  # what a stretch of the stream is mostly about
STRETCH = 250
KINDS = ["LOGIN"] * 12 + ["THIRD_PARTY_LINK"] * 2 + ["THIRD_PARTY_UNLINK", "REAUTH", "TOKEN_REFRESH", "PASSWORD_CHANGED",
                                                     "DEVICE_REVOKED", "OTHER"]


def duration(ms):
    return next(f"{ms // unit}{name}" for unit, name in ((DAY, "d"), (HOUR, "h"), (MINUTE, "m"), (1000, "s"), (1, "ms"))
                if ms % unit == 0)


def random_policy(rng):
    """Every key of policy.* that a decision depends on, drawn anew, with the settings that say so."""
    first = rng.choice(("alert", "silent", "grace"))
    policy = Policy(
        device_ttl=rng.choice((HOUR, 7 * HOUR + 5, 2 * DAY, 40 * DAY, 365 * DAY)),
        first_login=first, grace=rng.choice((0, 1, 10 * MINUTE, 3 * DAY)) if first == "grace" else 0,
        no_token=rng.choice(("alert", "environment")),
        cooldown=rng.choice((0, 1, MINUTE, 5 * HOUR, 20 * DAY)),
        cap=rng.choice(((0, 0), (1, HOUR), (2, 6 * HOUR), (10, HOUR), (3, 40 * DAY), (40, DAY))),
        seed_until=rng.choice((None, None, START, START + 5 * DAY, START + 60 * DAY)))
    settings = {
        "policy.device-ttl": duration(policy.device_ttl),
        "policy.first-login": f"grace:{duration(policy.grace)}" if first == "grace" else first,
        "policy.no-token": policy.no_token,
        "policy.cooldown": duration(policy.cooldown) if policy.cooldown else "0",
        "policy.cap": f"{policy.cap[0]}/{duration(policy.cap[1])}" if policy.cap[0] else "0",
        "policy.seed-until": policy.seed_until,
    }
    return policy, {key: str(value) for key, value in settings.items() if value is not None}


class Stream:
    """Events of a few members: small alphabets, redeliveries, disorder, times at the policy's own limits."""

    def __init__(self, rng, policy):
        self.rng = rng
        self.limits = [limit for limit in (policy.device_ttl, policy.device_ttl // 16, policy.cooldown, policy.cap[1],
                                           policy.grace) if limit]
        self.seed_until = policy.seed_until
        self.cooldown, self.device_ttl = policy.cooldown, policy.device_ttl
        self.now = START
        self.made = []
        self.offsets = {}
        self.networks = [f"10.0.{number}.{rng.randrange(256)}" for number in range(6)] + \
            [f"2001:db8:{number}:{rng.randrange(1, 9)}::1" for number in range(6)]
        self.mood = "plain"

    def next(self):
        rng = self.rng
        if len(self.made) % STRETCH == 0:
            self.mood = rng.choice(MOODS)
        if self.made and rng.random() < (0.6 if self.mood == "replay" else 0.15):  # a redelivery: from the same place
            redelivered = dict(rng.choice(self.made[-rng.choice((60, 400)):]))
            if self.mood == "replay":
                self.made.append(redelivered)  # so that the stretch ends
            return redelivered
        if self.made and rng.random() < 0.05:  # the producer sends an event again: the same, at a new place
            event = dict(rng.choice(self.made[-rng.choice((60, 400)):]))
            self.place(event)
        else:
            event = self.fresh()
        self.made.append(event)
        return event

    def place(self, event):
        rng = self.rng
        partition = rng.choice((0, 0, 0, 1, 2, 3, 4, 5))
        if rng.random() < 0.02:  # the topic was made anew: small offsets, later timestamps
            self.offsets[partition] = 0
        self.offsets[partition] = self.offsets.get(partition, 0) + 1
        event.update(_topic="login-events", _partition=partition, _offset=self.offsets[partition])
        event.pop("_timestamp", None)
        if rng.random() < 0.8:
            event["_timestamp"] = self.now + rng.choice((0, 5, -5, 2 * DAY))
        if rng.random() < 0.01:
            event["_timestamp"] = event["occurred_at"] - DAY - rng.choice((0, 1))

    def fresh(self):
        rng = self.rng
        if self.mood in ("networks", "twins"):
            event = self.networks_of_one_device() if self.mood == "networks" else self.twin_environments()
            self.place(event)
            return event
        if self.mood != "same moment":
            self.now += rng.choice((0, 1, 1000, MINUTE, HOUR, HOUR, 5 * HOUR, 12 * HOUR))
        if rng.random() < 0.01:
            self.now += 45 * DAY
        event = {"event_id": f"e{len(self.made)}", "occurred_at": self.now - rng.choice((0, 0, 0, 0, 1, MINUTE, HOUR, 3 * DAY)),
                 "member_id": rng.choice(("m1", "m2", "m3")),
                 "kind": "ACCOUNT_ERASED" if rng.random() < 0.004 else rng.choice(KINDS)}
        if self.mood == "links" and rng.random() < 0.7:
            event["kind"] = rng.choice(("THIRD_PARTY_LINK",) * 7 + ("THIRD_PARTY_UNLINK",))
        self.maybe(event, 0.2, "tenant", "default", "other")
        self.device(event)
        if self.made and rng.random() < (0.7 if self.mood in ("cookies", "same moment") else 0.2):
            self.echo(event, rng.choice(self.made[-30:]))
        self.maybe(event, 0.05, "result", "FAILURE", "CHALLENGED", "OTHER")
        self.maybe(event, 0.05, "actor", "OPERATOR", "SYSTEM")
        self.maybe(event, 0.5, "account_created_at", event["occurred_at"], event["occurred_at"] + 1,
                   *(event["occurred_at"] - limit - more for limit in self.limits for more in (0, 1)))
        if rng.random() < 0.01:
            event[rng.choice(("event_id", "member_id", "tenant"))] = rng.choice(("", "x" * 257, "\u3042" * 86))
        if rng.random() < 0.005:
            event["member_id"] = "m4"  # whose clock is wrong
            event["occurred_at"] = rng.choice((946_684_799_999, 946_684_800_000, 4_102_444_800_000, 4_102_444_800_001, -1))
        self.place(event)
        return event

    def networks_of_one_device(self):
        """One device that never keeps its cookie: what the cooldown remembers of more than 8 networks decides."""
        self.later(0, 0, 0, 1, self.cooldown // 4, self.cooldown, self.cooldown - 1)
        event = {"event_id": f"e{len(self.made)}", "occurred_at": self.now, "member_id": "m1", "os": "ios", "browser": "chrome"}
        self.maybe(event, 0.9, "ip", *self.networks, "no ip")
        self.maybe(event, 0.1, "client_app_id", "a1")
        self.maybe(event, 0.02, "kind", "ACCOUNT_ERASED")
        return event

    def twin_environments(self):
        """One token and browser on two platforms, events out of order at the limits: which of equals is seen, and moves."""
        ttl, step = self.device_ttl, self.device_ttl // 16
        self.later(0, 0, 0, 1, step, step + 1, ttl, ttl + 1)
        event = {"event_id": f"e{len(self.made)}", "member_id": "m2", "browser": "chrome", "os": self.rng.choice(("ios", "windows")),
                 "occurred_at": self.now - self.rng.choice((0, 0, 0, step, step + 1, ttl)),
                 "kind": self.rng.choice(("LOGIN",) * 14 + ("REAUTH",) * 3 + ("TOKEN_REFRESH",) * 2 + ("DEVICE_REVOKED",))}
        self.maybe(event, 0.8, "device_token", "t1", "t1", "t2", "t3")
        return event

    def later(self, *steps):
        step = self.rng.choice(steps)
        if step <= 45 * DAY:
            self.now += max(0, step)

    def device(self, event):
        self.maybe(event, 0.3, "channel", "WEB", "APP", "API", "OTHER")
        self.maybe(event, 0.8, "device_token", "t1", "t2", "t3", "t4", "", *self.many("r", 40))
        self.maybe(event, 0.5, "device_token_origin", "PRESENTED", "ISSUED", "INVALID", "NONE")
        self.maybe(event, 0.9, "browser", "chrome", "Chrome", "safari", "firefox", "b\u00e4d", "")
        self.maybe(event, 0.9, "os", "ios", "iOS", "windows", "x" * 33)
        self.maybe(event, 0.7, "device_model", "iPhone", "IPHONE", "Pixel 8")
        self.maybe(event, 0.8, "device_class", "MOBILE", "PC", "UNKNOWN")
        self.ip(event)
        self.maybe(event, 0.1 if event["kind"] == "LOGIN" else 0.8, "client_app_id", "a1", "a2", "", *self.many("c", 20))

    def ip(self, event):
        self.maybe(event, 0.8, "ip", "192.0.2.1", "192.0.2.200", "::ffff:192.0.2.7", "198.51.100.1", "2001:db8::1",
                   "2001:db8:0:9::1", "2001:db9::1", "no ip", "192.0.2.1.", "", *self.networks)

    def echo(self, event, earlier):
        """The same member and device as before, but for one thing; often as much later as the policy makes a difference."""
        for name in ("tenant", "member_id", *DEVICE):
            event.pop(name, None)
        event |= {name: earlier[name] for name in ("tenant", "member_id", *DEVICE) if name in earlier}
        change = self.rng.random()
        if change < 0.7:
            self.maybe(event, 0.9, "device_token", None, *self.many("r", 40), *self.many("s", 400))
        if change > 0.4:
            self.ip(event)
        if self.rng.random() < 0.5:
            event["occurred_at"] = self.at_a_limit(earlier["occurred_at"])

    def at_a_limit(self, before):
        at = before + self.rng.choice(self.limits)
        if self.seed_until is not None and self.rng.random() < 0.1:
            at = self.seed_until
        at += self.rng.choice((-1, 0, 1))
        if at - self.now <= 45 * DAY:
            self.now = max(self.now, at)
        return min(at, self.now)

    @staticmethod
    def many(prefix, count):
        return [f"{prefix}{number}" for number in range(count)]

    def maybe(self, event, probability, name, *choices):
        if self.rng.random() < probability:
            event[name] = self.rng.choice(choices)
