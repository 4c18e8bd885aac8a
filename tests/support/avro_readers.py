"""Readers of Avro values behind one question: writer's schema, reader's schema, values; and one form of answers.

A value is null, a bool, an int, or {"f": bits of a double}, {"b": hex}, {"e": symbol}, {"r": {field: value}},
{"u": branch, "v": value}; {"error": text} is a refusal.
"""
import copy
import io
import json
import os
import select
import struct
import subprocess

import fastavro
from fastavro.schema import parse_schema

ASAN = "detect_leaks=0:hard_rss_limit_mb=512:allocator_may_return_null=1:max_allocation_size_mb=256"


class Child:
    """A program that answers one line with one line. One that dies or hangs has refused; the next line gets a new one."""

    def __init__(self, command, env=None, timeout_s=20):
        self.command = command
        self.env = {**os.environ, **(env or {})}
        self.timeout_s = timeout_s
        self.process = None

    def close(self):
        if self.process is None:
            return
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()
        self.process = None

    def ask_or_none(self, question):
        if self.process is None:
            self.process = subprocess.Popen(self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=self.env,
                                            stderr=subprocess.DEVNULL)
        try:
            self.process.stdin.write(json.dumps(question).encode() + b"\n")
            self.process.stdin.flush()
            ready, _, _ = select.select([self.process.stdout], [], [], self.timeout_s)
            line = self.process.stdout.readline() if ready else b""
        except BrokenPipeError:
            line = b""
        if not line.endswith(b"\n"):
            self.close()
            return None
        return json.loads(line)

    def ask(self, writer, reader, values):
        """One answer for each value; a refusal of the schemas is one of each value."""
        question = {"writer": writer, "reader": reader, "values": [value.hex() for value in values]}
        answer = self.ask_or_none(question)
        if answer is None and len(values) == 1:
            return [{"error": "died"}]
        if answer is None:
            return [self.ask(writer, reader, [value])[0] for value in values]
        return answer["values"] if "values" in answer else [answer] * len(values)


def plan(build_dir):
    return Child([build_dir / "bin" / "plan_read"], {"ASAN_OPTIONS": "detect_leaks=1:abort_on_error=0"})


def avroc(build_dir):
    # Without sanitizers the limit is the shell's.
    return Child(["/bin/sh", "-c", 'case $2 in plain) ulimit -v 1048576;; esac; ulimit -t 60; exec "$1"', "avroc",
                  build_dir / "bin" / "avroc_read", "plain" if is_plain(build_dir) else "sanitized"],
                 {"ASAN_OPTIONS": ASAN}, timeout_s=5)


def is_plain(build_dir):
    return b"__asan_init" not in (build_dir / "bin" / "avroc_read").read_bytes()


def java(jars):
    return Child(["java", "-Xmx256m", "-Xss512k", "-cp", f"{jars}/*",
                  os.path.join(os.path.dirname(__file__), "java", "AvroOracle.java")], timeout_s=60)


def _from_python(value):
    if value is None or isinstance(value, (bool, int)):
        return value
    if isinstance(value, float):
        return {"f": struct.pack(">d", value).hex()}
    if isinstance(value, str):
        return {"b": value.encode("utf-8", "surrogatepass").hex()}
    if isinstance(value, (bytes, bytearray)):
        return {"b": bytes(value).hex()}
    if isinstance(value, dict):
        return {"r": {name: _from_python(inner) for name, inner in value.items()}}
    return None  # arrays


def _typed_default(schema, default):
    if isinstance(schema, list):
        return _typed_default(schema[0], default)
    if not isinstance(schema, dict):
        return default.encode("latin-1") if schema == "bytes" else default
    if schema["type"] == "fixed":
        return default.encode("latin-1")
    if schema["type"] == "record":
        types = {field["name"]: field["type"] for field in schema["fields"]}
        return {name: _typed_default(types[name], value) for name, value in default.items()}
    return default


def _type_defaults(schema):
    """fastavro gives a default as it stands in the parsed schema: bytes must stand there as bytes."""
    if isinstance(schema, list):
        for branch in schema:
            _type_defaults(branch)
    if isinstance(schema, dict):
        for field in schema.get("fields", []):
            _type_defaults(field["type"])
            if "default" in field:
                field["default"] = _typed_default(field["type"], field["default"])


def fastavro_read(writer, reader, values):
    """fastavro tells neither branches nor symbols from texts: compare with plain()."""
    try:
        parsed = parse_schema(copy.deepcopy(writer))
        wanted = None if reader is None else parse_schema(copy.deepcopy(reader))
        _type_defaults(wanted)
    except Exception as error:  # noqa: BLE001: its refusals have many types
        return [{"error": f"{type(error).__name__}: {error}"}] * len(values)
    answers = []
    for value in values:
        source = io.BytesIO(value)
        try:
            read = fastavro.schemaless_reader(source, parsed, wanted)
            if source.read(1):
                raise ValueError("bytes are left")
            answers.append(_from_python(read))
        except Exception as error:  # noqa: BLE001
            answers.append({"error": f"{type(error).__name__}: {error}"})
    return answers


def plain(answer):
    """Without branches, symbols as texts: what fastavro tells."""
    if not isinstance(answer, dict):
        return answer
    if "u" in answer:
        return plain(answer["v"])
    if "e" in answer:
        return {"b": answer["e"].encode().hex()}
    if "r" in answer:
        return {"r": {name: plain(value) for name, value in answer["r"].items()}}
    return answer


def single(bits):
    """The double in hex, rounded to a float and back."""
    value = struct.unpack(">d", bytes.fromhex(bits))[0]
    try:
        return struct.pack(">d", struct.unpack(">f", struct.pack(">f", value))[0]).hex()
    except OverflowError:
        return bits


def took_first_branch(our, their):
    """Did fastavro read a number as the first real type of the union, where we keep the writer's own type?"""
    return (isinstance(our.get("v"), int) and isinstance(their, dict) and "f" in their
            and their["f"] in (real := struct.pack(">d", our["v"]).hex(), single(real)))


def same_as_fastavro(our, their):
    """Equal, but for the two things in which fastavro differs: see DIFFERENCES in test_avro_differential.py."""
    if isinstance(our, dict) and "u" in our:
        return same_as_fastavro(our["v"], their) or took_first_branch(our, their)
    if isinstance(our, dict) and isinstance(their, dict):
        if "r" in our and "r" in their:
            return our["r"].keys() == their["r"].keys() and all(
                same_as_fastavro(value, their["r"][name]) for name, value in our["r"].items())
        if "f" in our and "f" in their:
            return our["f"] in (their["f"], single(their["f"]))
    our = plain(our)
    return our == their and isinstance(our, bool) == isinstance(their, bool)


def refused(answer):
    return isinstance(answer, dict) and "error" in answer
