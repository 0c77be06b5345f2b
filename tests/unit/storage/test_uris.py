"""A URI that a stranger wrote names one place, or it is refused."""

from __future__ import annotations

import pytest

from streaming.errors import BadInput
from streaming.storage.uris import Location, location_of, root_location


@pytest.mark.parametrize(
    ("uri", "location"),
    [
        ("/texts/a.txt", Location("file", "", ("texts", "a.txt"))),
        # A path is taken as it stands.
        ("/texts/100%.txt", Location("file", "", ("texts", "100%.txt"))),
        ("file:///texts/a%20b%3F.txt", Location("file", "", ("texts", "a b?.txt"))),
        ("file://localhost/texts/a.txt", Location("file", "", ("texts", "a.txt"))),
        ("s3://Bucket/texts/a.txt", Location("s3", "bucket", ("texts", "a.txt"))),
        ("hdfs://node:9000/a.txt", Location("hdfs", "node:9000", ("a.txt",))),
        ("/texts/..a..txt", Location("file", "", ("texts", "..a..txt"))),
    ],
)
def test_a_plain_uri_is_a_place(uri: str, location: Location) -> None:
    assert location_of(uri) == location


@pytest.mark.parametrize(
    "uri",
    [
        *("/texts/../etc/passwd", "/texts/./a.txt", "/texts//a.txt", "/texts/", "/", "/.."),
        *("file:///texts/%2e%2e/etc/passwd", "file:///texts/%252e%252e/a", "file:///texts/..%2Fetc", "/texts/%2e%2e/a"),
        *("file:///texts/a%5c..%5cb", "s3://bucket/../other/a", "s3://bucket/%2e%2e/a", "s3://bucket//a"),
        *("texts/a.txt", "../a.txt", "a.txt", "", "~/a.txt"),
        *("s3://key:secret@bucket/a.txt", "s3://key@bucket/a.txt", "file://me@/texts/a.txt"),
        *("s3://bucket/a.txt?endpoint_override=evil:80", "s3://bucket/a.txt?", "s3://bucket/a.txt#b", "file:///a#"),
        *("file:///texts/a%00.txt", "file:///texts/a%0a.txt", "/texts/a\n.txt", "/texts/a\u202e.txt", "file:///a%ff"),
        *("http://[::1/a", "/" + 5000 * "a"),
    ],
)
def test_what_may_lead_elsewhere_is_no_place(uri: str) -> None:
    with pytest.raises(BadInput) as caught:
        location_of(uri)
    assert caught.value.type == "UriNotAllowed"


def test_a_login_is_never_repeated() -> None:
    with pytest.raises(BadInput) as caught:
        location_of("s3://key:hunter2@bucket/a.txt")
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("uri", "root", "parts"),
    [
        ("/texts/in/a.txt", "/texts", ("in", "a.txt")),
        ("/texts/in/a.txt", "/texts/in/", ("a.txt",)),
        ("/texts2/a.txt", "/texts", None),
        ("/texts", "/texts", None),
        ("s3://bucket/in/a.txt", "s3://me:mine@bucket/in?region=us-east-1", ("a.txt",)),
        ("s3://bucket/in/a.txt", "s3://bucket", ("in", "a.txt")),
        ("s3://other/in/a.txt", "s3://bucket/in", None),
        ("file://host/texts/a.txt", "/texts", None),
        ("http://bucket/in/a.txt", "s3://bucket/in", None),
    ],
)
def test_a_place_is_below_a_root_part_by_part(uri: str, root: str, parts: tuple[str, ...] | None) -> None:
    assert location_of(uri).below(root_location(root)) == parts
