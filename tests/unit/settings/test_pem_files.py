"""PEM files that Kafka's clients cannot use are refused by the name of their option, before anything starts."""

from __future__ import annotations

from pathlib import Path

import pytest
from pem_texts import CERTIFICATE, ENCRYPTED_KEY, KEY, OLD_KEY, OTHER_KEY, PBES2_KEY

from streaming.errors import UsageError
from streaming.settings.kafka_options import for_python

PASSWORD = {"ssl.key.password": "Xyzzy"}


def read(store: str, text: str | bytes, folder: Path, **more: str) -> dict[str, object]:
    file = folder / "store.pem"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    options = {"security.protocol": "SSL", f"ssl.{store}.type": "PEM", f"ssl.{store}.location": str(file), **more}
    return for_python(options)


def refusal(store: str, text: str | bytes, folder: Path, **more: str) -> str:
    with pytest.raises(UsageError, match=f"ssl.{store}") as caught:
        read(store, text, folder, **more)
    assert "Xyzzy" not in str(caught.value)
    return str(caught.value)


def test_good_files_are_taken(tmp_path: Path) -> None:
    assert read("truststore", CERTIFICATE, tmp_path)["ssl_cafile"]
    assert read("keystore", CERTIFICATE + KEY, tmp_path)["ssl_certfile"]
    assert read("keystore", ENCRYPTED_KEY + CERTIFICATE, tmp_path, **PASSWORD)["ssl_password"] == "Xyzzy"


@pytest.mark.parametrize("text", ["", "Xyzzy", b"\xfe\xed\xfe\xed\x00\x00", KEY, CERTIFICATE.replace("MIIB", "MIIC")])
def test_a_truststore_without_a_whole_certificate_is_refused(text: str | bytes, tmp_path: Path) -> None:
    assert "which holds no certificate that can be read" in refusal("truststore", text, tmp_path)


@pytest.mark.parametrize(
    ("text", "options", "says"),
    [
        ("", {}, "holds no private key"),
        (b"\xfe\xed\xfe\xed\x00\x00", {}, "holds no private key"),
        (CERTIFICATE, {}, "holds no private key"),
        (KEY, {}, "holds no certificate"),
        (CERTIFICATE + OLD_KEY, {}, "Java reads PKCS #8 alone"),
        (CERTIFICATE + PBES2_KEY, PASSWORD, "openssl pkcs8 -topk8 -v1 PBE-SHA1-3DES"),
        (CERTIFICATE + ENCRYPTED_KEY, {}, "set ssl.key.password, too"),
        (CERTIFICATE + ENCRYPTED_KEY, {"ssl.key.password": "other"}, "ssl.key.password is another's"),
        (CERTIFICATE + KEY, PASSWORD, "leave ssl.key.password out"),
        (CERTIFICATE + OTHER_KEY, {}, "do not belong together"),
        (CERTIFICATE + KEY[:100] + KEY[-30:], {}, "cannot be read"),
        (CERTIFICATE + KEY, {"ssl.keystore.password": "Xyzzy"}, "is for Java's own stores"),
    ],
)
def test_a_keystore_that_one_of_the_clients_cannot_use_is_refused_with_what_to_do(
    text: str | bytes, options: dict[str, str], says: str, tmp_path: Path
) -> None:
    assert says in refusal("keystore", text, tmp_path, **options)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    for path in (tmp_path / "none.pem", tmp_path):
        with pytest.raises(UsageError, match=r"'ssl\.truststore\.location' names .*, which is no file"):
            for_python({"ssl.truststore.type": "PEM", "ssl.truststore.location": str(path)})
