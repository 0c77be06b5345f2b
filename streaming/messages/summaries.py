"""What a producer gets for a document: a summary."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field

from streaming.messages.records import Long, Source

Status = Literal["ok", "repaired", "extractive_fallback"]
STATUSES: tuple[Status, ...] = get_args(Status)


class ModelInfo(BaseModel):
    """The model that wrote a summary: the file's name, its SHA-256, and how its weights are represented."""

    name: str
    sha256: str
    representation: str


class PromptInfo(BaseModel):
    """The prompt profile that was used, and the SHA-256 of its content."""

    name: str
    sha256: str


class Tokens(BaseModel):
    """Tokens of all generations that made a summary."""

    prompt: Long
    completion: Long

    @classmethod
    def none(cls) -> Tokens:
        """Return the tokens of a summary for which nothing was generated."""
        return cls(prompt=0, completion=0)


class Signals(BaseModel):
    """What can be measured about a summary without a reference. None: not measured.

    `grounding` is how much of what the summary says stands in the document, from 0 to 1; `supported` the share of its
    sentences that stand on the document; `repetition` the share of its word 4-grams that are repeats, `copy` of its
    8-grams that stand in the document, `compression` its words per word of the document; `finish` is "stop" when the
    model ended every part itself, "length" when the token limit ended one. `missing` is what was asked for and
    the summary lacks: the profile's number of `lines`, `least` length or `language`, and, where every sentence should
    stand on the document, the `evidence`: its words cannot be compared with the document's.
    """

    grounding: float | None = None
    supported: float | None = None
    repetition: float | None = None
    # "copy" would hide pydantic's method of that name.
    copied: float | None = Field(default=None, alias="copy")
    compression: float | None = None
    finish: Literal["stop", "length"] | None = None
    missing: list[Literal["lines", "least", "language", "evidence"]] = Field(default_factory=list)

    model_config = ConfigDict(populate_by_name=True)


class SummarySentence(BaseModel):
    """A sentence of a summary, and what it stands on in the document.

    `start` and `end` are characters of the summary, `evidence` pairs of them of the document's text. `origin` says
    whose words these are. `support` is how much of a model's sentence the evidence says, from 0 to 1; 1 for the text's
    own; null where it cannot be measured: another language than the text's, or a script whose words cannot be told
    apart. `stands` tells whether the sentence stands on the evidence: enough support, and neither another number nor a
    denial; null without a support.
    """

    start: Long
    end: Long
    origin: Literal["model", "text"]
    support: float | None
    stands: bool | None
    evidence: list[list[Long]]


class LeftOut(BaseModel):
    """Something in the document that is no language or no message: its kind, its characters without spaces."""

    kind: Literal["encoded", "hex", "drawing", "minified", "run", "code", "log", "numbers", "quoted", "signature"]
    characters: Long


class Summary(BaseModel):
    """A summary, as the JSON value of a record of the output topic; the record's key is `id`.

    (source.topic, source.partition, source.offset, recipe) identifies the result: two records that agree in it are
    the same result delivered twice. What was summarized without Kafka has no source.
    """

    schema_version: Literal[1] = 1
    id: str
    title: str | None = None
    summary: str
    answer: Any = Field(
        default=None,
        description="Where the prompt profile asks for JSON: its value, whose text is `summary`. Otherwise null.",
    )
    status: Status = Field(
        description="ok: every sentence is the model's. repaired: some are the text's. extractive_fallback: all are."
    )
    sentences: list[SummarySentence] = Field(
        default_factory=list, description="What each sentence stands on; empty for a summary in JSON."
    )
    left_out: list[LeftOut] = Field(
        default_factory=list,
        description="What the model did not see, because it is no language or no message; mostly empty.",
    )
    model: ModelInfo
    prompt: PromptInfo
    recipe: str = Field(
        description="Hash of all settings that decide the output. It does not promise the same words twice: other "
        "documents in the same batch change the last bits of a sum."
    )
    strategy: str
    chunks: Long = Field(description="Parts the text was read in; 1 when it fitted one prompt.")
    tokens: Tokens
    seconds: float = Field(description="Wall-clock time from first work on the document to its summary.")
    reused: bool = Field(default=False, description="Whether the summary came from the store, made before.")
    signals: Signals
    document_sha256: str = Field(description="SHA-256 of the text in UTF-8.")
    source: Source | None = Field(description="Where in Kafka the document was; null when it came another way.")
    produced_at: datetime
    metadata: dict[str, str] = Field(default_factory=dict)
    mended: list[str] = Field(
        default_factory=list, description="What was mended in the document's record, as 'field: fault'."
    )

    def to_json(self) -> bytes:
        """Return the record's value: compact UTF-8 JSON."""
        return self.model_dump_json(by_alias=True).encode()
