"""Asks a schema registry with Confluent's REST interface, which Karapace and Apicurio (`/apis/ccompat/v7`) have, too.

    GET /schemas/ids/7                              {"schema": "...", "schemaType": "AVRO", "references": [...]}
    GET /schemas/ids/7?format=serialized            the same, a Protobuf schema as its descriptor in Base64
    GET /subjects/address/versions/2                a schema that another one refers to

A schema never changes, so the readers keep what they made of it. A registry that does not know a schema is the record's
fault (`SchemaUnknown`). A registry that does not answer (`RegistryAway`), or that refuses the login or a certificate
(`RegistryError`), is a failure of the service: the records are not at fault.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import HTTPError
from urllib3.util import Retry

from streaming.bounded_answer import AnswerTooLarge, read_answer
from streaming.errors import BadInput, RegistryAway, RegistryError, UsageError, reason
from streaming.registry.access import RegistryAccess

# Together at most 40 s for a registry that answers nothing; then the query stops, and starts again after a while.
_ATTEMPTS, _PAUSE, _LONGEST_WAIT = 4, 0.5, 10
# It would tell of each attempt; what came of them is said in one sentence.
logging.getLogger("urllib3.connectionpool").setLevel(logging.ERROR)
# Seconds to connect, and between two pieces of an answer.
_TIMEOUT = (3, 6)
_BUSY = (429, 500, 502, 503, 504)
# A schema of a thousand fields has 0.1 MB. More, or for longer, is no schema: memory and time of a query have an end.
_LARGEST, _LONGEST_ANSWER = 16 * 2**20, 30
# Nobody has so many schemas: whether the registry answers, and takes the login, shows without a right to read any.
_NO_SCHEMA = 2**31 - 1
# Confluent's codes for a subject, a version and a schema that are not there begin so.
_NOT_FOUND = re.compile(r"404\d\d")


@dataclass(frozen=True)
class Reference:
    """A schema that another one refers to by `name`: a version of a subject."""

    name: str
    subject: str
    version: int


@dataclass(frozen=True)
class RegisteredSchema:
    """A schema as the registry has it: its text (or a descriptor in Base64), its type, and the schemas it refers to."""

    text: str
    type: str
    references: tuple[Reference, ...]


class RegistryClient:
    """A connection to one registry; made once in each process."""

    def __init__(self, access: RegistryAccess) -> None:
        self._url = access.url
        self._session = requests.Session()
        # An environment for other programs (.netrc) must not choose the login.
        self._session.auth = _Login(access.login)
        # Given with each request, because REQUESTS_CA_BUNDLE in the environment goes before a session's.
        self._verify = access.ca or True
        retries = Retry(
            _ATTEMPTS - 1,
            # A certificate is not better the next time.
            other=0,
            backoff_factor=_PAUSE,
            backoff_max=_LONGEST_WAIT,
            retry_after_max=_LONGEST_WAIT,
            status_forcelist=_BUSY,
            raise_on_status=False,
        )
        self._session.mount("http://", HTTPAdapter(max_retries=retries))
        self._session.mount("https://", HTTPAdapter(max_retries=retries))

    def by_id(self, schema_id: int, *, serialized: bool = False) -> RegisteredSchema:
        """Return a schema; raises `BadInput` (SchemaUnknown), `RegistryError` and `RegistryAway`."""
        answer = self._get(f"/schemas/ids/{schema_id}", serialized=serialized)
        if answer is None:
            raise unknown_schema(schema_id)
        return self._schema(answer)

    def by_reference(self, reference: Reference, *, serialized: bool = False) -> RegisteredSchema:
        """Return a schema that another one refers to; raises as `by_id`."""
        path = f"/subjects/{quote(reference.subject, safe='')}/versions/{reference.version}"
        answer = self._get(path, serialized=serialized)
        if answer is None:
            raise BadInput(
                f"the schema refers to version {reference.version} of a subject that the schema registry does not have",
                type="SchemaUnknown",
            )
        return self._schema(answer)

    def check(self) -> str:
        """Return what a user is told of a registry that answers and takes the login.

        Raises `RegistryError`, `RegistryAway`, and `UsageError` for a file of certificates that cannot be used.
        """
        self._get(f"/schemas/ids/{_NO_SCHEMA}", serialized=False)
        return f"the schema registry answers at {self._url}"

    def _get(self, path: str, *, serialized: bool) -> dict[str, Any] | None:
        """Return the registry's answer; None when it says that it does not have this."""
        with self._explained():
            parameters = {"format": "serialized"} if serialized else None
            # Another server, to which the registry leads, is not the one that was named, nor is its login for it.
            with self._session.get(
                f"{self._url}{path}", params=parameters, timeout=_TIMEOUT, verify=self._verify, stream=True,
                allow_redirects=False,
            ) as answer:  # fmt: skip
                content = self._content(answer)
        if answer.status_code in (401, 403):
            raise RegistryError(
                f"The schema registry at {self._url} refuses the login ({answer.status_code}); set the right one as "
                "GISTREAM_SCHEMA_REGISTRY_LOGIN=user:password, or schema_registry_login in gistream.toml."
            )
        if answer.status_code in _BUSY:
            raise RegistryAway(
                f"The schema registry at {self._url} does not work now: it answers {answer.status_code}; see its log."
            )
        if answer.status_code == requests.codes.not_found and isinstance(content, dict):
            if _NOT_FOUND.fullmatch(str(content.get("error_code"))):
                return None
        elif answer.ok and isinstance(content, dict) and isinstance(content.get("schema"), str):
            return content
        leads = f" and leads to {_origin(answer.headers.get('Location', ''))}" if answer.is_redirect else ""
        raise RegistryError(
            f"There is no schema registry at {self._url}: it answers {answer.status_code} to {path}{leads}; correct "
            "--schema-registry. A registry that has its own paths before Confluent's, such as Apicurio's "
            "/apis/ccompat/v7, needs them in the URL."
        )

    def _content(self, answer: requests.Response) -> Any:
        """Return the JSON of an answer, None for an answer without JSON; raises `RegistryAway` and `RegistryError`."""
        try:
            raw = read_answer(answer, most=_LARGEST, seconds=_LONGEST_ANSWER)
        except AnswerTooLarge as error:
            raise RegistryError(
                f"The schema registry at {self._url} answers with {error}, which no schema has; correct "
                "--schema-registry."
            ) from error
        except TimeoutError as error:
            raise RegistryAway(
                f"The schema registry at {self._url} takes more than {_LONGEST_ANSWER} s for an answer; see its log."
            ) from error
        try:
            return json.loads(raw)
        except (ValueError, RecursionError):
            return None

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except requests.exceptions.SSLError as error:
            raise RegistryError(
                f"The certificate of the schema registry at {self._url} cannot be trusted: {_cause(error)}; name the "
                "file of its certificate authority with --schema-registry-ca, or correct the host name in the URL."
            ) from None
        except (requests.exceptions.InvalidURL, requests.exceptions.InvalidSchema) as error:
            raise UsageError(f"--schema-registry takes a URL; this is none: {self._url}.") from error
        except (requests.RequestException, HTTPError) as error:
            raise RegistryAway(
                f"The schema registry at {self._url} does not answer: {_cause(error)}; start it, or correct "
                "--schema-registry."
            ) from None
        except OSError as error:
            # A file of the certificate authority that is not there, or is no PEM file.
            raise UsageError(f"The file given with --schema-registry-ca cannot be used: {reason(error)}.") from error

    def _schema(self, answer: dict[str, Any]) -> RegisteredSchema:
        try:
            references = tuple(
                Reference(str(entry["name"]), str(entry["subject"]), int(entry["version"]))
                for entry in answer.get("references") or ()
            )
        except (KeyError, TypeError, ValueError) as error:
            raise RegistryError(
                f"The schema registry at {self._url} names the references of a schema in a form of its own, and not as "
                "Confluent's does (name, subject, version); correct --schema-registry."
            ) from error
        # The registry names no type for Avro.
        return RegisteredSchema(answer["schema"], str(answer.get("schemaType") or "AVRO"), references)


def unknown_schema(schema_id: int) -> BadInput:
    """Return the error of a record whose schema the registry does not know."""
    return BadInput(
        f"schema id {schema_id}: the schema registry has no such schema; it is another registry's, or was deleted",
        type="SchemaUnknown",
    )


class _Login(requests.auth.AuthBase):
    def __init__(self, login: str | None) -> None:
        user, _, password = (login or "").partition(":")
        self._basic = requests.auth.HTTPBasicAuth(user.encode(), password.encode()) if login else None

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        return request if self._basic is None else self._basic(request)


def _origin(url: str) -> str:
    """Return where a URL leads without its path, which may hold anything."""
    return re.sub(r"[^\w.:/\[\]-]", "", re.match(r"(?:https?://[^/?#@]*)?", url)[0]) or "another path"  # type: ignore[index]


def _cause(error: requests.RequestException | HTTPError) -> str:
    """Return the innermost reason, without the objects that urllib3 writes around it."""
    inner: Any = error.args[0] if error.args else error
    inner = getattr(inner, "reason", None) or inner
    said = re.sub(r"<[^>]*>|\w*Connection\w*\([^)]*\)", "", reason(inner) if isinstance(inner, Exception) else "")
    return said.strip(" :,") or type(inner).__name__
