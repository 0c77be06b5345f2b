"""The settings of how a record becomes a document: its format, and where its fields are."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator
from pydantic_settings import NoDecode

from streaming.settings.misplaced import refuse_settings
from streaming.settings.model_fields import ModelSettings

DOCUMENT_FIELDS = ("text", "id", "title", "language", "prompt", "metadata", "uri", "sha256")
# The settings that decide how a record is read.
RECORD_SETTINGS = (
    *("format", "field", "keep", "id_from", "skip_unreadable"),
    # Not the login, which a replay takes from where the query has it.
    *("schema_registry", "schema_registry_ca"),
)
# Formats whose records have their schema in a registry.
_REGISTERED = ("avro", "json-schema", "protobuf")
# One entry of the metadata.
_METADATA = re.compile(r"metadata\..+")


class RecordSettings(ModelSettings):
    """The settings of a record's reading, and those of the model."""

    format: Literal["auto", "json", "text", "avro", "json-schema", "protobuf"] = Field(
        "auto",
        description="The format of a record. auto: JSON when its first character is '{', else plain text. avro, "
        "json-schema and protobuf: in Confluent's frame, with its schema in the schema_registry.",
    )
    schema_registry: str | None = Field(
        None,
        description="The URL of the schema registry that has the schemas of avro, json-schema and protobuf records: "
        "Confluent's, or one with the same interface (Karapace, Apicurio with /apis/ccompat/v7).",
    )
    schema_registry_login: str | None = Field(
        None,
        # Shown nowhere, also not where settings are printed by mistake.
        repr=False,
        description="The login for the schema registry, as user:password. Only from the environment or the file, "
        "because a flag shows in the list of processes.",
    )
    schema_registry_ca: Path | None = Field(
        None,
        description="A PEM file with the certificate authorities that the schema registry's certificate may be from; "
        "on a cluster at the same path on each machine. Default: those that browsers trust.",
    )
    field: dict[str, str] = Field(
        {},
        description="The place of a document's field in your JSON or table, as field=name; a dotted name leads into "
        "objects (text=doc.body). metadata.NAME=name copies a field into the summary's metadata. As a flag: --field "
        "text=body, repeated.",
    )
    keep: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="Fields of your JSON, or columns of your table, that are copied into the summary's metadata under "
        "their own names: created,tags, or --keep created --keep tags. A string stays as it is; a number, a boolean, a "
        "list or an object becomes its JSON; null is left out.",
    )
    id_from: Literal["auto", "field", "key", "sha256", "offset"] = Field(
        "auto",
        description="The source of a document's id, and of the id that a record without a value deletes. auto: its id "
        "field, else the record's key, else the SHA-256 of the text. A key in JSON names what its id field holds.",
    )
    uri_roots: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="The folders, or URLs such as s3://bucket/folder, below which the files are that documents name "
        "by their uri: several with commas, or --uri-roots repeated. Files elsewhere are refused. Default: none, "
        "because whoever may write to the input topic could otherwise have any file summarized that the query may "
        "read. Every executor must reach them at the same path.",
    )
    max_referenced_bytes: int = Field(
        64 * 2**20,
        ge=1024,
        le=2**31 - 1,
        description="The largest file that a document may name by its uri, in bytes, and the most that an executor has "
        "of such files at once; further ones wait. The work on a text takes 30 to 40 times its size in memory (a text "
        "of 20 MB 0.7 GB), so an executor needs 2.5 GB for the default of 64 MiB.",
    )
    skip_unreadable: bool = Field(
        False,
        description="Whether a query may begin with records none of which can be read. By default it stops before it "
        "commits them, because a misspelt --field or --format looks like this.",
    )

    @field_validator("field", mode="before")
    @classmethod
    def _flatten_metadata(cls, value: Any) -> Any:
        # In TOML `metadata.created = "created"` is a table in a table.
        entries = value.get("metadata") if isinstance(value, Mapping) else None
        if not isinstance(entries, Mapping):
            return value
        others = {name: path for name, path in value.items() if name != "metadata"}
        return others | {f"metadata.{name}": path for name, path in entries.items()}

    @field_validator("field", mode="before")
    @classmethod
    def _refuse_settings(cls, value: Any) -> Any:
        if isinstance(value, Mapping):
            # A document has a field `prompt`, too.
            refuse_settings([name for name in value if name not in DOCUMENT_FIELDS], "field", cls.model_fields)
        return value

    @field_validator("keep", "uri_roots", mode="before")
    @classmethod
    def _split_at_commas(cls, value: Any) -> Any:
        return tuple(part.strip() for part in value.split(",")) if isinstance(value, str) else value

    @field_validator("keep")
    @classmethod
    def _each_kept(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        names = [name.strip() for part in value for name in part.split(",")]
        if not all(names):
            raise ValueError("it takes names of fields, such as created,tags; one of those given is empty")
        return tuple(dict.fromkeys(names))

    @field_validator("uri_roots")
    @classmethod
    def _each_root(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        roots = [root.strip() for part in value for root in part.split(",")]
        if not all(roots):
            raise ValueError("it takes folders and URLs, such as /srv/texts,s3://bucket/texts; one of them is empty")
        # An executor has another working directory.
        paths = (url if "://" in url else str(Path(url).expanduser().absolute()) for url in roots)
        return tuple(dict.fromkeys(paths))

    @field_validator("field")
    @classmethod
    def _known_fields(cls, value: dict[str, str]) -> dict[str, str]:
        if unknown := [name for name in value if name not in DOCUMENT_FIELDS and not _METADATA.fullmatch(name)]:
            names = ", ".join(DOCUMENT_FIELDS)
            raise ValueError(
                f"a document has no field '{unknown[0]}'; its fields are {names}, and metadata.NAME for an entry of "
                "the metadata"
            )
        return value

    @field_validator("schema_registry")
    @classmethod
    def _url_of_registry(cls, value: str | None) -> str | None:
        if value is None:
            return None
        try:
            url = urlsplit(value.strip())
            wrong = url.scheme not in ("http", "https") or not url.hostname or (url.port or 0) < 0
        except ValueError:
            wrong = True
        # The value is not repeated: it may hold a password.
        if wrong or url.query or url.fragment:
            raise ValueError("it takes a URL such as https://registry.example:8081")
        if "@" in url.netloc:
            raise ValueError(
                "a login does not belong into the URL; set GISTREAM_SCHEMA_REGISTRY_LOGIN=user:password in the "
                "environment, or schema_registry_login in gistream.toml"
            )
        return value.strip().rstrip("/")

    @field_validator("schema_registry_login")
    @classmethod
    def _user_and_password(cls, value: str | None) -> str | None:
        if value is not None and not value.partition(":")[0]:
            raise ValueError("it takes user:password")
        return value

    @model_validator(mode="after")
    def _with_registry(self) -> RecordSettings:
        if self.format in _REGISTERED and self.schema_registry is None:
            raise ValueError(
                f"format {self.format} needs a schema registry, which has the schemas of the records: name its URL "
                "with --schema-registry, or schema_registry in gistream.toml"
            )
        return self
