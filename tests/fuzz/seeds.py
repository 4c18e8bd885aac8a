"""Writes the hand-made inputs of the fuzz targets: seeds.py [FOLDER]. Needs the Python of build/venv (fastavro).

They are in corpus/ already, merged with what the fuzzers found; this says where they came from, and is where a new
form of input gets its seed: run it, then tests/fuzz/run.sh --merge.
"""
import io
import json
import pathlib
import re
import struct
import sys

import fastavro
from fastavro.schema import fingerprint, to_parsing_canonical_form

HERE = pathlib.Path(__file__).parent
SOURCE = HERE.parent.parent
T0 = 1751295600000
HEX = "00112233445566778899aabbccddeeff"
AGENT = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/137.0 Mobile/1 Safari/604.1"


def varint(number):
    out = b""
    while number >= 0x80:
        out += bytes([number & 0x7F | 0x80])
        number >>= 7
    return out + bytes([number])


def fields(*parts):
    return b"\0".join(part if isinstance(part, bytes) else part.encode() for part in parts)


def avro(record, schema):
    out = io.BytesIO()
    fastavro.schemaless_writer(out, fastavro.parse_schema(schema), record)
    return out.getvalue()


def ours(name):
    return json.loads(re.sub(r', *"logicalType": *"[a-z-]*"', "", (SOURCE / "schemas" / f"{name}.avsc").read_text()))


EVENT = {"event_id": "e-1", "occurred_at": T0, "member_id": "m-1", "device_token": "t-1", "device_token_origin": "PRESENTED",
         "user_agent": AGENT, "ip": "203.0.113.7", "email": "hanako@example.jp", "email_sealed": b"\x01\x02"}
JOB = {"job_id": HEX, "event_id": "e-1", "mode": "LIVE", "reason": "NEW_BROWSER", "tenant": "default", "occurred_at": T0,
       "not_after": T0, "member_ref": HEX, "member_masked": "*321", "device_label": "iPhone", "device_class": "MOBILE",
       "browser_label": "chrome", "recipient": {"email": "hanako@example.jp", "member_id": "m-1"},
       "recipient_sealed": None, "suppressed_before": 2, "policy_rev": "p", "agent_rev": "a", "key_epoch": 1,
       "source_topic": "login-events", "source_partition": 3, "source_offset": 77}
DECISION = {"event_id": "e-1", "member_ref": HEX, "occurred_at": T0, "outcome": "ALERTED", "reason": "FIRST_LOGIN",
            "job_id": HEX, "policy_rev": "p", "agent_rev": "a", "key_epoch": 1, "source_topic": "t", "source_partition": 0,
            "source_offset": 1}
DELIVERY = {"job_id": HEX, "event_id": "e-1", "member_ref": HEX, "outcome": "SENT", "smtp_code": 250,
            "enhanced_code": "2.0.0", "attempts": 1, "message_id": "<x@y>", "template_rev": "r", "relay": "h:25", "at": T0}


def decode():
    for number, (name, record) in enumerate(
            [("LoginEvent", EVENT), ("AlertJob", JOB), ("Decision", DECISION), ("Delivery", DELIVERY)]):
        schema = ours(name)
        value = avro(record, schema)
        crc = bytes.fromhex(fingerprint(to_parsing_canonical_form(fastavro.parse_schema(schema)), "CRC-64-AVRO"))
        yield name, bytes([number]) + value
        yield name + "-framed", bytes([number | 4]) + b"\xc3\x01" + crc + value
    yield "job-sealed", b"\x01" + avro({**JOB, "recipient": None, "recipient_sealed": bytes(100)}, ours("AlertJob"))
    yield "bad-utf8", b"\x00" + avro({**EVENT, "user_agent": "AAAA"}, ours("LoginEvent")).replace(b"AAAA", b"\xff\xc0\x00\xed")


def schema():
    small = {"type": "record", "name": "LoginEvent", "namespace": "loginalert.v1", "fields": [
        {"name": "event_id", "type": "string"}, {"name": "member_id", "type": "string"},
        {"name": "occurred_at", "type": "int"}, {"name": "location", "type": ["null", "string"], "default": None}]}
    yield "small", fields(json.dumps(small), avro({"event_id": "e", "member_id": "m", "occurred_at": 5, "location": "x"}, small))
    rich = {"type": "record", "name": "LoginEvent", "namespace": "loginalert.v1", "aliases": ["Old"], "fields": [
        {"name": "event_id", "type": "bytes"}, {"name": "member_id", "type": "string"}, {"name": "occurred_at", "type": "long"},
        {"name": "kind", "type": {"type": "enum", "name": "K", "symbols": ["LOGIN", "NEW"], "default": "LOGIN"}},
        {"name": "x1", "type": {"type": "array", "items": "int"}}, {"name": "x2", "type": {"type": "map", "values": "double"}},
        {"name": "x3", "type": {"type": "fixed", "name": "F", "size": 3}}, {"name": "x4", "type": ["null", "boolean", "F", "float"]},
        {"name": "x5", "type": {"type": "record", "name": "R", "fields": [{"name": "next", "type": ["null", "R"]}]}}]}
    record = {"event_id": b"e", "member_id": "m", "occurred_at": T0, "kind": "NEW", "x1": [1, 2], "x2": {"k": 1.5}, "x3": b"abc",
              "x4": True, "x5": {"next": {"next": None}}}
    yield "rich", fields(json.dumps(rich), avro(record, rich))
    readable = {"type": "record", "name": "A", "fields": [
        {"name": "u", "type": ["null", "string", "long", {"type": "fixed", "name": "F", "size": 2}], "default": None},
        {"name": "r", "type": {"type": "record", "name": "B", "fields": [{"name": "d", "type": "double", "default": 1.0},
                                                                    {"name": "b", "type": "bytes", "default": "\u00ff"}]}}]}
    yield "readable", fields(json.dumps(readable), avro({"u": "s", "r": {"d": 2.0, "b": b"1"}}, readable))
    for text in ('"long"', '["null",{"type":"array","items":["int","string"]}]', '{"type":"enum","name":"a.b.E","symbols":["A"]}'):
        yield text, fields(text, b"\x02\x04")
    yield "ours", fields(json.dumps(ours("LoginEvent")), avro(EVENT, ours("LoginEvent")))


def state():
    digest = [bytes([number] * 8) for number in range(1, 9)]
    yield "empty", bytes([1, 0, 0, 0, 0, 0, 0, 0, 0])
    head = varint(2) + varint(T0)
    environment = b"\x02" + digest[0] + digest[1] + digest[2] + b"\0"
    older = b"\x01\x01" + digest[1] + digest[2] + varint(86400000)
    app = b"\0" + digest[3] + varint(5)
    position = b"\x02" + digest[4] + varint(3) + varint(99) + varint(1)
    alerted, capped = b"\0" + digest[5] + varint(2), bytes([3 << 1 | 1 << 3]) + digest[6]
    cooldown = bytes([2 << 3]) + digest[3] + digest[1] + digest[2] + digest[6] + varint(7)
    yield "one", b"\1\0" + head + bytes([1, 0, 1, 1, 0]) + environment + position + alerted
    yield "all", (b"\1\x0e" + head + varint(3) + varint(2) + varint(9) + varint(1) + varint(0) + bytes([2, 1, 1, 2, 1]) +
                  environment + older + app + position + alerted + capped + cooldown)
    latest = b"\x02" + digest[4] + varint(3) + varint(99) + b"\0"
    yield "tombstone", b"\1\1" + head + bytes([0, 0, 1, 1, 0]) + latest + alerted
    yield "full", (b"\1\0" + head + bytes([32, 0, 0, 32, 0]) +
                   b"".join(b"\0" + bytes([n + 1] * 8) + digest[2] + varint(n) for n in range(32)) +
                   b"".join(b"\0" + bytes([n + 1] * 8) + b"\0" for n in range(32)))


def agent():
    text = (SOURCE / "tests/unit/detector/user_agents.h").read_text()
    rows = re.findall(r'\{((?:"[^"]*"\s*)+),\s*"', text)
    for number, row in enumerate(rows):
        yield f"ua-{number}", b"\0\4" + fields("", "", "", "".join(re.findall(r'"([^"]*)"', row)))
    yield "given", b"\1\1" + fields("My Browser", "os_1.2", "Model-X", AGENT)
    yield "long", b"\2\4" + fields("x" * 33, "<b>", "", "y" * 510 + " Chrome/1")


def conf():
    text = (SOURCE / "deploy/examples/login-alert.conf").read_bytes()
    shown = re.sub(rb"(?m)^#(?=[a-z.-]+=)", b"", text)
    for whose in (0, 1):
        yield f"example-{whose}", bytes([whose]) + text
        yield f"all-{whose}", bytes([whose]) + shown
        yield f"environment-{whose}", bytes([whose | 2]) + fields(
            "LOGIN_ALERT_KAFKA_CONSUMER_FETCH_MIN_BYTES=1", "LOGIN_ALERT_REDIS_URL=unix:///x", "LOGIN_ALERT_MAIL_BRAND_A=b",
            "LOGIN_ALERT_KAFKA_PORT=tcp", "LOGIN_ALERT_X=1")
        yield f"set-{whose}", bytes([whose | 4]) + fields(
            "policy.cap=10/1h", "policy.first-login=grace:10m", "retry.schedule=30s,2m,5m*2,15m,1h*4", "storm.ratio=0.25",
            "policy.seed-until=2025-07-01T00:00:00+09:00", "http.listen=[::1]:1", "mail.brand.acme=jmb", "kafka.linger.ms=1")


def json_():
    for number, line in enumerate((SOURCE / "tests/data/demo-events.jsonl").read_bytes().splitlines()[:4]):
        yield f"event-{number}", b"\0" + line
    yield "event-all", b"\0" + json.dumps({
        **EVENT, "email_sealed": "AQI=", "kind": "THIRD_PARTY_LINK", "result": "NEWER", "occurred_at": "2025-07-01T00:00:00+09:00",
        "_topic": "t", "_partition": 1, "_offset": 2, "_timestamp": T0, "user_agent": "\0\ufffd\U0001f600"}).encode()
    yield "job", b"\1" + (SOURCE / "tests/golden/first-login.json").read_bytes()
    yield "job-small", b'\1{"occurred_at":0,"reason":"NEW_DEVICE","recipient_sealed":"AAAA"}'


def keys():
    yield "hash", (b"\0login-alert-hash-keys 1\n# x\n\n1 read " + HEX.encode() * 2 + b"\n2 active " + HEX[::-1].encode() * 2 +
                   b"\n")
    yield "one", b"\0login-alert-hash-keys 1\r\n65535 active " + HEX.encode() * 2
    yield "public", b"\1login-alert-seal-public 1\n" + HEX.encode() * 2 + b"\n"
    yield "secret", b"\2login-alert-seal-secret 1\n" + HEX.encode() * 2 + b"\n"
    yield "wrong", b"\2login-alert-seal-public 1\n" + b"00" * 32


def redis_url():
    for url in ("redis://127.0.0.1:6379", "rediss://[::1]:6380/3", "unix:///run/redis.sock?db=2", "redis://u:p@h", "redis://h/16",
                "redis://a-b.example.jp", "unix:/x"):
        yield url, url.encode()


def redis_slot():
    for text in ("MOVED 3999 127.0.0.1:6381", "ASK 16383 ::1:7000", "MOVED 12 :7000", "{a}b{}", "redis-1.example.jp"):
        yield text, text.encode()


def template():
    folder = SOURCE / "templates/jmb"
    for kind, name in enumerate(("body.txt", "body.html", "subject.txt")):
        yield name, bytes([kind]) + (folder / name).read_bytes()
    yield "all", b"\1" + fields("{{!c}}{{#app}}<p>{{app}}{{^location}}-{{/location}}{{/app}}\n  {{>p0}}\n{{=<% %>=}}<%member%><%={{ }}=%>{{&device}}",
                                "{{date_time}} {{> p1 }}", "{{#first_login}}\n x\n{{/first_login}}\n")
    yield "deep", b"\0" + fields("{{#app}}" * 8 + "{{>p0}}" + "{{/app}}" * 8, "{{^location}}{{>p0}}{{/location}}{{{browser}}}")


def message():
    yield "job", b"\0\1\1\5" + fields("*321", "iPhone", "chrome", "App", "Tokyo", "en", "Europe/Berlin")
    yield "hostile", b"\0\4\3\0" + fields("<b>\r\nBcc: x@y", "http://evil.example/ {{member}}", "a.b.c", "\u202eabc", "://", "ja-JP", "../x")
    yield "parts", b"\1\x40\x11" + fields("ログイン", "日本", '"a b"@例え.jp', "short\n.\nline\n", "<p>日本語</p>\n")
    yield "long", b"\1\x40\x11" + fields("x" * 200, "From", "b@example.jp", "y" * 200 + "\n=_\t\n", "\u00e9" * 100)


def clean():
    for text in ("iPhone", "http://a.b.c/x", "a\u202eb\u200b\ufeff.c", "\U0001f468\u200d\U0001f469\u200d\U0001f467.x", "e\u0301" * 70,
                 ":///" * 20, "\U000e0041\u00ad.x", "x" * 300):
        yield text[:8], text.encode()
    yield "bad", b"\xf0\x9f\x98 \xed\xa0\x80 \xc0\x80 \xff"


def address():
    for text in ("hanako@example.jp", '"a b\\"c"@example.jp', "foo..bar@docomo.ne.jp", "foo.@ezweb.ne.jp", "x@例え.jp",
                 "x@xn--r8jz45g.jp", "a@b@c", "<a@b.c>", "a+b=c@x-y.example", '"(c)"@x.y', "x" * 64 + "@a.b", "a@" + "b" * 63 + ".c",
                 "a@[127.0.0.1]", "A@EXAMPLE.JP.", "a@faß.de"):
        yield text[:12], text.encode()


def sealed():
    record = b"\x02\x22hanako@example.jp\x06m-1"
    yield "record", b"\1" + record
    yield "no-email", b"\1\0\x06m-1"
    yield "bad-utf8", b"\1\x02\x02a\x06\xff\xc0x"
    for line in (SOURCE / "tests/data/sealed-recipients.jsonl").read_text().splitlines():
        for key, value in json.loads(line).items():
            if key == "sealed":
                yield "vector", b"\0" + bytes.fromhex(value)
    yield "short", b"\0\1abc"


def directory():
    json_type = "application/json; charset=utf-8"
    for number, body in enumerate(('{"email": "hanako@example.jp", "locale": "ja-JP"}', '{"email": null}', "{}", '{"email": [1.5e3]}',
                                   '{"x": {"email": "a"}, "email": "\\u00e9\\ud83d\\ude00@x"}', '{"email": "%s"}' % ("a" * 257))):
        yield f"body-{number}", b"\0\0" + fields(json_type, body)
    yield "vendor", b"\0\1" + fields("application/vnd.x+json", '{"email": "a@b"}')
    yield "html", b"\0\1" + fields("text/html", "<p>")
    for status in range(3, 8):
        yield f"status-{status}", bytes([0, status]) + fields("", "")
    yield "path", b"\1" + fields("https://h.example:8443/{tenant}/m/{member_id}?x=1", "t/1", "日本 m-1?#")
    yield "query", b"\1" + fields("https://[::1]/m?", "default", "..")
    yield "single", b"\1" + fields("https://h/{member_id}", "default", "m-1")


def registry():
    theirs = {"type": "record", "name": "LoginEvent", "fields": [
        {"name": "x", "type": "int"}, *({"name": name, "type": "string"} for name in ("event_id", "member_id")),
        {"name": "occurred_at", "type": "long"}]}
    value = b"\0\0\0\0\7" + avro({"x": 1, "event_id": "e", "member_id": "m", "occurred_at": T0}, theirs)
    found = json.dumps({"schema": json.dumps(theirs), "schemaType": "AVRO", "references": []})
    yield "read", b"\0\0" + fields(found, value)
    yield "ours", b"\0\0" + fields(json.dumps({"schema": json.dumps(ours("LoginEvent"))}), b"\0\0\0\0\1" + avro(EVENT, ours("LoginEvent")))
    for number, body in enumerate(('{"schema": "\\"string\\""}', '{"schema": "x", "schemaType": "JSON"}', '{"schema": "\\"a.B\\"", '
                                   '"references": [{"name": "a.B", "subject": "s", "version": 1}]}', "[]", '{"schema": 1}')):
        yield f"unusable-{number}", b"\0\0" + fields(body, value)
    yield "unknown", b"\0\3" + fields('{"error_code": 40403, "message": "no"}', value)
    yield "away", b"\0\7" + fields("<html>", value)
    yield "negative", b"\0\0" + fields(found, b"\0\xff" + value[2:])
    for number, body in enumerate(('{"id": 7}', '{"id": 2147483648}', '{"id": "7"}')):
        yield f"id-{number}", b"\1\0" + body.encode()
    yield "incompatible", b"\1\5" + b'{"error_code": 409, "message": "READER_FIELD_MISSING\\u0000\\u00e9"}'
    yield "read-only", b"\1\6" + b'{"error_code": 42205, "message": "read-only"}'
    yield "missing", b"\1\3" + b'{"error_code": 40401}'
    kind = json.dumps({"schema": json.dumps({"type": "enum", "name": "K", "symbols": ["A"]}), "version": 1})
    pair = [{"name": name, "subject": name, "version": 1} for name in "KL"]
    whole = json.dumps({"schema": json.dumps({**theirs, "fields": [{"name": "k", "type": "K"}]}), "references": pair})
    part = json.dumps({"schema": json.dumps({"type": "array", "items": "K"}), "references": pair[:1]})
    for name, answers in (("parts", (whole, kind, part)), ("circle", (part, part, part)), ("twice", (whole, kind, kind))):
        yield name, b"\x80" + b"".join(b"\0" + answer.encode() + b"\0" for answer in answers)
    yield "alone", b"\x80\7\0\4{}\0\7\0\0" + kind.encode()


def smtp_reply():
    for number, text in enumerate(("250 ok\r\n", "250-x\r\n250-PIPELINING\r\n250 2.1.0 fine\r\n", "550 5.1.1 no\r\n421 4.7.0 x\n",
                                   "250-a\r\n251 b\r\n", "354\r\n", "HTTP/1.1 400\r\n", "250 5.1.1 x\r\n250 2.1.1234 x\r\n")):
        yield f"reply-{number}", bytes([number * 3]) + text.encode()
    yield "endless", b"\xff250-" + b"x" * 2100


def smtp_mail():
    good = "250 ok\r\n250 2.1.5 ok\r\n354 go\r\n250 2.0.0 queued\r\n"
    yield "good", b"\0" + fields(b"\xff\xff\xff\xff\xff", good)
    yield "pipelined", b"\1" + fields(b"\xff\x01\xff", good + "250 reset\r\n" + good)
    yield "reused", b"\2" + fields("", "250 reset\r\n250 ok\r\n550 5.1.1 no\r\n")
    yield "refused", b"\1" + fields("", "250 ok\r\n450 4.2.0 x\r\n503 no\r\n")
    yield "early", b"\0" + fields(b"\xff\xff\xff\x02", "250 ok\r\n250 ok\r\n354 go\r\n552 5.3.4 big\r\n")
    yield "opening", b"\4" + fields("", "220 hi\r\n250-x\r\n250 STARTTLS\r\n220 go\r\n250 PIPELINING\r\n334 \r\n535 5.7.8 no\r\n")


def zone():
    folder = pathlib.Path("/usr/share/zoneinfo")
    for name in ("Asia/Tokyo", "Etc/UTC", "Africa/Casablanca", "Pacific/Apia"):
        yield name.replace("/", "-"), b"\0" + (folder / name).read_bytes()
    head = b"TZif2" + bytes(15) + struct.pack(">6I", 0, 0, 0, 0, 1, 4)
    block = head + bytes(6) + b"CET\0"
    yield "footer", b"\0" + block + block + b"\nCET-1CEST,M3.5.0,M10.5.0/3\n"
    for rule in ("JST-9", "CET-1CEST,M3.5.0,M10.5.0/3", "<-03>3<-02>,J60/-1,300/167:59:59", "EST5EDT,0/0,J365/25"):
        yield rule.replace("/", "-"), b"\1" + rule.encode()
    for name in ("Asia/Tokyo", "../etc/passwd", "Etc/GMT+9"):
        yield "name-" + name.replace("/", "-"), b"\2" + name.encode()


def brand():
    folder = SOURCE / "templates/jmb"
    yield "jmb", fields(*((folder / name).read_bytes() for name in ("meta.conf", "subject.txt", "body.txt", "body.html")))
    meta = "from=a@例え.jp\nfrom.name=名前\nenvelope-from=b@example.jp\nlanguages=en\ntime-zone=Etc/UTC\n"
    yield "small", fields(meta, "s", "{{>part}}", "<p>{{device}}", "{{member}}\n")
    meta = "from=a@example.jp\nlanguages=ja, en\norder.en=en,ja\nmask=keep-last:2\ntime-zone=Asia/Tokyo\n"
    yield "orders", fields(meta, "s", "{{>part}}", "<p>", "{{member}}\n", "{{app}}", "<b>{{device}}", "{{>subject}}",
                           "{{sender}}", "en-GB-x-a")


def main():
    folder = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / "corpus"
    for make in (decode, schema, state, agent, conf, json_, keys, redis_url, redis_slot, template, message, clean, address, sealed, directory, registry,
                 smtp_reply, smtp_mail, zone, brand):
        target = folder / make.__name__.rstrip("_")
        target.mkdir(parents=True, exist_ok=True)
        for number, (_, seed) in enumerate(make()):
            (target / f"seed-{number:02}").write_bytes(seed)


if __name__ == "__main__":
    main()
