"""The records of the contract (section 3.2), field by field: what outsiders' schemas are compared with."""
import json
import pathlib

import pytest

SCHEMAS = pathlib.Path(__file__).parents[2] / "schemas"
CLASS = "PC MOBILE TABLET BOT UNKNOWN"
FROM = """policy_rev: string
        agent_rev: string
        key_epoch: int
        source_topic: string
        source_partition: int
        source_offset: long"""
REASON = "FIRST_LOGIN NEW_DEVICE NEW_BROWSER COOKIES_CLEARED THIRD_PARTY_LINK"

# field: type; "?" a union with null, default null; "= x" the field's default; "else X" what an older reader reads
RECORDS = {
    "LoginEvent": f"""
        event_id: string
        occurred_at: time
        kind: LOGIN THIRD_PARTY_LINK THIRD_PARTY_UNLINK REAUTH TOKEN_REFRESH PASSWORD_CHANGED DEVICE_REVOKED ACCOUNT_ERASED OTHER else OTHER = LOGIN
        result: SUCCESS FAILURE CHALLENGED OTHER else OTHER = SUCCESS
        tenant: string = default
        member_id: string
        member_number: string?
        account_created_at: time?
        device_token: string?
        device_token_origin: PRESENTED ISSUED INVALID NONE else NONE = NONE
        channel: WEB APP API OTHER else OTHER = WEB
        actor: SELF OPERATOR SYSTEM else SYSTEM = SELF
        user_agent: string?
        browser: string?
        os: string?
        device_model: string?
        device_class: {CLASS} else UNKNOWN = UNKNOWN
        ip: string?
        location: string?
        client_app_id: string?
        client_app_name: string?
        locale: string?
        time_zone: string?
        email: string?
        email_sealed: bytes?""",
    "AlertJob": f"""
        job_id: string
        event_id: string
        mode: LIVE REPLAY SHADOW else SHADOW
        reason: {REASON} else NEW_DEVICE
        tenant: string
        occurred_at: time
        not_after: time
        member_ref: string
        member_masked: string
        device_label: string
        device_class: {CLASS} else UNKNOWN
        browser_label: string
        app_label: string?
        location_label: string?
        locale: string?
        time_zone: string?
        recipient: (email: string?, member_id: string)?
        recipient_sealed: bytes?
        suppressed_before: int
        {FROM}""",
    "Decision": f"""
        event_id: string
        member_ref: string
        occurred_at: time
        outcome: KNOWN ALERTED SEEDED SUPPRESSED_COOLDOWN SUPPRESSED_CAP IGNORED_KIND IGNORED_RESULT IGNORED_ACTOR FORGOTTEN REJECTED OTHER else OTHER
        reason: {REASON} else NEW_DEVICE?
        job_id: string?
        {FROM}""",
    "Delivery": """
        job_id: string
        event_id: string
        member_ref: string
        outcome: SENT DUPLICATE EXPIRED REFUSED UNKNOWN REJECTED NOT_LIVE OTHER else OTHER
        smtp_code: int?
        enhanced_code: string?
        attempts: int
        message_id: string?
        template_rev: string
        relay: string?
        at: time""",
}


def told_type(kind):
    if isinstance(kind, str):
        return kind
    if isinstance(kind, list):
        assert kind[0] == "null" and len(kind) == 2
        return told_type(kind[1]) + "?"
    if kind["type"] == "enum":
        return " ".join(kind["symbols"]) + f" else {kind['default']}"
    if kind["type"] == "record":
        return f"({', '.join(map(told_field, kind['fields']))})"
    assert kind == {"type": "long", "logicalType": "timestamp-millis"}
    return "time"


def told_field(field):
    text = f"{field['name']}: {told_type(field['type'])}"
    if text.endswith("?"):
        assert field["default"] is None and "default" in field
        return text
    return text + (f" = {field['default']}" if "default" in field else "")


@pytest.mark.parametrize("name", RECORDS)
def test_each_record_has_the_fields_types_and_defaults_of_the_contract(name):
    schema = json.loads((SCHEMAS / f"{name}.avsc").read_text())
    assert (schema["type"], schema["namespace"], schema["name"]) == ("record", "loginalert.v1", name)
    assert [told_field(field) for field in schema["fields"]] == [line.strip() for line in RECORDS[name].strip().splitlines()]
