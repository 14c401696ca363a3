"""Certificates of a test's own, by openssl.

Those of a Kafka with an authority above them are made in `tests.kafka.test_security`.
"""

import subprocess
from pathlib import Path


def certificate(folder: Path, name: str) -> Path:
    """A certificate for this host that is its own authority, with its key beside it."""
    made = folder / f"{name}.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
            *("-subj", f"/CN={name}", "-addext", "subjectAltName=IP:127.0.0.1"),
            *("-keyout", str(made.with_suffix(".key")), "-out", str(made)),
        ],
        check=True,
        capture_output=True,
    )
    return made
