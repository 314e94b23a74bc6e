"""Certificates, made when they are asked for: one that the service trusts, and one of nobody's."""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
import tempfile
from functools import cache
from pathlib import Path

from tests.hostile.urls.case import Script

# What the trusted one is for.
TRUSTED = "trusted.example"


def can_be_made() -> bool:
    """Whether there is an openssl to make them."""
    return shutil.which("openssl") is not None


def trusted_file() -> Path:
    """The certificate to trust, as SSL_CERT_FILE takes it."""
    return made(TRUSTED)[0]


@cache
def made(name: str) -> tuple[Path, Path]:
    """Certificate and key for a name and those below it, signed by themselves."""
    certificate, key = _folder() / f"{name}.pem", _folder() / f"{name}.key"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-nodes", "-days", "2", "-newkey", "ec"),
            *("-pkeyopt", "ec_paramgen_curve:prime256v1", "-keyout", key, "-out", certificate),
            *("-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name},DNS:*.{name}"),
        ],
        check=True,
        capture_output=True,
    )
    return certificate, key


def over_tls(script: Script, name: str = TRUSTED) -> Script:
    """The script behind a handshake with the certificate of a name."""

    def wrapped(line: socket.socket) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*made(name))
        with context.wrap_socket(line, server_side=True) as channel:
            script(channel)

    return wrapped


@cache
def _kept() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(ignore_cleanup_errors=True)


def _folder() -> Path:
    return Path(_kept().name)
