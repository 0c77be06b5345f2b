"""A stand-in for an identity provider: it gives tokens for client credentials, and publishes its public key."""

from __future__ import annotations

import base64
import json
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote_plus

AUDIENCE = "kafka"


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class IdentityProvider:
    """Its state: the clients with their secrets, the seconds that a token lives, and whether it answers at all."""

    def __init__(self, folder: Path, clients: Mapping[str, str]) -> None:
        self._key = folder / "signing.key"
        subprocess.run(["openssl", "genrsa", "-out", self._key, "2048"], check=True, capture_output=True)
        self.clients, self.lifetime, self.failing = dict(clients), 3600, False
        # How many tokens it has given.
        self.tokens = 0
        # What it answers in the place of a token.
        self.body: bytes | None = None
        self.url = ""

    @property
    def jwks_url(self) -> str:
        """Where a broker reads the key."""
        return f"{self.url}/jwks"

    @property
    def token_url(self) -> str:
        """Where a client gets a token."""
        return f"{self.url}/token"

    def jwks(self) -> bytes:
        """Return the public key as a JSON Web Key Set."""
        printed = subprocess.run(
            ["openssl", "rsa", "-in", self._key, "-modulus", "-noout"], check=True, capture_output=True, text=True
        ).stdout
        modulus = bytes.fromhex(printed.strip().removeprefix("Modulus="))
        key = {"kty": "RSA", "kid": "1", "alg": "RS256", "use": "sig", "n": _base64(modulus), "e": "AQAB"}
        return json.dumps({"keys": [key]}).encode()

    def answer(self, authorization: str, body: str) -> tuple[int, bytes]:
        """Return status and body for a request of a token."""
        if self.failing:
            return 503, b"{}"
        kind, _, text = authorization.partition(" ")
        name, _, secret = base64.b64decode(text).decode().partition(":")
        name, secret = unquote_plus(name), unquote_plus(secret)
        if kind != "Basic" or self.clients.get(name) != secret or "grant_type=client_credentials" not in body:
            return 401, json.dumps({"error": "invalid_client"}).encode()
        if self.body is not None:
            return 200, self.body
        self.tokens += 1
        token = self._sign({"sub": name, "aud": AUDIENCE, "iss": self.url, "scope": "kafka"})
        return 200, json.dumps({"access_token": token, "token_type": "Bearer", "expires_in": self.lifetime}).encode()

    def _sign(self, claims: Mapping[str, object]) -> str:
        now = int(time.time())
        parts = ({"alg": "RS256", "kid": "1", "typ": "JWT"}, {**claims, "iat": now, "exp": now + self.lifetime})
        text = ".".join(_base64(json.dumps(part).encode()) for part in parts)
        signature = subprocess.run(
            ["openssl", "dgst", "-sha256", "-sign", self._key], input=text.encode(), check=True, capture_output=True
        ).stdout
        return f"{text}.{_base64(signature)}"


@contextmanager
def identity_provider(folder: Path, clients: Mapping[str, str]) -> Iterator[IdentityProvider]:
    """Have an identity provider on loopback for as long as the context lasts."""
    provider = IdentityProvider(folder, clients)
    keys = provider.jwks()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(200, keys)

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            self._answer(*provider.answer(self.headers["Authorization"] or "", body))

        def _answer(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nothing: the test's output is pytest's."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    provider.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), name="identity-provider")
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
