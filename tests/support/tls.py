"""Certificates of the tests' own, and whether a build can speak TLS to Redis."""
import subprocess


def make_certificate(folder, names):
    """A self-signed certificate and its key; gives both paths."""
    folder.mkdir()
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                    "-days", "3650", "-subj", "/CN=redis", "-addext", f"subjectAltName={names}", "-keyout", key,
                    "-out", certificate], check=True, capture_output=True)
    return certificate, key


def has_tls(build_dir):
    version = subprocess.run([build_dir / "bin/login-alert-detector", "--version"], capture_output=True, text=True,
                             check=True).stdout
    return "without TLS" not in version
