"""Gets the token of OAUTHBEARER for client credentials, as Java's own class does.

A token is kept until shortly before it expires, and serves all clients of a process. No message has anything of a token
or a secret.
"""

from __future__ import annotations

import json
import math
import re
import threading
import time
from collections.abc import Mapping
from functools import cache
from typing import Any
from urllib.parse import quote_plus

import requests
from kafka.net.sasl.oauth import AbstractTokenProvider
from requests.auth import HTTPBasicAuth
from urllib3.exceptions import HTTPError

from streaming.bounded_answer import AnswerTooLarge, read_answer
from streaming.errors import BrokerAway, BrokerError, GistreamError, reason
from streaming.settings.kafka_options import ENDPOINT, login_of

# As long as Java's class waits for an identity provider by default.
_ANSWER_SECONDS = 10
# A token of an identity provider has some thousands.
_LARGEST = 2**20
# A token is renewed when this share of its life is over, as Java's clients do.
_RENEW_AT = 0.8
# Where the answer does not say how long a token lives.
_LIFETIME_SECONDS = 300.0
# The characters of a token in OAuth.
_TOKEN = re.compile(r"[A-Za-z0-9._~+/-]+=*")


def token_provider(options: Mapping[str, str]) -> ClientCredentials:
    """Return the provider of tokens for options in Kafka's own names, the same one for the same credentials."""
    login = login_of(options)
    return _provider(
        options[ENDPOINT].strip(),
        login["clientId"],
        login["clientSecret"],
        login.get("scope"),
        login.get("ssl.truststore.location"),
        options.get("sasl.oauthbearer.header.urlencode", "").strip().casefold() == "true",
    )


class ClientCredentials(AbstractTokenProvider):  # type: ignore[misc]
    """Tokens of one client of an identity provider; it may be called from any thread."""

    def __init__(
        self, url: str, client: str, secret: str, scope: str | None, authorities: str | None, *, encoded: bool
    ) -> None:
        super().__init__()
        self._url, self._client, self._scope = url, client, scope
        pair = (quote_plus(client), quote_plus(secret)) if encoded else (client, secret)
        # As Java's class does; as text, no secret could have a character beyond Latin-1.
        self._login = HTTPBasicAuth(pair[0].encode(), pair[1].encode())
        self._authorities: str | bool = authorities or True
        self._lock = threading.Lock()
        self._token, self._renew_at = "", 0.0

    def token(self) -> str:
        """Return a token that is valid; raises `BrokerAway` without an answer, `BrokerError` for a client refused."""
        with self._lock:
            if time.monotonic() >= self._renew_at:
                self._token, lifetime = self._ask()
                self._renew_at = time.monotonic() + _RENEW_AT * lifetime
            return self._token

    def _ask(self) -> tuple[str, float]:
        form = {"grant_type": "client_credentials", **({"scope": self._scope} if self._scope else {})}
        try:
            # Without a proxy of the environment's and a login of .netrc: Java's class knows neither.
            with requests.Session() as session:
                session.trust_env = False
                answer = session.post(
                    self._url, data=form, auth=self._login, timeout=_ANSWER_SECONDS, verify=self._authorities,
                    headers={"Accept": "application/json"}, allow_redirects=False, stream=True,
                )  # fmt: skip
                content = read_answer(answer, most=_LARGEST, seconds=_ANSWER_SECONDS)
        except AnswerTooLarge as error:
            raise BrokerError(
                f"The identity provider at {self._url} answers with {error}, which no token has; correct the option "
                f"{ENDPOINT}."
            ) from error
        except (requests.RequestException, HTTPError, OSError) as error:
            raise self._silent(_network_problem(error)) from error
        body = _json_of(content)
        if answer.status_code >= 500 or answer.status_code == requests.codes.too_many_requests:
            raise self._silent(f"it answers with status {answer.status_code}")
        if answer.status_code != 200:
            raise BrokerError(
                f"The identity provider at {self._url} gives the client '{self._client}' no token: it answers with "
                f"status {answer.status_code}{_error_code(body)}; correct clientId, clientSecret and scope in "
                f"sasl.jaas.config, or the option {ENDPOINT}."
            )
        token = body.get("access_token") if isinstance(body, dict) else None
        # Other characters would be further fields of the login that Kafka is sent.
        if not isinstance(token, str) or not _TOKEN.fullmatch(token):
            raise BrokerError(
                f"The identity provider at {self._url} answers without a token; correct the option {ENDPOINT}."
            )
        return token, _lifetime(body.get("expires_in"))

    def _silent(self, problem: str) -> GistreamError:
        return BrokerAway(
            f"The identity provider at {self._url} gives no token for the login to Kafka: {problem}; start it, or "
            f"correct the option {ENDPOINT}."
        )


@cache
def _provider(
    url: str, client: str, secret: str, scope: str | None, authorities: str | None, encoded: bool
) -> ClientCredentials:
    return ClientCredentials(url, client, secret, scope, authorities, encoded=encoded)


def _network_problem(error: Exception) -> str:
    if isinstance(error, requests.exceptions.SSLError):
        return "its certificate is not trusted here, or TLS fails"
    if isinstance(error, requests.Timeout | TimeoutError):
        return f"no answer within {_ANSWER_SECONDS} s"
    return "it cannot be reached" if isinstance(error, requests.ConnectionError) else reason(error)


def _json_of(content: bytes) -> Any:
    """Return what an answer holds; None when it is no JSON, or nested without an end."""
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return None


def _lifetime(value: Any) -> float:
    """Return the seconds that a token lives; an answer that names none, or no number of them, gives it the default."""
    try:
        seconds = float(value)
    except (TypeError, ValueError):
        return _LIFETIME_SECONDS
    return seconds if 0 < seconds < math.inf else _LIFETIME_SECONDS


def _error_code(body: Any) -> str:
    """Return the code of OAuth's errors, such as invalid_client; nothing else of an answer is repeated."""
    code = body.get("error") if isinstance(body, dict) else None
    return f" ({code})" if isinstance(code, str) and code.replace("_", "").isalpha() else ""
