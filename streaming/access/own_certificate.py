"""Whether a client's own certificate has expired: a server that refuses it does not say why."""

from __future__ import annotations

import re
import ssl
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from streaming.settings.kafka_secrets import with_secrets
from streaming.settings.pem_files import KEYSTORE

_CERTIFICATE = re.compile(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", re.DOTALL)
# Flights of messages of a TLS handshake, in both directions; three are enough.
_FLIGHTS = 6


def has_expired(options: Mapping[str, str]) -> bool:
    """Tell whether the certificate of the client's PEM keystore has expired, by a TLS handshake in memory.

    OpenSSL judges it, as a server that trusts the certificate would.
    """
    path, password = options[KEYSTORE].strip(), with_secrets(options).get("ssl.key.password")
    match = _CERTIFICATE.search(Path(path).read_bytes().decode("latin-1"))
    if match is None:
        return False
    server, client = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    for context in (server, client):
        context.load_cert_chain(path, password=password or "")
    server.verify_mode = ssl.CERT_REQUIRED
    server.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    server.load_verify_locations(cadata=match[0])
    client.check_hostname, client.verify_mode = False, ssl.CERT_NONE
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = [client.wrap_bio(to_client, to_server), server.wrap_bio(to_server, to_client, server_side=True)]
    for _ in range(_FLIGHTS):
        for end in ends:
            with suppress(ssl.SSLWantReadError):
                try:
                    end.do_handshake()
                except ssl.SSLCertVerificationError as error:
                    # OpenSSL's X509_V_ERR_CERT_HAS_EXPIRED.
                    return error.verify_code == 10
    return False
