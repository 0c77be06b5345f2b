"""Checks the PEM files of Kafka's options before any client opens them, because Java's clients say late what is wrong.

Both kinds of client read them: Java's take a key in PKCS #8 alone, and Python's would ask for a missing password on the
terminal. No message has anything of a file's content.
"""

from __future__ import annotations

import base64
import re
import ssl
from collections.abc import Mapping
from pathlib import Path

from streaming.errors import UsageError

TRUSTSTORE, KEYSTORE = "ssl.truststore.location", "ssl.keystore.location"
# The identifier of this form of encryption, openssl's default: Java 17 finds no class for it.
_PBES2 = bytes.fromhex("06092a864886f70d01050d")
_KEY = re.compile(r"-----BEGIN ((?:[A-Z]+ )*)PRIVATE KEY-----")


def check_pem(name: str, path: str, options: Mapping[str, str]) -> None:
    """Check the PEM file that the option `name` names, a truststore or a keystore; raises `UsageError`."""
    file = Path(path)
    if not file.is_file():
        raise UsageError(f"The Kafka option '{name}' names {path}, which is no file.")
    try:
        text = file.read_bytes().decode("latin-1")
    except OSError as error:
        raise UsageError(f"The Kafka option '{name}' names {path}, which cannot be read: {error.strerror}.") from error
    password = name.replace(".location", ".password")
    if password in options:
        raise UsageError(
            f"The Kafka option '{password}' is for Java's own stores, and {path} is a PEM file; leave it out (the "
            "password of a key is ssl.key.password)."
        )
    problem = _problem_of_keystore(text, path, options) if name == KEYSTORE else _problem_of_truststore(path)
    if problem:
        raise UsageError(f"The Kafka option '{name}' names {path}, {problem}.")


def _problem_of_truststore(path: str) -> str | None:
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cafile=path)
    except (ssl.SSLError, OSError):
        return "which holds no certificate that can be read: it takes PEM (-----BEGIN CERTIFICATE-----)"
    return None


def _der(text: str, start: int) -> bytes:
    """Return the bytes of the PEM block whose content begins at `start`; none when it is no Base64."""
    try:
        return base64.b64decode(text[start : text.find("-----END", start)])
    except ValueError:
        return b""


def _problem_of_keystore(text: str, path: str, options: Mapping[str, str]) -> str | None:
    key, password = _KEY.search(text), options.get("ssl.key.password")
    if key is None or "-----BEGIN CERTIFICATE-----" not in text:
        missing = "private key" if key is None else "certificate"
        return f"which holds no {missing}: a keystore in PEM is one file of certificate and private key"
    if key[1] not in ("", "ENCRYPTED "):
        return f"whose key is in the form '{key[1]}PRIVATE KEY': Java reads PKCS #8 alone (`openssl pkcs8 -topk8`)"
    if key[1] and _PBES2 in _der(text, key.end()):
        return (
            "whose key is encrypted as Java cannot read it (PBES2): encrypt it with `openssl pkcs8 -topk8 -v1 "
            "PBE-SHA1-3DES`, or leave it without a password and readable by its user alone"
        )
    if key[1] and password is None:
        return "whose key is encrypted: set ssl.key.password, too"
    if not key[1] and password is not None:
        return "whose key is not encrypted: leave ssl.key.password out"
    try:
        # Never None: OpenSSL would ask for it on the terminal.
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_cert_chain(path, password=password or "")
    except (ssl.SSLError, OSError, ValueError):
        return "whose certificate or key cannot be read, or do not belong together, or ssl.key.password is another's"
    return None
