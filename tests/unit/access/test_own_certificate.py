"""A server does not say that a client's certificate has expired, so gistream finds out itself."""

from __future__ import annotations

from pathlib import Path

import pytest
from certificates import Authority

from streaming.access.own_certificate import has_expired


@pytest.mark.parametrize(("days", "expired"), [(30, False), (-1, True)])
@pytest.mark.parametrize("password", ["", "key-password"])
def test_an_expired_certificate_is_known(tmp_path: Path, days: int, expired: bool, password: str) -> None:
    file = Authority(tmp_path).sign("client", days=days, password=password)
    options = {"ssl.keystore.location": str(file), **({"ssl.key.password": password} if password else {})}
    assert has_expired(options) is expired
