"""Our reading plans against avro-c, fastavro and Avro for Java.

avro-c judges reading with the writer's own schema (it resolves neither defaults nor aliases nor enum defaults),
fastavro and Java judge resolution. LA_AVRO_SEED and LA_AVRO_ROUNDS (a factor) change what is tried; both are printed when a test fails.
"""
import json
import os
import random

import pytest

import avro_readers
from avro_random import Evolution, Schemas, Values, number, readable
from services import SOURCE

SEED = int(os.environ.get("LA_AVRO_SEED", "20250701"))
ROUNDS = float(os.environ.get("LA_AVRO_ROUNDS", "1"))


# avro-c 1.11.1 cannot read an array of records without fields: a defect of its own.
AVROC_EMPTY_ITEMS = {"error": "Couldn't expand array"}


@pytest.fixture(scope="module")
def plan(build_dir):
    child = avro_readers.plan(build_dir)
    yield child
    child.close()


@pytest.fixture(scope="module")
def avroc(build_dir):
    child = avro_readers.avroc(build_dir)
    yield child
    child.close()


@pytest.fixture(scope="module")
def java(jars):
    child = avro_readers.java(jars)
    yield child
    child.close()


def rounds(count):
    print(f"LA_AVRO_SEED={SEED} LA_AVRO_ROUNDS={ROUNDS}")
    for index in range(int(count * ROUNDS)):
        yield random.Random(SEED * 1000003 + index)


def only(answer, reader):
    """What the reader has of an answer for the writer's schema."""
    fields = {field["name"] for field in reader["fields"]}
    return {"r": {name: value for name, value in answer["r"].items() if name in fields}}


def test_plan_reads_what_avro_c_reads(plan, avroc):
    compared = 0
    for rng in rounds(700):
        writer = Schemas(rng).record(4)
        reader = readable(writer)
        values = [Values(rng, writer).value() for _ in range(6)]
        for value, our, their in zip(values, plan.ask(writer, reader, values), avroc.ask(writer, None, values)):
            assert not avro_readers.refused(our), (writer, value.hex(), our)
            if their == AVROC_EMPTY_ITEMS:
                continue
            assert not avro_readers.refused(their), (writer, value.hex(), their)
            assert our == only(their, reader), (writer, value.hex())
            compared += 1
    assert compared > 3500 * ROUNDS


def test_plan_fastavro_and_java_resolve_the_same(plan, java):
    read = by_structure = 0
    for rng in rounds(1500):
        schemas = Schemas(rng)
        writer = schemas.record(3)
        reader = Evolution(rng, schemas).reader(writer)
        values = [Values(rng, writer, valid=True).value() for _ in range(5)]
        ours, javas = plan.ask(writer, reader, values), java.ask(writer, reader, values)
        fasts = avro_readers.fastavro_read(writer, reader, values)
        for value, our, its, fast in zip(values, ours, javas, fasts):
            context = (writer, reader, value.hex(), our, its, fast)
            if avro_readers.refused(our):
                assert avro_readers.refused(fast), context
                # Java takes records of different names for each other: rare here, where names tell them apart.
                by_structure += not avro_readers.refused(its)
                continue
            read += 1
            assert our == its, context
            assert avro_readers.same_as_fastavro(our, fast), context
    assert read > 5500 * ROUNDS and by_structure < 8 * ROUNDS


def mutated(rng, value):
    value = bytearray(value)
    for _ in range(rng.randint(1, 3)):
        at = rng.randint(0, len(value))
        kind = rng.randrange(5)
        if kind == 0 and at < len(value):
            value[at] ^= 1 << rng.randrange(8)
        elif kind == 1:
            del value[at:]
        elif kind == 2 and at < len(value):
            value[at] = rng.choice([0, 1, 2, 3, 0x7F, 0x80, 0xFF])
        elif kind == 3:
            value[at:at + rng.randint(0, 2)] = number(rng.choice(
                [-1, 1, 64, 65537, 2**31, -(2**31) - 1, 2**40, 2**63 - 1, -(2**63), len(value), -len(value)]))
        else:
            value[at:at] = rng.randbytes(rng.randint(1, 12))
    return bytes(value)


def test_what_the_plan_accepts_of_mutated_bytes_avro_c_and_fastavro_accept(plan, avroc):
    """So it refuses what they refuse. The plan runs with sanitizers, over memory that ends with the value."""
    accepted = refused = 0
    for rng in rounds(900):
        writer = Schemas(rng).record(4)
        reader = readable(writer)
        values = [mutated(rng, Values(rng, writer).value()) for _ in range(12)]
        answers = plan.ask(writer, reader, values)
        assert {"error": "died"} not in answers, (writer, [value.hex() for value in values])
        kept = [(value, our) for value, our in zip(values, answers) if not avro_readers.refused(our)]
        refused += len(values) - len(kept)
        accepted += len(kept)
        good = [value for value, _ in kept]
        theirs, fasts = avroc.ask(writer, None, good), avro_readers.fastavro_read(writer, None, good)
        for (value, our), their, fast in zip(kept, theirs, fasts):
            context = (writer, value.hex(), our, their, fast)
            if their != AVROC_EMPTY_ITEMS:
                assert not avro_readers.refused(their), context
                assert our == only(their, reader), context
            assert not avro_readers.refused(fast) or "UnicodeDecodeError" in fast["error"], context
    assert accepted > 500 * ROUNDS and refused > 5000 * ROUNDS


def record(*fields, name="R", **more):
    return {"type": "record", "name": name, "fields": list(fields), **more}


def field(name, kind, **more):
    return {"name": name, "type": kind, **more}


ENUM = {"type": "enum", "name": "E", "symbols": ["A", "B"]}
ITEMS = record(field("f", {"type": "array", "items": "int"}))
NULLS = record(field("f", {"type": "array", "items": "null"}))
REFUSED = "refused"

# name, writer, reader, value, then what the plan, Java and fastavro make of it
DIFFERENCES = [
    # The specification takes the first branch that matches. We and Java take the writer's own type where the union has
    # it: else a union that stays the same would change its values. avro-c, the oracle for that case, agrees with us.
    ("the branch of the writer's type wins over one it could be promoted to", "int", ["double", "int"], "06",
     {"u": 1, "v": 3}, {"u": 1, "v": 3}, {"f": "4008000000000000"}),
    # Python has no float of 32 bits.
    ("an int that becomes a float is rounded", "int", "float", number(2**24 + 1).hex(),
     {"f": "4170000000000000"}, {"f": "4170000000000000"}, {"f": "4170000010000000"}),
    # The specification: "both schemas are records with the same (unqualified) name". Java compares structure instead.
    ("records of different names do not match", record(), record(name="Q"), "", REFUSED, {"r": {}}, REFUSED),
    # A boolean is "a single byte whose value is either 0 or 1".
    ("a boolean of 2 is none", "boolean", "boolean", "02", REFUSED, False, True),
    # Python's lists count from the end, too.
    ("an enum index below zero is none", ENUM, ENUM, "01", REFUSED, REFUSED, {"b": "42"}),
    ("a union index below zero is none", ["null", "int"], ["null", "int"], "0104", REFUSED, REFUSED, 2),
    # Java cuts to 32 bits, fastavro's ints have no limit; avro-c refuses.
    ("an int has 32 bits", "int", "int", number(2**31).hex(), REFUSED, 0, 2**31),
    ("a long has 64 bits", "long", "long", "80" * 9 + "02", REFUSED, 0, 0),
    ("a long has at most ten bytes", "long", "long", "80" * 10 + "00", REFUSED, REFUSED, 0),
    # A limit of ours: 65536 items that take no byte.
    ("items without content are counted", NULLS, record(), number(65537).hex() + "00", REFUSED, {"r": {}}, {"r": {}}),
    # Never a reason to refuse an event.
    ("invalid UTF-8 is kept", "string", "string", "02ff", {"b": "ff"}, {"b": "ff"}, REFUSED),
    # The reader's alias for a name that the writer has as well: Java ends with two fields of one name.
    ("a field's name wins over its alias", record(field("a", "int"), field("b", "int")),
     record(field("b", "int", aliases=["a"])), "0204", {"r": {"b": 2}}, REFUSED, {"r": {"b": 1}}),
    # Ambiguous; fastavro gives the second one its default.
    ("two fields are not read from one", record(field("a", "int")),
     record(field("a", "int"), field("b", "int", aliases=["a"], default=5)), "02",
     REFUSED, REFUSED, {"r": {"a": 1, "b": 5}}),
]


@pytest.mark.parametrize("name, writer, reader, value, ours, javas, fasts", DIFFERENCES, ids=[d[0] for d in DIFFERENCES])
def test_each_known_difference(plan, java, name, writer, reader, value, ours, javas, fasts):
    def shown(answer):
        return REFUSED if avro_readers.refused(answer) else answer

    values = [bytes.fromhex(value)]
    assert shown(plan.ask(writer, reader, values)[0]) == ours
    assert shown(java.ask(writer, reader, values)[0]) == javas
    assert shown(avro_readers.fastavro_read(writer, reader, values)[0]) == fasts


def without_logical_types(schema):
    """Numbers stay numbers: fastavro makes times of them."""
    if isinstance(schema, list):
        return [without_logical_types(inner) for inner in schema]
    if isinstance(schema, dict):
        return {key: without_logical_types(inner) for key, inner in schema.items() if key != "logicalType"}
    return schema


@pytest.mark.parametrize("name", ["LoginEvent", "AlertJob", "Decision", "Delivery"])
def test_our_own_schemas_are_read_by_all(plan, avroc, java, name):
    schema = json.loads((SOURCE / "schemas" / f"{name}.avsc").read_text())
    for rng in rounds(20):
        values = [Values(rng, schema, valid=True).value() for _ in range(10)]
        ours = plan.ask(schema, schema, values)
        assert ours == avroc.ask(schema, None, values) == java.ask(schema, schema, values)
        fasts = avro_readers.fastavro_read(without_logical_types(schema), None, values)
        for value, our, fast in zip(values, ours, fasts):
            assert not avro_readers.refused(our), value.hex()
            assert avro_readers.same_as_fastavro(our, fast), (value.hex(), our, fast)
