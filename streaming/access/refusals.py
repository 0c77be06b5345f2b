"""Why Kafka does not let a client in, as one sentence with what to do, for each way in which it can refuse."""

from __future__ import annotations

import re
import ssl
from dataclasses import dataclass

from kafka.errors import IllegalSaslStateError, SaslAuthenticationFailedError, UnsupportedSaslMechanismError

from streaming.access.own_certificate import has_expired
from streaming.errors import BrokerError
from streaming.settings import Settings
from streaming.settings.kafka_options import login_of, uses_token
from streaming.settings.pem_files import KEYSTORE, TRUSTSTORE

# A broker on the same network answers in milliseconds.
_ANSWER_SECONDS = 3


@dataclass(frozen=True)
class Refused:
    """A connection that failed.

    `answered` says whether the server answered as Kafka does, `logged_in` whether the login was over, `speaks_plain`
    whether the port answers without TLS.
    """

    error: BaseException
    answered: bool
    logged_in: bool
    address: tuple[str, int]
    speaks_plain: bool = False

    @property
    def is_broken_handshake(self) -> bool:
        """Whether the connection ended within the TLS handshake: the port has no TLS, or its server is ending."""
        return re.search(r"Handshake failed.*(UNEXPECTED_EOF|ECONNRESET|reset by peer)", str(self.error)) is not None


def explain(refused: Refused, settings: Settings, server: str, *, last: bool) -> BrokerError | None:
    """Return the error to tell a user; None when the server may be away, or unless `last`, may answer otherwise."""
    error = refused.error
    protocol = settings.kafka.get("security.protocol", "PLAINTEXT").strip().upper()
    kafka = f"Kafka on {server}"
    if isinstance(error, SaslAuthenticationFailedError):
        return _login_refused(kafka, settings)
    if isinstance(error, UnsupportedSaslMechanismError):
        return BrokerError(
            f"{kafka} has no login with {settings.kafka['sasl.mechanism'].strip()} on this port; correct "
            "sasl.mechanism, or name another port."
        )
    if isinstance(error, IllegalSaslStateError):
        return BrokerError(
            f"{kafka} takes no login on this port, and security.protocol is {protocol}; set it to "
            f"{'SSL' if 'SSL' in protocol else 'PLAINTEXT'}, or name the port for logins."
        )
    if "SSL" in protocol and (problem := _tls_problem(refused, kafka, protocol, settings)):
        return problem
    if "SSL" not in protocol and not refused.answered and _speaks_tls(refused.address):
        return BrokerError(
            f"{kafka} speaks TLS on this port, and security.protocol is {protocol}; set it to "
            f"{'SASL_SSL' if protocol.startswith('SASL') else 'SSL or SASL_SSL'}."
        )
    if not refused.answered or not last:
        return None
    if refused.logged_in:
        # A port with a login answers to which versions it has, and ends the connection at anything else.
        return None if protocol.startswith("SASL") else BrokerError(
            f"{kafka} ends the connection, as a port does that wants a login, and security.protocol is {protocol}; set "
            f"it to SASL_{protocol}, with sasl.mechanism and sasl.jaas.config."
        )  # fmt: skip
    # The client loses an answer that comes together with the end of the connection.
    return _login_refused(kafka, settings, or_mechanism=True) if protocol.startswith("SASL") else None


def _speaks_tls(address: tuple[str, int]) -> bool:
    try:
        ssl.get_server_certificate(address, timeout=_ANSWER_SECONDS)
    except (OSError, ValueError):
        return False
    return True


def _login_refused(kafka: str, settings: Settings, *, or_mechanism: bool = False) -> BrokerError:
    mechanism, login = settings.kafka["sasl.mechanism"].strip(), login_of(settings.kafka)
    if uses_token(settings.kafka):
        return BrokerError(
            f"{kafka} refuses the token of the client '{login['clientId']}' (OAUTHBEARER), which the identity provider "
            "gave; have its audience, issuer, scope and signature compared with what this Kafka expects."
        )
    if "username" not in login:
        return BrokerError(f"{kafka} refuses the login with {mechanism}; check the options of the login.")
    mechanisms = f", or the port has no login with {mechanism}" if or_mechanism else ""
    return BrokerError(
        f"{kafka} refuses the login of user '{login['username']}' with {mechanism}: there is no such user, or the "
        f"password is wrong{mechanisms}; correct sasl.jaas.config."
    )


def _tls_problem(refused: Refused, kafka: str, protocol: str, settings: Settings) -> BrokerError | None:
    text = str(refused.error)
    truststore, keystore = settings.kafka.get(TRUSTSTORE, "").strip(), settings.kafka.get(KEYSTORE, "").strip()
    known = f"none of the authorities in {truststore}" if truststore else "no authority that this system knows"
    if "certificate has expired" in text:
        return BrokerError(f"The certificate of {kafka} has expired; have its administrator renew it.")
    if "certificate is not yet valid" in text:
        return BrokerError(f"The certificate of {kafka} is not valid yet; check the clock of this machine.")
    if "certificate is not valid for" in text:
        return BrokerError(
            f"The certificate of {kafka} is for another host name; name the server in bootstrap_servers as its "
            "certificate does, or have a certificate made for this name."
        )
    if "CERTIFICATE_VERIFY_FAILED" in text:
        return BrokerError(
            f"The certificate of {kafka} is signed by {known}; name the file of its authority with "
            f"{TRUSTSTORE} and ssl.truststore.type = PEM."
        )
    if ("ALERT" in text.upper() and "CERTIFICATE" in text.upper()) or "ALERT_UNKNOWN_CA" in text:
        if not keystore:
            return BrokerError(
                f"{kafka} wants a certificate of its clients; name a PEM file of certificate and key with "
                f"{KEYSTORE} and ssl.keystore.type = PEM."
            )
        if has_expired(settings.kafka):
            return BrokerError(f"{kafka} refuses the client certificate in {keystore}: it has expired; renew it.")
        return BrokerError(
            f"{kafka} refuses the client certificate in {keystore}: it is signed by no authority that this Kafka "
            "knows, or was revoked; have one made by an authority of this Kafka."
        )
    if refused.speaks_plain or re.search(r"WRONG_VERSION_NUMBER|RECORD_LAYER_FAILURE|UNKNOWN_PROTOCOL", text):
        return BrokerError(
            f"{kafka} does not speak TLS on this port, and security.protocol is {protocol}; name the port for TLS, or "
            f"set it to {'SASL_PLAINTEXT' if protocol.startswith('SASL') else 'PLAINTEXT'}."
        )
    if re.search(r"HANDSHAKE_FAILURE|NO_SHARED_CIPHER|UNSUPPORTED_PROTOCOL|ALERT_PROTOCOL_VERSION", text):
        return BrokerError(f"{kafka} and this client have no version or cipher of TLS in common; have Kafka's renewed.")
    return None
