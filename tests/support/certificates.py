"""Certificates for tests, made with openssl: an authority, and what it signs for a server or a client."""

from __future__ import annotations

import subprocess
from pathlib import Path


class Authority:
    """A certificate authority in a folder of its own; its certificate is `file`."""

    def __init__(self, folder: Path, name: str = "authority") -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder, self._key, self.file = folder, folder / f"{name}.key", folder / f"{name}.pem"
        self.name = name
        _openssl(
            "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", self._key, "-out", self.file, "-days", 30,
            "-subj", f"/CN={name}",
        )  # fmt: skip

    def sign(self, name: str, *, hosts: str = "", days: int = 30, password: str = "") -> Path:
        """Return a PEM file of key and certificate; `hosts` is openssl's subjectAltName, `password` the key's."""
        key, request, certificate = (self._folder / f"{self.name}-{name}.{kind}" for kind in ("key", "csr", "crt"))
        extensions, whole = self._folder / f"{self.name}-{name}.ext", self._folder / f"{self.name}-{name}.pem"
        _openssl(
            "req", "-new", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", request, "-subj", f"/CN={name}"
        )
        extensions.write_text(f"subjectAltName={hosts}\n" if hosts else "basicConstraints=CA:FALSE\n")
        _openssl(
            "x509", "-req", "-in", request, "-CA", self.file, "-CAkey", self._key, "-CAcreateserial", "-days", days,
            "-extfile", extensions, "-out", certificate,
        )  # fmt: skip
        if password:
            # Java reads this form of encryption.
            locked = key.with_suffix(".locked")
            _openssl(
                "pkcs8", "-topk8", "-in", key, "-out", locked, "-v1", "PBE-SHA1-3DES", "-passout", f"pass:{password}"
            )
            key = locked
        whole.write_text(key.read_text() + certificate.read_text())
        whole.chmod(0o600)
        return whole


def _openssl(*arguments: object) -> None:
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)
