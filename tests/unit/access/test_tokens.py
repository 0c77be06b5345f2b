"""Tokens for client credentials, from a stand-in for an identity provider."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from identity_provider import IdentityProvider, identity_provider

from streaming.access import tokens
from streaming.access.tokens import ClientCredentials, token_provider
from streaming.errors import BrokerAway, BrokerError

SECRET = "a secret / of%odd signs"


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[IdentityProvider]:
    with identity_provider(tmp_path_factory.mktemp("provider"), {"robot": SECRET}) as provider:
        yield provider


@pytest.fixture
def answering(provider: IdentityProvider) -> IdentityProvider:
    provider.tokens, provider.lifetime, provider.failing, provider.body = 0, 3600, False, None
    return provider


def credentials(url: str, secret: str = SECRET) -> ClientCredentials:
    return ClientCredentials(url, "robot", secret, "kafka", None, encoded=True)


def test_one_token_serves_all_clients_of_a_process(answering: IdentityProvider) -> None:
    options = {
        "sasl.mechanism": "OAUTHBEARER",
        "sasl.oauthbearer.token.endpoint.url": answering.token_url,
        "sasl.oauthbearer.header.urlencode": "true",
        "sasl.jaas.config": f'x.OAuthBearerLoginModule required clientId="robot" clientSecret="{SECRET}";',
    }
    given: list[str] = []
    threads = [threading.Thread(target=lambda: given.append(token_provider(options).token())) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(given)) == answering.tokens == 1


def test_a_token_is_renewed_before_it_expires(answering: IdentityProvider, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr(tokens.time, "monotonic", lambda: now)
    answering.lifetime = 100
    client = credentials(answering.token_url)
    client.token()
    now += 79
    client.token()
    assert answering.tokens == 1
    now += 2
    client.token()
    assert answering.tokens == 2


def test_an_identity_provider_that_fails_for_now_may_be_asked_again(answering: IdentityProvider) -> None:
    answering.failing = True
    client = credentials(answering.token_url)
    with pytest.raises(BrokerAway, match="gives no token for the login to Kafka: it answers with status 503"):
        client.token()
    answering.failing = False
    assert client.token()
    with pytest.raises(BrokerAway, match="it cannot be reached"):
        credentials("http://127.0.0.1:1/token").token()


def test_a_client_that_is_refused_reads_so_at_once_without_its_secret(answering: IdentityProvider) -> None:
    with pytest.raises(BrokerError, match=r"'robot' no token: it answers with status 401 \(invalid_client\)") as caught:
        credentials(answering.token_url, "wrong-Zq7wX").token()
    assert not isinstance(caught.value, BrokerAway)
    assert "wrong-Zq7wX" not in str(caught.value)


def test_an_address_without_tokens_is_told_as_one(answering: IdentityProvider) -> None:
    answering.body = b"[]"
    try:
        with pytest.raises(BrokerError, match="answers without a token"):
            credentials(answering.token_url).token()
    finally:
        answering.body = None


@pytest.mark.parametrize(
    "body",
    [
        *(b"[" * 100_000, b'{"access_token": null}', b'{"access_token": ""}', b'{"access_token": {"a": "b"}}'),
        # A field more of the login, if it were sent.
        b'{"access_token": "ab\\u0001auth=cd"}',
    ],
)
def test_what_is_no_token_is_never_sent_to_kafka(answering: IdentityProvider, body: bytes) -> None:
    answering.body = body
    with pytest.raises(BrokerError, match="answers without a token"):
        credentials(answering.token_url).token()


@pytest.mark.parametrize("lifetime", ["NaN", "1e999", "-5", "null", '"soon"'])
def test_a_token_whose_lifetime_is_no_number_is_renewed_after_a_while(
    answering: IdentityProvider, monkeypatch: pytest.MonkeyPatch, lifetime: str
) -> None:
    now = 1000.0
    monkeypatch.setattr(tokens.time, "monotonic", lambda: now)
    client = credentials(answering.token_url)
    answering.body = f'{{"access_token": "first", "expires_in": {lifetime}}}'.encode()
    assert client.token() == "first"
    answering.body = b'{"access_token": "second"}'
    assert client.token() == "first"
    now += 300
    assert client.token() == "second"


def test_an_answer_without_an_end_costs_no_more_than_its_limit(answering: IdentityProvider) -> None:
    answering.body = b" " * (tokens._LARGEST + 1)
    with pytest.raises(BrokerError, match="answers with more than 1,048,576 bytes, which no token has"):
        credentials(answering.token_url).token()


def test_a_secret_may_have_any_character(answering: IdentityProvider) -> None:
    client = ClientCredentials(answering.token_url, "möwe", "5€", None, None, encoded=False)
    answering.clients["möwe"] = "5€"
    assert client.token()
