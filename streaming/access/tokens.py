"""Gets the token of OAUTHBEARER for client credentials, as Java's own class does.

A token is kept until shortly before it expires, and serves all clients of a process. No message has anything of a token
or a secret.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from functools import cache
from typing import Any
from urllib.parse import quote_plus

import requests
from kafka.net.sasl.oauth import AbstractTokenProvider

from streaming.errors import BrokerAway, BrokerError, GistreamError, reason
from streaming.settings.kafka_options import ENDPOINT, login_of

# As long as Java's class waits for an identity provider by default.
_ANSWER_SECONDS = 10
# A token is renewed when this share of its life is over, as Java's clients do.
_RENEW_AT = 0.8
# Where the answer does not say how long a token lives.
_LIFETIME_SECONDS = 300.0


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
        self._credentials = (quote_plus(client), quote_plus(secret)) if encoded else (client, secret)
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
                    self._url, data=form, auth=self._credentials, timeout=_ANSWER_SECONDS, verify=self._authorities,
                    headers={"Accept": "application/json"}, allow_redirects=False,
                )  # fmt: skip
        except (requests.RequestException, OSError) as error:
            raise self._silent(_network_problem(error)) from error
        if answer.status_code >= 500:
            raise self._silent(f"it answers with status {answer.status_code}")
        if answer.status_code != 200:
            raise BrokerError(
                f"The identity provider at {self._url} gives the client '{self._client}' no token: it answers with "
                f"status {answer.status_code}{_error_code(answer)}; correct clientId, clientSecret and scope in "
                f"sasl.jaas.config, or the option {ENDPOINT}."
            )
        try:
            body = answer.json()
            return str(body["access_token"]), float(body.get("expires_in", _LIFETIME_SECONDS))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise BrokerError(
                f"The identity provider at {self._url} answers without a token; correct the option {ENDPOINT}."
            ) from error

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
    if isinstance(error, requests.Timeout):
        return f"no answer within {_ANSWER_SECONDS} s"
    return "it cannot be reached" if isinstance(error, requests.ConnectionError) else reason(error)


def _error_code(answer: requests.Response) -> str:
    """Return the code of OAuth's errors, such as invalid_client; nothing else of an answer is repeated."""
    try:
        body: Any = answer.json()
    except ValueError:
        return ""
    code = body.get("error") if isinstance(body, dict) else None
    return f" ({code})" if isinstance(code, str) and code.replace("_", "").isalpha() else ""
