"""What a producer sends: a document with its text, or with a reference to the file that holds its text."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StrictStr


def _number_as_text(value: Any) -> Any:
    """Accept a whole number as an id, as many producers write it; the field's type judges all other values."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _lower(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value


_Id = Annotated[
    Annotated[StrictStr, BeforeValidator(_number_as_text)] | None,
    Field(description="Names the document; the key of its summary. Default: the record's key, else a hash."),
]
_Title = Annotated[StrictStr | None, Field(description="Copied to the summary.")]
_Language = Annotated[StrictStr | None, Field(description="ISO 639-1 code of the text's language.")]
_Prompt = Annotated[StrictStr | None, Field(description="Name of a prompt profile. Default: the service's.")]
_Metadata = Annotated[dict[StrictStr, StrictStr], Field(description="Copied to the summary.")]


class Document(BaseModel):
    """A document to summarize, as the JSON value of a record of the input topic.

    `prompt` is the name of a prompt profile, never an instruction; `metadata` is copied to the summary. Fields that
    are not named here are ignored.
    """

    model_config = ConfigDict(extra="ignore")

    text: StrictStr = Field(description="The text to summarize.")
    id: _Id = None
    title: _Title = None
    language: _Language = None
    prompt: _Prompt = None
    metadata: _Metadata = Field(default_factory=dict)


class DocumentReference(BaseModel):
    """A document whose text is in a file: the record has the file's URI and SHA-256 in the place of the text.

    The query reads the file from one of its `uri_roots`. The other fields are those of a document.
    """

    model_config = ConfigDict(extra="ignore")

    uri: StrictStr = Field(
        description="The file that holds the text, below one of the query's uri_roots: file:///folder/name.txt, a path "
        "that begins with '/', or s3://bucket/name.txt."
    )
    sha256: Annotated[StrictStr, BeforeValidator(_lower)] = Field(
        pattern="^[0-9a-f]{64}$", description="SHA-256 of the file's bytes, in hexadecimal digits."
    )
    id: _Id = None
    title: _Title = None
    language: _Language = None
    prompt: _Prompt = None
    metadata: _Metadata = Field(default_factory=dict)

    def with_text(self, text: str) -> Document:
        """Return the document that this one refers to."""
        return Document(text=text, **self.model_dump(exclude={"uri", "sha256"}))
