"""Sealed recipients by PyNaCl and fastavro, from the format's description alone (schemas/README.md)."""
import io
import json

import fastavro
from nacl.public import Box, PrivateKey, PublicKey

from privacy import watch
from services import SOURCE


def recipient_schema():
    """Recipient as the alert job's schema file has it."""
    job = json.loads((SOURCE / "schemas/AlertJob.avsc").read_text())
    field = next(field for field in job["fields"] if field["name"] == "recipient")
    return {**field["type"][1], "namespace": job["namespace"]}


def seal(recipient, public, sender=None, nonce=None):
    sender = sender or PrivateKey.generate()
    record = io.BytesIO()
    fastavro.schemaless_writer(record, recipient_schema(), recipient)
    sealed = Box(sender, public).encrypt(record.getvalue(), nonce)
    return b"\x01" + bytes(sender.public_key) + sealed.nonce + sealed.ciphertext


def open_sealed(sealed, secret):
    """Raises nacl.exceptions.CryptoError when it does not open."""
    assert sealed[0] == 1
    record = io.BytesIO(Box(secret, PublicKey(sealed[1:33])).decrypt(sealed[57:], sealed[33:57]))
    recipient = fastavro.schemaless_reader(record, recipient_schema())
    assert record.read() == b"", "the record is followed by more bytes"
    return recipient


def make_pair(mailer, path):
    """keygen: the paths of the secret and of the public half."""
    done = mailer.command("keygen", path, config=False)
    assert done.returncode == 0, done.stderr
    watch.secret_file(path)
    return path, path.with_name(path.name + ".pub")


def _read_key(path, half):
    header, key = path.read_text().splitlines()
    assert header == f"login-alert-seal-{half} 1"
    return bytes.fromhex(key)


def read_secret(path):
    return PrivateKey(_read_key(path, "secret"))


def read_public(path):
    return PublicKey(_read_key(path, "public"))
