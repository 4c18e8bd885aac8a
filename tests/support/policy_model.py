"""An independent model of the detector's rules (README of consumer/detector, rules 1-6), written from their text alone.

It knows no digests, no records and no C: clear values in Python lists. Tests feed it and `login-alert-detector decide`
the same events and compare every outcome, reason and suppressed_before.
"""

from dataclasses import dataclass, field
import ipaddress
import re

MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR
YEAR_2000 = 946_684_800_000
YEAR_2100 = 4_102_444_800_000


@dataclass
class Policy:
    device_ttl: int = 365 * DAY
    first_login: str = "alert"
    grace: int = 0
    no_token: str = "alert"
    cooldown: int = 0
    cap: tuple = (10, HOUR)
    seed_until: int | None = None


@dataclass
class Environment:
    token: str | None
    platform: tuple
    browser: str
    last_seen: int


@dataclass
class App:
    app: str
    last_seen: int


@dataclass
class Member:
    environments: list = field(default_factory=list)
    apps: list = field(default_factory=list)
    memo: list = field(default_factory=list)  # (event key, outcome, reason, suppressed_before), newest last
    positions: list = field(default_factory=list)  # [log, partition, offset, timestamp], latest applied last
    cooldowns: list = field(default_factory=list)  # [key, time], latest last
    windows: dict = field(default_factory=dict)  # "login" or "link" -> [start, count]
    suppressed: int = 0


def label(value):
    if value is None or not re.fullmatch(r"[A-Za-z0-9 ._-]{1,32}", value):
        return None
    return value.lower()


def ip_prefix(text):
    try:
        ip = ipaddress.ip_address(text)
    except ValueError:
        return None
    if ip.version == 6 and ip.ipv4_mapped:
        ip = ip.ipv4_mapped
    return ipaddress.ip_network((ip, 24 if ip.version == 4 else 48), strict=False)


class Model:
    """decide(event) -> (outcome, reason, suppressed_before or None). Events are dicts as `decide` takes them."""

    def __init__(self, policy):
        self.policy = policy
        self.members = {}
        self.lines = 0

    def decide(self, event):
        position = (event.get("_topic", "stdin"), event.get("_partition", 0), event.get("_offset", self.lines))
        self.lines += 1
        if self.rejected(event):
            return ("REJECTED", None, None)
        key = (event.get("tenant", "default"), event["member_id"])
        member = self.members.setdefault(key, Member())
        return Decision(self.policy, member, event, position).outcome()

    @staticmethod
    def rejected(event):
        for name, value in (("event_id", event.get("event_id")), ("member_id", event.get("member_id")),
                            ("tenant", event.get("tenant", "default"))):
            if value is None or not 1 <= len(value.encode()) <= 256:
                return True
        at = event["occurred_at"]
        if not YEAR_2000 <= at <= YEAR_2100:
            return True
        return event.get("_timestamp") is not None and at - event["_timestamp"] > DAY


class Decision:
    def __init__(self, policy, member, event, position):
        self.policy, self.member, self.event = policy, member, event
        self.log, self.partition, self.offset = position
        self.timestamp = event.get("_timestamp")
        self.at = event["occurred_at"]
        self.event_key = (event.get("tenant", "default"), event["event_id"], self.at)
        token = event.get("device_token")
        self.token = token if token and event.get("device_token_origin", "NONE") != "INVALID" else None
        self.browser = label(event.get("browser"))
        if self.browser is None:
            self.browser = "app" if event.get("channel") == "APP" else "unknown"
        self.platform = (label(event.get("os")) or "unknown", event.get("device_class", "UNKNOWN"),
                         label(event.get("device_model")) or "unknown")
        self.app = event.get("client_app_id") or ""

    # rule 2

    def outcome(self):
        for key, outcome, reason, before in self.member.memo:
            if key == self.event_key:
                return (outcome, reason, before)
        redelivered = self.behind()
        kept = self.snapshot() if redelivered else None
        outcome, reason, before, applied, candidate = self.rules()
        if redelivered:
            self.restore(kept)
            return ("KNOWN", None, None) if candidate else (outcome, reason, before)
        if candidate:
            self.member.memo.append((self.event_key, outcome, reason, before))
            del self.member.memo[:-32]
        if applied:
            self.apply_position()
        return (outcome, reason, before)

    def behind(self):
        for log, partition, offset, timestamp in self.member.positions:
            if (log, partition) == (self.log, self.partition) and self.offset <= offset:
                return self.timestamp is None or timestamp is None or self.timestamp <= timestamp
        return False

    def apply_position(self):
        latest = self.timestamp
        for row in self.member.positions:
            if row[:2] == [self.log, self.partition]:
                if row[3] is not None and (latest is None or row[3] > latest):
                    latest = row[3]
                self.member.positions.remove(row)
                break
        self.member.positions.append([self.log, self.partition, self.offset, latest])
        del self.member.positions[:-4]

    def snapshot(self):
        m = self.member
        return Member([Environment(**vars(e)) for e in m.environments], [App(**vars(a)) for a in m.apps], list(m.memo),
                      [list(p) for p in m.positions], [list(c) for c in m.cooldowns],
                      {k: list(v) for k, v in m.windows.items()}, m.suppressed)

    def restore(self, kept):
        vars(self.member).update(vars(kept))

    # rules 3-5: (outcome, reason, suppressed_before, applied, candidate)

    def rules(self):
        kind = self.event.get("kind", "LOGIN")
        if self.event.get("result", "SUCCESS") != "SUCCESS":
            return ("IGNORED_RESULT", None, None, False, False)
        if kind == "ACCOUNT_ERASED":
            m = self.member
            m.environments, m.apps, m.cooldowns, m.windows, m.suppressed = [], [], [], {}, 0
            return ("FORGOTTEN", None, None, True, False)
        if kind == "DEVICE_REVOKED":
            if self.token is not None:
                self.member.environments = [e for e in self.member.environments if e.token != self.token]
            return ("FORGOTTEN", None, None, True, False)
        if kind == "THIRD_PARTY_UNLINK":
            self.member.apps = [a for a in self.member.apps if a.app != self.app]
            return ("FORGOTTEN", None, None, True, False)
        if self.event.get("actor", "SELF") != "SELF":
            return ("IGNORED_ACTOR", None, None, False, False)
        if kind in ("REAUTH", "TOKEN_REFRESH"):
            found = self.with_token(self.browser)
            return ("IGNORED_KIND", None, None, bool(found) and self.touch(found[0]), False)
        if kind in ("OTHER", "PASSWORD_CHANGED") or (kind == "LOGIN" and self.event.get("channel") == "API"):
            return ("IGNORED_KIND", None, None, False, False)
        if kind == "THIRD_PARTY_LINK":
            return self.link()
        return self.login()

    def live(self, remembered):
        return self.at - remembered.last_seen <= self.policy.device_ttl

    def touch(self, remembered):
        if self.at - remembered.last_seen > self.policy.device_ttl // 16:
            remembered.last_seen = self.at
            return True
        return False

    def live_environments(self):
        return [e for e in self.member.environments if self.live(e)]

    def with_token(self, browser):
        return [e for e in self.live_environments()
                if self.token is not None and e.token == self.token and e.browser == browser]

    def link(self):
        for a in self.member.apps:
            if a.app == self.app and self.live(a):
                return ("KNOWN", None, None, self.touch(a), False)
        return self.candidate("THIRD_PARTY_LINK")

    def login(self):
        live = self.live_environments()
        if not live and not any(self.live(a) for a in self.member.apps):
            return self.candidate("FIRST_LOGIN")
        known = self.with_token(self.browser)
        if known:
            applied = self.touch(known[0])
            if known[0].platform != self.platform:
                known[0].platform = self.platform
                applied = True
            return ("KNOWN", None, None, applied, False)
        if self.token is not None and any(e.token == self.token for e in live):
            return self.candidate("NEW_BROWSER")
        same = [e for e in live if e.platform == self.platform and e.browser == self.browser]
        if self.token is None and self.policy.no_token == "environment" and same:
            latest = max(e.last_seen for e in same)
            return ("KNOWN", None, None, self.touch(next(e for e in same if e.last_seen == latest)), False)
        if same:
            return self.candidate("COOKIES_CLEARED")
        if any(e.platform == self.platform for e in live):
            return self.candidate("NEW_BROWSER")
        return self.candidate("NEW_DEVICE")

    # rule 6

    def candidate(self, reason):
        if self.seeded(reason):
            self.remember(reason)
            return ("SEEDED", reason, None, True, True)
        window = "link" if reason == "THIRD_PARTY_LINK" else "login"
        cooldown = self.cooldown_key(reason)
        if cooldown is not None:
            for key, time in self.member.cooldowns:
                if key == cooldown and self.at - time < self.policy.cooldown:
                    self.remember(reason)
                    self.member.suppressed += 1
                    return ("SUPPRESSED_COOLDOWN", reason, None, True, True)
        if not self.count(window):
            self.member.suppressed += 1
            return ("SUPPRESSED_CAP", reason, None, True, True)
        self.remember(reason)
        if cooldown is not None:
            self.member.cooldowns = [c for c in self.member.cooldowns if c[0] != cooldown] + [[cooldown, self.at]]
            del self.member.cooldowns[:-8]
        before, self.member.suppressed = self.member.suppressed, 0
        return ("ALERTED", reason, before, True, True)

    def seeded(self, reason):
        if self.policy.seed_until is not None and self.at < self.policy.seed_until:
            return True
        if reason != "FIRST_LOGIN":
            return False
        if self.policy.first_login == "silent":
            return True
        created = self.event.get("account_created_at")
        return self.policy.first_login == "grace" and created is not None and self.at - created <= self.policy.grace

    def cooldown_key(self, reason):
        prefix = ip_prefix(self.event.get("ip") or "")
        if not self.policy.cooldown or prefix is None:
            return None
        return (reason, self.app, self.platform, self.browser, prefix)

    def count(self, window):
        """Takes a place in the cap's window; False when there is none."""
        n, length = self.policy.cap
        if not n:
            return True
        row = self.member.windows.get(window)
        if row is None or self.at - row[0] >= length:
            self.member.windows[window] = [self.at, 1]
            return True
        if row[1] >= n:
            return False
        row[1] += 1
        return True

    def remember(self, reason):
        if reason == "THIRD_PARTY_LINK":
            self.keep(self.member.apps, [a for a in self.member.apps if a.app == self.app], App(self.app, self.at), 16)
        else:
            equal = [e for e in self.member.environments
                     if (e.token, e.platform, e.browser) == (self.token, self.platform, self.browser)]
            self.keep(self.member.environments, equal,
                      Environment(self.token, self.platform, self.browser, self.at), 32)

    def keep(self, rows, equal, new, limit):
        if equal:
            equal[0].last_seen = max(equal[0].last_seen, self.at)
            return
        if len(rows) == limit:
            oldest = min(r.last_seen for r in rows)
            rows.remove(next(r for r in rows if r.last_seen == oldest))
        rows.append(new)
