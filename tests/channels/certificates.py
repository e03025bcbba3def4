"""A certificate that nobody has a reason to trust."""

from __future__ import annotations

import subprocess
from pathlib import Path


def certificate(folder: Path) -> str:
    """A PEM file with a key and its certificate for localhost."""
    key, public, both = folder / "key.pem", folder / "cert.pem", folder / "desk.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    subprocess.run([*command, "-keyout", str(key), "-out", str(public)], check=True, capture_output=True)
    both.write_text(key.read_text() + public.read_text())
    return str(both)
