"""Random Avro schemas, readers' schemas that have evolved from them, and random values as bytes."""
import copy
import itertools
import struct

PRIMITIVES = ["null", "boolean", "int", "long", "float", "double", "bytes", "string"]
PROMOTIONS = {"int": ["long", "float", "double"], "long": ["float", "double"], "float": ["double"],
              "string": ["bytes"], "bytes": ["string"]}
TEXTS = ["", "x", "日本", "a\x00b", "Mozilla/5.0 (iPhone)", "é" * 70]


class Schemas:
    """Schemas over one random source. Without containers there are neither arrays, maps nor recursion."""

    def __init__(self, rng, containers=True):
        self.rng = rng
        self.containers = containers
        self.numbers = itertools.count()

    def name(self, kind):
        return f"{kind}{next(self.numbers)}"

    def record(self, depth=3, name=None):
        rng, own = self.rng, name or self.name("R")
        fields = [{"name": f"f{next(self.numbers)}", "type": self.schema(depth - 1, own)}
                  for _ in range(rng.choice([0, 1, 2, 3, 5, 8]))]
        return {"type": "record", "name": own, "fields": fields}

    def enum(self):
        symbols = [f"S{i}" for i in range(self.rng.randint(1, 5))]
        schema = {"type": "enum", "name": self.name("E"), "symbols": symbols}
        if self.rng.random() < 0.5:
            schema["default"] = self.rng.choice(symbols)
        return schema

    def union(self, depth, enclosing):
        branches, seen = [], set()
        for _ in range(self.rng.randint(1, 4)):
            branch = self.schema(depth - 1, enclosing, union=False)
            kind = branch if isinstance(branch, str) else branch.get("name", branch["type"])
            if kind not in seen:
                seen.add(kind)
                branches.append(branch)
        return branches

    def schema(self, depth, enclosing=None, union=True):
        rng = self.rng
        kinds = ["primitive"] * 4 + ["enum", "fixed"]
        if depth > 0:
            kinds += ["record", "optional"] + (["union"] if union else []) + (["array", "map"] if self.containers else [])
            if self.containers and enclosing and union:
                kinds.append("recursion")
        kind = rng.choice(kinds)
        if kind == "enum":
            return self.enum()
        if kind == "fixed":
            return {"type": "fixed", "name": self.name("F"), "size": rng.choice([1, 2, 16])}
        if kind == "record":
            return self.record(depth)
        if kind == "optional" and union:
            return rng.choice([["null", "string"], ["string", "null"], ["null", "bytes"], ["null", "long"]])
        if kind == "union":
            return self.union(depth, enclosing)
        if kind == "array":
            return {"type": "array", "items": self.schema(depth - 1, enclosing)}
        if kind == "map":
            return {"type": "map", "values": self.schema(depth - 1, enclosing)}
        if kind == "recursion":
            return ["null", enclosing]
        return rng.choice(PRIMITIVES)


def number(value):
    """An int or long on the wire."""
    rest = (value << 1) ^ (value >> 63)
    rest &= (1 << 64) - 1
    out = bytearray()
    while rest > 0x7F:
        out.append(rest & 0x7F | 0x80)
        rest >>= 7
    out.append(rest)
    return bytes(out)


def named(schema, names=None):
    """Named types of a schema by name."""
    names = {} if names is None else names
    if isinstance(schema, list):
        for branch in schema:
            named(branch, names)
    elif isinstance(schema, dict):
        if "name" in schema:
            names[schema["name"]] = schema
        for field in schema.get("fields", []):
            named(field["type"], names)
        for inner in ("items", "values"):
            if inner in schema:
                named(schema[inner], names)
    return names


class Values:
    """Random values of a schema, encoded. valid: strings are UTF-8, and bytes too (they may be promoted)."""

    def __init__(self, rng, schema, valid=False):
        self.rng = rng
        self.names = named(schema)
        self.root = schema
        self.valid = valid

    def value(self):
        return self.encode(self.root, 0)

    def text(self):
        if self.valid or self.rng.random() < 0.5:
            return self.rng.choice(TEXTS).encode()
        return self.rng.randbytes(self.rng.choice([0, 1, 5, 70]))

    def blocks(self, item, depth):
        out = b""
        for _ in range(self.rng.choice([0, 0, 1, 2]) if depth < 8 else 0):
            count = self.rng.randint(1, 3)
            items = b"".join(item() for _ in range(count))
            out += number(count) if self.rng.random() < 0.5 else number(-count) + number(len(items))
            out += items
        return out + number(0)

    def union(self, branches, depth):
        index = self.rng.randrange(len(branches))
        if depth > 8 and "null" in branches:
            index = branches.index("null")
        return number(index) + self.encode(branches[index], depth + 1)

    def primitive(self, kind):
        rng = self.rng
        if kind == "null":
            return b""
        if kind == "boolean":
            return bytes([rng.randint(0, 1)])
        if kind == "int":
            return number(rng.choice([0, -1, 2**31 - 1, -(2**31), rng.randint(-(2**31), 2**31 - 1), rng.randint(-99, 99)]))
        if kind == "long":
            return number(rng.choice([0, 63, 64, 2**63 - 1, -(2**63), rng.randint(-(2**63), 2**63 - 1)]))
        if kind == "float":
            return struct.pack("<f", rng.choice([0.0, -1.5, 3e38, float("inf"), rng.random()]))
        if kind == "double":
            return struct.pack("<d", rng.choice([0.0, -1.5, 1e308, float("-inf"), rng.random()]))
        text = self.text()
        return number(len(text)) + text

    def encode(self, schema, depth):
        if isinstance(schema, list):
            return self.union(schema, depth)
        if isinstance(schema, str):
            if schema in PRIMITIVES:
                return self.primitive(schema)
            schema = self.names[schema]
        kind = schema["type"]
        if kind == "record":
            return b"".join(self.encode(field["type"], depth + 1) for field in schema["fields"])
        if kind == "enum":
            return number(self.rng.randrange(len(schema["symbols"])))
        if kind == "fixed":
            return self.rng.randbytes(schema["size"])
        if kind == "array":
            return self.blocks(lambda: self.encode(schema["items"], depth + 1), depth)
        if kind == "map":
            return self.blocks(lambda: self.primitive("string") + self.encode(schema["values"], depth + 1), depth)
        return self.primitive(kind)


def is_readable(schema, enclosing=()):
    """Has a plan slots for it: no array, no map, no recursion."""
    if isinstance(schema, list):
        return all(is_readable(branch, enclosing) for branch in schema)
    if isinstance(schema, str):
        return schema not in enclosing
    if schema["type"] in ("array", "map"):
        return False
    if schema["type"] == "record":
        return all(is_readable(field["type"], (*enclosing, schema["name"])) for field in schema["fields"])
    return True


def readable(schema):
    """The schema without the fields that a plan can only skip. Top: a record."""
    schema = copy.deepcopy(schema)
    schema["fields"] = [field for field in schema["fields"] if is_readable(field["type"], (schema["name"],))]
    return schema


class Evolution:
    """A reader's schema from a writer's: each step is one that producers and consumers take in practice, or a mistake."""

    def __init__(self, rng, schemas):
        self.rng = rng
        self.schemas = schemas

    def reader(self, writer):
        return self.record(readable(writer))

    def default(self, schema):
        rng = self.rng
        if isinstance(schema, list):
            return self.default(schema[0])
        kind = schema if isinstance(schema, str) else schema["type"]
        if kind == "record":
            return {field["name"]: self.default(field["type"]) for field in schema["fields"]}
        if kind == "enum":
            return rng.choice(schema["symbols"])
        if kind == "fixed":
            return "".join(chr(rng.randint(0, 255)) for _ in range(schema["size"]))
        return {"null": None, "boolean": rng.random() < 0.5, "int": rng.randint(-9, 9), "long": rng.randint(-(2**62), 2**62),
                "float": 0.5, "double": -0.25, "bytes": "\x00ÿ", "string": "dé"}[kind]

    def added(self):
        kind = self.schemas.schema(2)
        while kind == [] or not is_readable(kind):
            kind = self.schemas.schema(2)
        field = {"name": self.schemas.name("n"), "type": kind}
        if self.rng.random() < 0.97:
            field["default"] = self.default(kind)
        return field

    def record(self, schema):
        rng = self.rng
        fields = []
        for field in schema["fields"]:
            if rng.random() < 0.1:
                continue
            field = {"name": field["name"], "type": self.evolve(field["type"])}
            if rng.random() < 0.15:
                field["aliases"] = [self.schemas.name("o"), field["name"]]
                field["name"] = self.schemas.name("n")
            if rng.random() < 0.2:
                field["default"] = self.default(field["type"]) if field["type"] != [] else None
            fields.append(field)
        while rng.random() < 0.3:
            fields.append(self.added())
        if rng.random() < 0.3:
            rng.shuffle(fields)
        out = {"type": "record", "name": schema["name"], "fields": fields}
        return self.renamed(out, 0.05)

    def renamed(self, schema, chance):
        if self.rng.random() < chance:
            schema = {**schema, "aliases": [schema["name"]], "name": self.schemas.name("N")}
        return schema

    def enum(self, schema):
        rng, symbols = self.rng, list(schema["symbols"])
        if rng.random() < 0.3:
            symbols.append(f"T{rng.randint(0, 9)}")
        if rng.random() < 0.3 and len(symbols) > 1:
            symbols.remove(rng.choice(symbols))
        if rng.random() < 0.3:
            rng.shuffle(symbols)
        out = {"type": "enum", "name": schema["name"], "symbols": symbols}
        if rng.random() < 0.6:
            out["default"] = rng.choice(symbols)
        return self.renamed(out, 0.1)

    def union(self, branches):
        rng = self.rng
        out = [self.evolve(branch, wrap=False) for branch in branches if rng.random() > 0.15]
        out = [b for i, b in enumerate(out) if b not in out[:i]]
        if rng.random() < 0.2 and "boolean" not in out:
            out.append("boolean")
        if rng.random() < 0.2:
            rng.shuffle(out)
        if rng.random() < 0.1 and out:
            return rng.choice(out)
        return out or ["null"]

    def evolve(self, schema, wrap=True):
        rng = self.rng
        if isinstance(schema, list):
            return self.union(schema)
        if wrap and rng.random() < 0.1 and schema != "null":
            inner = self.evolve(schema, wrap=False)
            return ["null", inner] if inner != "null" else inner
        if isinstance(schema, str):
            if schema in PROMOTIONS and rng.random() < 0.25:
                return rng.choice(PROMOTIONS[schema])
            return rng.choice(PRIMITIVES) if rng.random() < 0.02 else schema
        kind = schema["type"]
        if kind == "record":
            return self.record(schema)
        if kind == "enum":
            return self.enum(schema)
        return self.renamed(dict(schema), 0.1)
