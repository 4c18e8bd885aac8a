"""A Kafka with TLS, SASL and ACLs, and the certificates for it, made by openssl.

Listeners: PLAINTEXT for the tests themselves (whose principal may do everything), SASL (SASL_SSL with PLAIN, SCRAM-SHA-256 and
SCRAM-SHA-512), MUTUAL (SSL, a client's certificate is required), and SSL with a certificate that is wrong: EXPIRED, EARLY,
ELSEWHERE. show() changes the certificate that SASL shows.
"""
import ssl
import subprocess
from pathlib import Path

import confluent_kafka
from confluent_kafka.admin import (AclBinding, AclOperation, AclPermissionType, AlterConfigOpType, ConfigEntry,
                                   ConfigResource, ResourcePatternType, ResourceType, ScramCredentialInfo, ScramMechanism,
                                   UserScramCredentialUpsertion)

from process import free_port, wait_until
from services import Kafka

CA_CONFIG = """
[ca]
default_ca=own
[own]
database={folder}/index.txt
rand_serial=yes
new_certs_dir={folder}
default_md=sha256
policy=any
x509_extensions=leaf
copy_extensions=copy
unique_subject=no
[any]
commonName=supplied
[leaf]
basicConstraints=critical,CA:false
[authority]
basicConstraints=critical,CA:true
keyUsage=critical,keyCertSign,cRLSign
"""
CREDENTIALS = {"u-plain1": "open sesame 7", "u-scram1": "0pen-sesame-8"}  # PLAIN, both SCRAMs


class Authority:
    """A CA: issue() gives the path of a PEM file with key and certificate, and the paths of the two alone."""

    def __init__(self, folder):
        self.folder = folder
        folder.mkdir(parents=True)
        (folder / "index.txt").touch()
        self.config = folder / "ca.conf"
        self.config.write_text(CA_CONFIG.format(folder=folder))
        self.key, self.certificate = self._request("ca"), folder / "ca.pem"
        self._sign("ca", self.certificate, "20250101000000Z", "20991231235959Z", "-selfsign", "-extensions", "authority")

    def _openssl(self, *words):
        subprocess.run(["openssl", *map(str, words)], check=True, capture_output=True)

    def _request(self, name, *options):
        key = self.folder / f"{name}.key"
        self._openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", f"/CN={name}",
                      *options, "-keyout", key, "-out", self.folder / f"{name}.csr")
        return key

    def _sign(self, name, certificate, start, end, *options):
        self._openssl("ca", "-batch", "-config", self.config, "-keyfile", self.key, *options, "-in", self.folder / f"{name}.csr",
                      "-startdate", start, "-enddate", end, "-notext", "-out", certificate)

    def issue(self, name, names="IP:127.0.0.1,DNS:localhost", start="20250101000000Z", end="20991231235959Z"):
        key, certificate = self._request(name, "-addext", f"subjectAltName={names}"), self.folder / f"{name}.crt"
        self._sign(name, certificate, start, end, "-cert", self.certificate)
        both = self.folder / f"{name}.pem"
        both.write_text(key.read_text() + certificate.read_text() + self.certificate.read_text())
        return both, key, certificate


SCRAM = "org.apache.kafka.common.security.scram.ScramLoginModule required;"
PLAIN = "org.apache.kafka.common.security.plain.PlainLoginModule required {users};"


class SecureKafka(Kafka):
    def __init__(self, folder, jars):
        self.good, self.other = Authority(folder / "ca"), Authority(folder / "other-ca")
        certificates = {
            "SASL": self.good.issue("broker"),
            "MUTUAL": self.good.issue("mutual"),
            "EXPIRED": self.good.issue("expired", end="20250601000000Z"),
            "EARLY": self.good.issue("early", start="20900101000000Z"),
            "ELSEWHERE": self.good.issue("elsewhere", "DNS:elsewhere.example"),
        }
        self.stores = {name: made[0] for name, made in certificates.items()}
        self.client = self.good.issue("client")
        ports = {name: free_port() for name in certificates}
        self.listeners = {name: f"127.0.0.1:{port}" for name, port in ports.items()}
        protocols = ",".join(f"{name}:{'SASL_SSL' if name == 'SASL' else 'SSL'}" for name in ports)
        users = " ".join(f'user_{name}="{password}"' for name, password in CREDENTIALS.items())
        super().__init__(folder / "broker", jars, {
            "listener.security.protocol.map": f"PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,{protocols}",
            "listener.name.sasl.sasl.enabled.mechanisms": "PLAIN,SCRAM-SHA-256,SCRAM-SHA-512",
            "listener.name.sasl.plain.sasl.jaas.config": PLAIN.format(users=users),
            "listener.name.sasl.scram-sha-256.sasl.jaas.config": SCRAM,
            "listener.name.sasl.scram-sha-512.sasl.jaas.config": SCRAM,
            "listener.name.mutual.ssl.client.auth": "required",
            **{f"listener.name.{name.lower()}.ssl.{key}": value for name, store in self.stores.items() for key, value in {
                "keystore.type": "PEM", "keystore.location": store, "truststore.type": "PEM",
                "truststore.location": self.good.certificate}.items()},
            "ssl.allow.dn.changes": "true",
            "ssl.allow.san.changes": "true",
            "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
            "allow.everyone.if.no.acl.found": "true",
            "super.users": "User:ANONYMOUS",
            "broker.session.timeout.ms": 20000,
        }, listeners=ports)

    def start(self):
        super().start()
        for name, password in CREDENTIALS.items():
            for mechanism in (ScramMechanism.SCRAM_SHA_256, ScramMechanism.SCRAM_SHA_512):
                self.set_password(name, password, mechanism)
        return self

    def settings(self, folder, mechanism="PLAIN", user="u-plain1", password=None):
        """What a program needs to log in; the password's file is made in folder."""
        path = folder / f"kafka-{len(list(folder.glob('kafka-*.password')))}.password"
        path.write_text((password or CREDENTIALS[user]) + "\n")
        return {"kafka.bootstrap.servers": self.listeners["SASL"], "kafka.security.protocol": "SASL_SSL",
                "kafka.sasl.mechanism": mechanism, "kafka.sasl.username": user, "kafka.sasl.password.file": path,
                "kafka.ssl.ca.location": self.good.certificate}

    def grant(self, user, kind, name, operation):
        """From now on this and no more may be done, by those only to whom it was granted."""
        acl = AclBinding(kind, name, ResourcePatternType.LITERAL, f"User:{user}", "*", operation, AclPermissionType.ALLOW)
        self.admin.create_acls([acl])[acl].result(60)

    def show(self, name):
        """From now on SASL shows the certificate of that listener to those who connect."""
        broker = ConfigResource(ResourceType.BROKER, "1", incremental_configs=[
            ConfigEntry("listener.name.sasl.ssl.keystore.location", str(self.stores[name]), incremental_operation=AlterConfigOpType.SET)])
        self.admin.incremental_alter_configs([broker])[broker].result(60)
        host, port = self.listeners["SASL"].split(":")
        wanted = self.stores[name].read_text()
        wait_until(lambda: all(ssl.get_server_certificate((host, int(port))) in wanted for _ in range(6)), 60,
                   "each of the broker's threads shows it")

    def set_password(self, name, password, mechanism=ScramMechanism.SCRAM_SHA_512):
        change = UserScramCredentialUpsertion(name, ScramCredentialInfo(mechanism, 4096), password.encode())
        self.admin.alter_user_scram_credentials([change])[name].result(60)


def newer_librdkafka(folder):
    """Environment in which a program runs with the librdkafka of the tests' own clients, which is newer than Debian 12's."""
    found = next((Path(confluent_kafka.__file__).parent.parent / "confluent_kafka.libs").glob("librdkafka-*.so.1"))
    libraries = folder / "newer-librdkafka"
    libraries.mkdir(exist_ok=True)
    (libraries / "librdkafka.so.1").symlink_to(found)
    return {"LD_LIBRARY_PATH": str(libraries)}
