"""Sealed recipients against PyNaCl and fastavro: what is sealed here opens there, what is sealed there opens here."""
import base64
import json
import stat

import nacl.exceptions
import pytest
from nacl.public import PrivateKey

from process import free_port
from records import login
from sealed import make_pair, open_sealed, read_public, read_secret, seal
from services import SOURCE, Program, write_hash_keys

VECTORS = [json.loads(line) for line in (SOURCE / "tests/data/sealed-recipients.jsonl").read_text().splitlines()]


@pytest.fixture
def detector(build_dir, folder):
    def make(seal_key=None, settings=None):
        return Program("login-alert-detector", build_dir / "bin" / "login-alert-detector", folder / "detector",
                       {"hash.keys.file": write_hash_keys(folder / "hash.keys"), "seal.key.file": seal_key,
                        **(settings or {})})
    return make


@pytest.fixture
def mailer(build_dir, folder):
    def make(seal_key=None, settings=None):
        return Program("login-alert-mailer", build_dir / "bin" / "login-alert-mailer", folder / "mailer",
                       {"seal.key.file": seal_key, **(settings or {})})
    return make


@pytest.fixture
def pair(mailer, folder):
    """Paths of the two halves, made by keygen."""
    return make_pair(mailer(), folder / "seal.key")


def decide_job(program, event):
    done = program.command("decide", "--jobs", stdin=json.dumps(event).encode() + b"\n")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)["job"]


def render(program, job, code=0):
    done = program.command("render", "--job", "-", stdin=json.dumps(job).encode())
    assert done.returncode == code, done.stderr
    return done


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_vectors_are_what_another_implementation_makes(vector):
    secret = PrivateKey(bytes.fromhex(vector["secret"]))
    sender = PrivateKey(bytes.fromhex(vector["sender_secret"]))
    recipient = {"email": vector["email"], "member_id": vector["member_id"]}
    assert bytes(secret.public_key).hex() == vector["public"]
    assert seal(recipient, secret.public_key, sender, bytes.fromhex(vector["nonce"])).hex() == vector["sealed"]
    assert open_sealed(bytes.fromhex(vector["sealed"]), secret) == recipient


def test_the_documented_vector_is_the_first_of_the_file():
    text = (SOURCE / "schemas/README.md").read_text()
    sealed = VECTORS[0]["sealed"]
    lines = ["01", sealed[2:66], sealed[66:114], sealed[114:146], sealed[146:]]
    assert "".join(f"    {line}\n" for line in lines) in text
    assert f"`{VECTORS[0]['public']}`" in text


def test_keygen_makes_two_halves_of_one_key_and_only_the_owner_reads_the_secret(pair):
    secret, public = pair
    assert read_secret(secret).public_key == read_public(public)
    assert stat.S_IMODE(secret.stat().st_mode) == 0o600


@pytest.mark.parametrize("email", ["m1@example.jp", None, "日本語@example.jp"])
def test_the_detectors_seal_opens_to_the_recipient_and_nothing_is_in_clear(detector, pair, email):
    secret, public = pair
    event = {**login("e0", "m-123456321"), "email": email}
    done = detector(public).command("decide", "--jobs", stdin=json.dumps(event).encode() + b"\n")
    job = json.loads(done.stdout)["job"]
    assert job["recipient"] is None
    sealed = base64.b64decode(job["recipient_sealed"])
    assert open_sealed(sealed, read_secret(secret)) == {"email": email, "member_id": "m-123456321"}
    assert b"123456321" not in done.stdout and b"example.jp" not in done.stdout
    with pytest.raises(nacl.exceptions.CryptoError):
        open_sealed(sealed, PrivateKey.generate())


def test_one_process_seals_with_one_sender_and_never_one_nonce_twice(detector, pair):
    lines = "".join(json.dumps(login(f"e{i}", f"m{i}")) + "\n" for i in range(200)).encode()
    seen = []
    for _ in range(2):
        done = detector(pair[1]).command("decide", "--jobs", stdin=lines)
        sealed = [base64.b64decode(json.loads(line)["job"]["recipient_sealed"]) for line in done.stdout.splitlines()]
        assert len(sealed) == 200 and len({each[1:33] for each in sealed}) == 1
        seen += sealed
    assert len({each[1:33] for each in seen}) == 2
    assert len({each[33:57] for each in seen}) == 400


def test_but_for_the_seal_a_job_is_the_one_in_clear(detector, pair):
    event = login("e0", "m1")
    clear, sealed = decide_job(detector(), event), decide_job(detector(pair[1]), event)
    for job in (clear, sealed):
        del job["recipient"], job["recipient_sealed"]
    assert clear == sealed


def test_the_mailer_renders_the_same_mail_from_the_sealed_job(detector, mailer, pair):
    event = login("e0", "m1")
    clear = render(mailer(), decide_job(detector(), event))
    sealed = render(mailer(pair[0]), decide_job(detector(pair[1]), event))
    assert b"To: m1@example.jp\r\n" in clear.stdout
    assert sealed.stdout == clear.stdout


def test_what_the_producer_sealed_passes_through_and_is_mailed(detector, mailer, pair):
    sealed = seal({"email": "p@example.jp", "member_id": "m1"}, read_public(pair[1]))
    event = {**login("e0", "m1"), "email": None, "email_sealed": base64.b64encode(sealed).decode()}
    for key in (None, pair[1]):
        job = decide_job(detector(key), event)
        assert job["recipient"] is None and base64.b64decode(job["recipient_sealed"]) == sealed
        assert b"To: p@example.jp\r\n" in render(mailer(pair[0]), job).stdout


def test_a_job_that_does_not_open_exits_65_and_says_what_to_do(detector, mailer, pair, folder):
    job = decide_job(detector(pair[1]), login("e0", "m1"))
    other, _ = make_pair(mailer(), folder / "other.key")
    assert b"seal.key.file must be the secret key" in render(mailer(), job, code=65).stderr
    assert b"sealed for another key than that of seal.key.file" in render(mailer(other), job, code=65).stderr
    cut = {**job, "recipient_sealed": base64.b64encode(base64.b64decode(job["recipient_sealed"])[:72]).decode()}
    assert b"72 bytes" in render(mailer(pair[0]), cut, code=65).stderr


def test_render_looks_at_the_key_only_for_a_sealed_job(detector, mailer, pair, folder):
    missing = mailer(folder / "missing.key")
    assert render(missing, decide_job(detector(), login("e0", "m1"))).returncode == 0
    refused = render(missing, decide_job(detector(pair[1]), login("e0", "m1")), code=78)
    assert b"seal.key.file: " in refused.stderr and b"missing.key" in refused.stderr


def test_the_wrong_half_is_named_by_every_command(detector, mailer, pair):
    secret, public = pair
    away = {"kafka.bootstrap.servers": f"127.0.0.1:{free_port()}", "redis.url": f"redis://127.0.0.1:{free_port()}"}
    for args in (["decide"], ["run"], ["check"]):
        done = detector(secret, away).command(*args)
        said = (done.stdout + done.stderr).decode()
        assert done.returncode == 78, said
        assert f"seal.key.file: {secret}:1: this is the secret key; the public one is needed here" in said
        assert secret.read_text().split()[-1] not in said
    away = {"kafka.bootstrap.servers": away["kafka.bootstrap.servers"],
            "smtp.url": f"smtp://127.0.0.1:{free_port()}/mailer.test", "smtp.starttls": "never"}
    for args in (["run"], ["check"]):
        done = mailer(public, away).command(*args)
        said = (done.stdout + done.stderr).decode()
        assert done.returncode == 78, said
        assert f"seal.key.file: {public}:1: this is the public key; the secret one is needed here" in said


def test_check_says_that_the_key_is_well_or_may_be_read_by_all(detector, mailer, pair):
    away = {"kafka.bootstrap.servers": f"127.0.0.1:{free_port()}", "redis.url": f"redis://127.0.0.1:{free_port()}"}
    assert b"\nok seal.key.file\n" in detector(pair[1], away).command("check").stdout
    away = {"kafka.bootstrap.servers": away["kafka.bootstrap.servers"],
            "smtp.url": f"smtp://127.0.0.1:{free_port()}/mailer.test", "smtp.starttls": "never"}
    said = mailer(pair[0], away).command("check").stdout
    assert b"\nok seal key\n" in said and b"may be read" not in said
    pair[0].chmod(0o644)
    assert b"may be read by everybody (mode 0644)" in mailer(pair[0], away).command("check").stdout
